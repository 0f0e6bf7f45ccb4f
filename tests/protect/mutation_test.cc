// SPDX-License-Identifier: MIT
// protection.md, "Attacks, and the tests that stand for them": files that are changed in every way
// that their structure offers, with all checksums made to fit. One that still counts as fully good
// must give the same output.
#include <functional>

#include "base/json.h"
#include "support/closed_anew.h"
#include "support/encryption.h"
#include "support/observe.h"
#include "support/signing.h"

namespace h4mk_test {
namespace {

using h4mk::Json;

Bytes Record(const h4mk_writer_options& options) {
  TestFile file;
  Writer writer(&file, options);
  const char* tracks[] = {
      R"({"track_id":1,"name":"eye","kind":"video","codec":"h264","time_base":"1/25",)"
      R"("extradata":"AAEC","width":64,"compression":"zstd","tags":{"a":"b"}})",
      R"({"track_id":2,"name":"ear","kind":"audio","codec":"opus","time_base":"1/48000","note":"n"})",
      R"({"track_id":3,"name":"font","kind":"attachment","codec":"ttf","time_base":"1/1000"})"};
  for (const char* track : tracks) {
    uint32_t index = 0;
    EXPECT_EQ(h4mk_writer_add_track(writer.get(), ParseJson(track).get(), &index), H4MK_OK);
  }
  EXPECT_EQ(h4mk_writer_set_meta(
                writer.get(),
                ParseJson(R"({"tags":{"title":"t"},"programs":[{"id":1}],"start_time_realtime":5})")
                    .get()),
            H4MK_OK);
  EXPECT_EQ(h4mk_writer_set_attachment(writer.get(), 2, "font", 4), H4MK_OK);
  EXPECT_EQ(h4mk_writer_add_chunk(writer.get(), "NOTE", 0, "a note", 6), H4MK_OK);
  for (int i = 0; i < 6; ++i) {
    Block video{0, i % 2 == 0 ? kKey : kP, i, i, 1, Bytes(40 + i, 'x')};
    if (i == 1) video.side_data = {{"skip_samples", Payload(1, 10)}};
    EXPECT_EQ(writer.Write(video), H4MK_OK);
    EXPECT_EQ(writer.Write({1, kKey, i * 1920, i * 1920, 1920, Payload(100 + i, 20)}), H4MK_OK);
  }
  EXPECT_EQ(writer.Finish(), H4MK_OK);
  return std::move(file.bytes);
}

// ---- changes

using Use = std::function<void(const std::string& what, const Bytes& file)>;

std::vector<Bytes> ChunksOf(const Bytes& file) {
  std::vector<Bytes> chunks;
  for (const Chunk& chunk : WalkChunks(file))
    chunks.emplace_back(file.begin() + chunk.begin, file.begin() + chunk.end());
  return chunks;
}

Bytes Joined(const Bytes& header, const std::vector<Bytes>& chunks) {
  Bytes file = header;
  for (const Bytes& chunk : chunks) file = file + chunk;
  file.resize(file.size() + kCrcSize);
  FixChecksum(&file, WalkChunks(Bytes(file.begin(), file.end() - kCrcSize)));
  return file;
}

// The chunks as they are, and with an index and an end that fit them.
void UseWithAndWithoutNewIndex(const std::string& what, const Bytes& header,
                               const std::vector<Bytes>& chunks, const Use& use) {
  use(what, Joined(header, chunks));
  std::vector<Bytes> kept;
  for (const Bytes& chunk : chunks) {
    const std::string tag(chunk.begin(), chunk.begin() + 4);
    if (tag != "TSEK" && tag != "TAIL") kept.push_back(chunk);
  }
  Bytes without_end = Joined(header, kept);
  without_end.resize(without_end.size() - kCrcSize);
  const std::optional<Bytes> closed = ClosedAnew(std::move(without_end));
  if (closed) use(what + ", new index", *closed);
}

void ForEachChangeOfChunks(const Bytes& file, const Use& use) {
  const Bytes header(file.begin(), file.begin() + kHeaderSize);
  const std::vector<Bytes> chunks = ChunksOf(file);
  const auto name = [&](size_t i) {
    return std::string(chunks[i].begin(), chunks[i].begin() + 4) + " " + std::to_string(i);
  };
  UseWithAndWithoutNewIndex("nothing", header, chunks, use);
  for (size_t i = 0; i < chunks.size(); ++i) {
    std::vector<Bytes> changed = chunks;
    changed.erase(changed.begin() + i);
    UseWithAndWithoutNewIndex(name(i) + " dropped", header, changed, use);
    changed = chunks;
    changed.insert(changed.begin() + i, chunks[i]);
    UseWithAndWithoutNewIndex(name(i) + " doubled", header, changed, use);
    changed = chunks;
    changed.push_back(chunks[i]);
    UseWithAndWithoutNewIndex(name(i) + " once more at the end", header, changed, use);
    changed = chunks;
    std::copy_n("FREE", 4, changed[i].begin());
    PutU32(&changed[i], 4, 0);
    UseWithAndWithoutNewIndex(name(i) + " hidden", header, changed, use);
    for (size_t other = i + 1; other < chunks.size(); ++other) {
      changed = chunks;
      std::swap(changed[i], changed[other]);
      UseWithAndWithoutNewIndex(name(i) + " and " + name(other) + " swapped", header, changed, use);
    }
  }
}

Json Another(const Json& value) {
  if (value.is_string()) return value.get<std::string>() + "A";
  if (value.is_number_integer()) return value.get<int64_t>() + 1;
  if (value.is_boolean()) return !value.get<bool>();
  return Json();
}

// Each value by itself: another one, none, one more beside it. `path` leads to it.
void ForEachChangeOfJson(const Json& root, const Json::json_pointer& path,
                         const std::function<void(const std::string&, const Json&)>& use) {
  const Json& value = root.at(path);
  const auto with = [&](const char* what, const std::function<void(Json*)>& change) {
    Json changed = root;
    change(&changed);
    use(path.to_string() + " " + what, changed);
  };
  if (!path.empty()) {
    with("changed", [&](Json* changed) { (*changed)[path] = Another(value); });
    with("removed", [&](Json* changed) {
      Json& owner = (*changed)[path.parent_pointer()];
      if (owner.is_object())
        owner.erase(path.back());
      else
        owner.erase(owner.begin() + std::stol(path.back()));
    });
  }
  if (value.is_object()) {
    with("with a member more", [&](Json* changed) { (*changed)[path]["more"] = 1; });
    for (const auto& [key, member] : value.items()) ForEachChangeOfJson(root, path / key, use);
  } else if (value.is_array()) {
    with("doubled", [&](Json* changed) {
      if (!value.empty()) (*changed)[path].push_back(value[0]);
    });
    with("turned round", [&](Json* changed) { std::ranges::reverse((*changed)[path]); });
    for (size_t i = 0; i < value.size(); ++i) ForEachChangeOfJson(root, path / i, use);
  }
}

void ForEachChangeOfDescriptions(const Bytes& file, const Use& use) {
  const Bytes header(file.begin(), file.begin() + kHeaderSize);
  const std::vector<Bytes> chunks = ChunksOf(file);
  for (size_t i = 0; i < chunks.size(); ++i) {
    const std::string tag(chunks[i].begin(), chunks[i].begin() + 4);
    if (tag != "TRAK" && tag != "META") continue;
    const Json root = Json::parse(chunks[i].begin() + kChunkHeaderSize, chunks[i].end() - kCrcSize);
    ForEachChangeOfJson(root, Json::json_pointer(), [&](const std::string& what, const Json& json) {
      std::vector<Bytes> changed = chunks;
      changed[i] = MakeChunk(tag, ToBytes(json.dump()), 0, SaltOf(file));
      UseWithAndWithoutNewIndex(tag + what, header, changed, use);
      // An edit: the same behind the end.
      changed = chunks;
      changed.push_back(MakeChunk(tag, ToBytes(json.dump()), 0, SaltOf(file)));
      UseWithAndWithoutNewIndex(tag + what + ", appended", header, changed, use);
    });
  }
}

// As they are, and with all checksums made to fit: of the cluster's index, its chunk and the file.
void ForEachChangeOfBytes(const Bytes& file, const Use& use) {
  const std::vector<Chunk> chunks = WalkChunks(file);
  for (size_t byte = 0; byte < file.size(); ++byte)
    for (const uint8_t mask : {0x01, 0xFF}) {
      Bytes changed = file;
      changed[byte] ^= mask;
      const std::string what = "byte " + std::to_string(byte) + " ^ " + std::to_string(mask);
      use(what, changed);
      for (const Chunk& chunk : chunks) {
        if (byte < chunk.begin || byte >= chunk.crc()) continue;
        const size_t index = 1 + file[chunk.payload()];  // its size is one byte
        if (chunk.is_cluster() && byte > chunk.payload() && byte < chunk.payload() + index)
          PutU32(&changed, chunk.payload() + index,
                 Crc32(changed.data() + chunk.payload(), index, SaltOf(changed)));
        FixCrc(&changed, chunk);
      }
      FixChecksum(&changed, chunks);
      use(what + ", checksums right", changed);
    }
}

using Observe = std::function<std::string(const Bytes&)>;

void ExpectNoChangeIsUnseen(const Bytes& file, const Observe& observe) {
  const std::string good = observe(file);
  ASSERT_NE(good, "");
  size_t changes = 0, refused = 0;
  const Use use = [&](const std::string& what, const Bytes& changed) {
    ++changes;
    const std::string seen = observe(changed);
    if (seen.empty()) {
      ++refused;
    } else {
      EXPECT_EQ(seen, good) << what;
    }
  };
  ForEachChangeOfChunks(file, use);
  ForEachChangeOfDescriptions(file, use);
  ForEachChangeOfBytes(file, use);
  EXPECT_GT(changes, 5000u);
  EXPECT_GT(refused, changes / 2);
  testing::Test::RecordProperty("changes", static_cast<int>(changes));
  testing::Test::RecordProperty("refused", static_cast<int>(refused));
}

h4mk_writer_options Small(h4mk_writer_options options) {
  options.cluster_size_limit = 120;
  return options;
}

std::string WithVerifyKey(const Bytes& file) { return ObserveSigned(file, Verifying()); }

std::string WithMasterKey(const Bytes& file) {
  return ObserveEncrypted(file, Keys(kMaster).options);
}

std::string WithBothKeys(const Bytes& file) {
  Keys keys(kMaster);
  keys.options.verify_key = SigningKey().open.c_str();
  return ObserveSigned(file, keys.options);
}

TEST(MutationTest, NoChangeOfASignedFileIsUnseen) {
  ExpectNoChangeIsUnseen(Record(Small(Signing())), WithVerifyKey);
}

TEST(MutationTest, NoChangeOfAnEncryptedFileIsUnseen) {
  ExpectNoChangeIsUnseen(Record(Small(Encrypting())), WithMasterKey);
}

TEST(MutationTest, NoChangeOfALivingFileIsUnseen) {
  ExpectNoChangeIsUnseen(Record(Small(Encrypting(kMaster, H4MK_SCHEME_LIVING))), WithMasterKey);
}

TEST(MutationTest, NoChangeOfASignedAndEncryptedFileIsUnseen) {
  h4mk_writer_options options = Small(Encrypting());
  options.signing_key = SigningKey().secret.c_str();
  ExpectNoChangeIsUnseen(Record(options), WithBothKeys);
}

}  // namespace
}  // namespace h4mk_test
