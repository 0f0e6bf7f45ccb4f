// SPDX-License-Identifier: MIT
// protection.md, "Encrypted blocks": encryption covers the file. Tracks that vanish, descriptions
// that are other ones, and ends that are not the last are refused before any block comes out.
#include <functional>

#include "base/base64.h"
#include "base/json.h"
#include "protect/block_cipher.h"
#include "support/allocations.h"
#include "support/chunks.h"
#include "support/encryption.h"

namespace h4mk_test {
namespace {

using h4mk::Json;

Media Recording() {
  Media media;
  media.tracks = {{"1/25", "video", "h264"}, {"1/48000", "audio", "opus"}};
  for (int i = 0; i < 40; ++i) {
    media.blocks.push_back({0, i % 12 == 0 ? kKey : kP, i, i, 1, Payload(i, 100)});
    media.blocks.push_back({1, kKey, i * 1920, i * 1920, 1920, Payload(1000 + i, 50)});
  }
  return media;
}

Json ReadMeta(const Bytes& file) {
  return Json::parse(h4mk_value_to_json(ReadSealed(file).meta.get()));
}

// An encrypted recording, and what an attacker changes of it.
class DescriptionsTest : public testing::Test {
 protected:
  DescriptionsTest() {
    const Bytes file = Mux(Recording(), Encrypting());
    sealed_ = ReadSealed(file);
    meta_ = Json::parse(h4mk_value_to_json(sealed_.meta.get()));
    for (size_t i = 0; i < 2; ++i)
      tracks_.push_back(Json::parse(
          h4mk_value_to_json(Describe(Recording().tracks[i], static_cast<uint32_t>(i + 1)).get())));
  }

  Bytes File(bool finish = true) {
    std::vector<Value> tracks;
    for (const Json& track : tracks_) tracks.push_back(ParseJson(track.dump()));
    sealed_.meta = ParseJson(meta_.dump());
    return WriteSealed(tracks, sealed_, finish);
  }
  // The message of an error of opening; "" if there is none.
  std::string Refusal(bool finish = true) {
    TestFile file(File(finish));
    Keys keys(kMaster);
    Reader reader(&file, keys.options);
    if (reader.status() == H4MK_OK) return "";
    EXPECT_EQ(reader.status(), H4MK_ERR_CORRUPT);
    return reader.message();
  }
  void DropTrack(uint32_t track) {
    tracks_.erase(tracks_.begin() + track);
    for (size_t i = sealed_.blocks.size(); i-- > 0;) {
      Block& block = sealed_.blocks[i];
      if (block.track == track) {
        sealed_.blocks.erase(sealed_.blocks.begin() + i);
        sealed_.ordinals.erase(sealed_.ordinals.begin() + i);
      } else if (block.track > track) {
        --block.track;
      }
    }
  }

  // "protection" as who has the key makes it, of the same file with other counts at its end.
  Json ProtectionWithEnd(const std::vector<h4mk::TrackCount>& counts) {
    h4mk::Bytes file_id;
    EXPECT_TRUE(h4mk::DecodeBase64(meta_["protection"]["file_id"].get<std::string>(), &file_id));
    h4mk::Id id;
    std::ranges::copy(file_id, id.begin());
    const h4mk::MasterKey key{kKid, h4mk::Secret(kMaster)};
    const auto cipher = h4mk::BlockCipher::New(h4mk::kSchemeGcm, key, id);
    return cipher.value()->Describe({h4mk::TracksDigest(tracks_), h4mk::MetaDigest(meta_)}, counts);
  }

  Sealed sealed_;
  std::vector<Json> tracks_;
  Json meta_;
};

TEST_F(DescriptionsTest, WhatWasWrittenIsRead) {
  EXPECT_EQ(Refusal(), "");
  TestFile file(File());
  Keys keys(kMaster);
  EXPECT_EQ(Reader(&file, keys.options).ReadOn().blocks, Recording().blocks);
}

TEST_F(DescriptionsTest, ATrackThatVanishesIsSeen) {
  DropTrack(1);
  EXPECT_NE(Refusal(), "");
}

TEST_F(DescriptionsTest, ATrackThatVanishesIsSeenWhileTheFileGrows) {
  meta_["protection"].erase("end");
  EXPECT_EQ(Refusal(/*finish=*/false), "") << "control";
  DropTrack(0);
  EXPECT_NE(Refusal(/*finish=*/false), "");
}

TEST_F(DescriptionsTest, ATrackThatIsAddedIsSeen) {
  Json more = tracks_[1];
  more["track_id"] = 3;
  tracks_.push_back(more);
  EXPECT_NE(Refusal(), "");
}

TEST_F(DescriptionsTest, TracksInAnotherOrderAreSeen) {
  std::swap(tracks_[0], tracks_[1]);
  for (Block& block : sealed_.blocks) block.track ^= 1;
  EXPECT_NE(Refusal(), "");
}

TEST_F(DescriptionsTest, EveryOtherDescriptionIsSeen) {
  const Json before = tracks_[0];
  for (const auto& [key, value] : {std::pair<const char*, Json>{"codec", "hevc"},
                                   {"kind", "data"},
                                   {"time_base", "1/50"},
                                   {"extradata", "AAEC"},
                                   {"adapter", "evil"},
                                   {"compression", "zstd"},
                                   {"beside", "x.mp4"},
                                   {"width", 64},
                                   {"a key of later", Json()}}) {
    tracks_[0][key] = value;
    EXPECT_NE(Refusal(), "") << key;
    tracks_[0] = before;
  }
  for (const auto& [key, value] :
       {std::pair<const char*, Json>{"programs", Json::array()}, {"start_time_realtime", 1}}) {
    meta_[key] = value;
    EXPECT_NE(Refusal(), "") << key;
    meta_.erase(key);
  }
  EXPECT_EQ(Refusal(), "");
}

TEST_F(DescriptionsTest, WordsMayBeEditedWithoutTheKey) {
  tracks_[0]["name"] = "renamed";
  tracks_[1]["note"] = "a note";
  tracks_[1]["tags"] = {{"language", "en"}};
  meta_["tags"] = {{"title", "edited"}};
  meta_["chapters"] = Json::array();
  meta_["artist"] = "a text";
  EXPECT_EQ(Refusal(), "");
}

TEST_F(DescriptionsTest, TheMemberCannotBeTakenOffOrExchanged) {
  const Json protection = meta_["protection"];
  meta_["protection"].erase("descriptions");
  EXPECT_NE(Refusal(), "");
  EXPECT_NE(Refusal(/*finish=*/false), "");
  meta_["protection"] = protection;
  meta_["protection"]["descriptions"] =
      ReadMeta(Mux(Recording(), Encrypting()))["protection"]["descriptions"];
  EXPECT_NE(Refusal(), "");
}

TEST_F(DescriptionsTest, TheEndHasEveryTrackInItsOrder) {
  const Json good = meta_["protection"];
  meta_["protection"].erase("end");
  EXPECT_NE(Refusal(), "") << "a closed file without it";
  meta_["protection"] = good;
  meta_["protection"]["end"] = ReadMeta(Mux(Recording(), Encrypting()))["protection"]["end"];
  EXPECT_NE(Refusal(), "") << "that of another file";
  for (const auto& change : std::vector<std::function<void(Json*)>>{
           [](Json* blocks) { std::swap((*blocks)[0], (*blocks)[1]); },
           [](Json* blocks) { blocks->erase(1); },
           [](Json* blocks) { blocks->push_back((*blocks)[1]); }}) {
    meta_["protection"] = good;
    change(&meta_["protection"]["end"]["blocks"]);
    EXPECT_NE(Refusal(), "") << meta_["protection"]["end"]["blocks"];
  }
  // The same with a mac that fits: no writer makes such an end.
  EXPECT_EQ(ProtectionWithEnd({{1, 40}, {2, 40}}), good);
  for (const std::vector<h4mk::TrackCount>& counts :
       {std::vector<h4mk::TrackCount>{{2, 40}, {1, 40}}, {{1, 40}}, {{1, 40}, {2, 40}, {3, 0}}}) {
    meta_["protection"] = ProtectionWithEnd(counts);
    EXPECT_NE(Refusal(), "") << meta_["protection"]["end"]["blocks"];
  }
}

// A recording whose descriptions changed while it was written, as when a decoder's configuration
// becomes known at its end.
struct Changing {
  TestFile file;
  std::vector<std::string> metas;  // with "protection", each as it was written
  std::vector<std::string> tracks;

  Changing() {
    Writer writer(&file, Encrypting());
    writer.AddTrack(Recording().tracks[0]);
    const auto change = [&](const char* extradata) {
      const Value changed = Describe(Recording().tracks[0], 1);
      h4mk_value_set_text(changed.get(), "extradata", extradata);
      EXPECT_EQ(h4mk_writer_update_track(writer.get(), 0, changed.get()), H4MK_OK);
    };
    for (int i = 0; i < 60; ++i) {
      if (i == 20) change("AAEC");
      EXPECT_EQ(writer.Write({0, kKey, i, i, 1, Payload(i, 300)}), H4MK_OK);
    }
    change("AwQF");
    EXPECT_EQ(writer.Finish(), H4MK_OK);
    for (const Chunk& chunk : WalkChunks(file.bytes)) {
      const std::string text(file.bytes.begin() + chunk.payload(),
                             file.bytes.begin() + chunk.crc());
      if (chunk.tag == "META") metas.push_back(text);
      if (chunk.tag == "TRAK") tracks.push_back(text);
    }
  }
};

TEST(ChangingDescriptionsTest, EveryBeginningOfTheFileIsRead) {
  const Changing changing;
  Keys keys(kMaster);
  for (const Chunk& chunk : WalkChunks(changing.file.bytes)) {
    if (!chunk.is_cluster()) continue;
    TestFile cut(Bytes(changing.file.bytes.begin(), changing.file.bytes.begin() + chunk.end()));
    Reader reader(&cut, keys.options);
    EXPECT_EQ(reader.status(), H4MK_OK) << reader.message() << " at " << chunk.end();
    EXPECT_EQ(reader.ReadOn().damage, std::vector<std::string>());
  }
  TestFile whole(changing.file.bytes), pipe(changing.file.bytes);
  Reader reader(&whole, keys.options);
  EXPECT_EQ(reader.ReadOn().end, H4MK_END) << reader.message();
  pipe.pipe = true;
  Reader piped(&pipe, keys.options);
  const Reading reading = piped.ReadOn();
  EXPECT_EQ(reading.end, H4MK_END) << piped.message();
  EXPECT_EQ(reading.blocks.size(), 60u);
  EXPECT_EQ(reading.damage, std::vector<std::string>());
}

// Who follows it to its end checks that as one who opens the closed file does.
TEST(ChangingDescriptionsTest, AFollowerChecksTheEnd) {
  const Bytes whole = Changing().file.bytes;
  Keys keys(kMaster);
  for (const bool is_cut : {false, true}) {
    TestFile growing(whole);
    std::vector<Chunk> clusters;
    for (const Chunk& chunk : WalkChunks(whole))
      if (chunk.is_cluster()) clusters.push_back(chunk);
    growing.bytes.resize(clusters[0].end());
    Reader follower(&growing, keys.options);
    EXPECT_EQ(follower.ReadOn().end, H4MK_AGAIN) << follower.message();
    growing.bytes = whole;
    if (is_cut) {  // the last cluster, and the index which would tell of it
      growing.bytes.erase(growing.bytes.begin() + static_cast<ptrdiff_t>(clusters.back().begin),
                          growing.bytes.begin() + static_cast<ptrdiff_t>(clusters.back().end()));
    }
    const Reading reading = follower.ReadOn();
    EXPECT_EQ(reading.end, H4MK_END) << follower.message();
    EXPECT_EQ(reading.damage.empty(), !is_cut);
    EXPECT_STREQ(h4mk_value_get_text(h4mk_reader_track(follower.get(), 0), "extradata"), "AwQF");
  }
}

// Somebody without the key changes what a recording says behind its first blocks: in a pipe, and in
// a file that grew after it was opened.
TEST(ChangingDescriptionsTest, ForgedLaterOnesAreNotUsed) {
  Bytes forged = Changing().file.bytes;
  std::vector<Chunk> tracks;
  for (const Chunk& chunk : WalkChunks(forged))
    if (chunk.tag == "TRAK") tracks.push_back(chunk);
  ASSERT_GE(tracks.size(), 2u);
  const Chunk& later = tracks[1];
  const std::string extradata = "AAEC";
  const auto at = std::search(forged.begin() + static_cast<ptrdiff_t>(later.payload()),
                              forged.end(), extradata.begin(), extradata.end());
  ASSERT_LT(at, forged.begin() + static_cast<ptrdiff_t>(later.crc()));
  *(at + 3) = 'D';
  PutU32(&forged, later.crc(),
         Crc32(forged.data() + later.begin, later.crc() - later.begin, SaltOf(forged)));

  const auto expect_not_used = [](Reader& reader) {
    const Reading reading = reader.ReadOn();
    EXPECT_FALSE(reader.Warnings().empty());
    h4mk_reader_changes(reader.get());
    const char* text = h4mk_value_get_text(h4mk_reader_track(reader.get(), 0), "extradata");
    EXPECT_STRNE(text == nullptr ? "" : text, "AAED");
  };
  Keys keys(kMaster);
  TestFile pipe(Bytes(forged.begin(), forged.begin() + static_cast<ptrdiff_t>(tracks[2].begin)));
  pipe.pipe = true;
  Reader piped(&pipe, keys.options);
  ASSERT_EQ(piped.status(), H4MK_OK) << piped.message();
  expect_not_used(piped);

  TestFile growing(Bytes(forged.begin(), forged.begin() + static_cast<ptrdiff_t>(later.begin)));
  Reader follower(&growing, keys.options);
  ASSERT_EQ(follower.status(), H4MK_OK) << follower.message();
  EXPECT_EQ(follower.ReadOn().end, H4MK_AGAIN);
  (void)follower.Warnings();
  growing.bytes = pipe.bytes;
  expect_not_used(follower);

  TestFile sought(Bytes(forged.begin(), forged.begin() + static_cast<ptrdiff_t>(later.begin)));
  Reader seeker(&sought, keys.options);
  EXPECT_EQ(seeker.Warnings().size(), 1u) << "it has no end";
  sought.bytes = pipe.bytes;
  EXPECT_EQ(seeker.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_OK) << seeker.message();
  EXPECT_FALSE(seeker.Warnings().empty());
  expect_not_used(seeker);
}

// A description that the key refuses is not read again for each chunk that stands behind it.
TEST(ChangingDescriptionsTest, ARefusedOneInAPipeIsReadOnce) {
  const Bytes file = Changing().file.bytes;
  const std::vector<Chunk> chunks = WalkChunks(file);
  size_t first = 0;
  while (!chunks[first].is_cluster()) ++first;
  const auto behind_first = file.begin() + static_cast<ptrdiff_t>(chunks[first].end());
  Json forged = Json::parse(Changing().tracks.front());
  for (int i = 0; i < 1000; ++i) forged["tracks"][0]["a key " + std::to_string(i)] = i;
  const std::string text = forged.dump();
  const Bytes description =
      MakeChunk("TRAK", Bytes(text.begin(), text.end()), /*flags=*/0, SaltOf(file));
  const auto allocations_with = [&](size_t count) {
    Bytes bytes = Bytes(file.begin(), behind_first) + description;
    for (size_t i = 0; i < count; ++i)
      bytes = bytes + MakeChunk("FREE", {}, /*flags=*/0, SaltOf(file));
    TestFile pipe(bytes + Bytes(behind_first, file.end()));
    pipe.pipe = true;
    Keys keys(kMaster);
    Reader reader(&pipe, keys.options);
    const AllocationMeter meter;
    EXPECT_EQ(reader.ReadOn().end, H4MK_END);
    EXPECT_FALSE(reader.Warnings().empty()) << "it was refused";
    return meter.count();
  };
  EXPECT_LT(allocations_with(100), allocations_with(0) + 100 * 50);
}

// Earlier descriptions of the same file are authentic; the end says that they are not the last.
TEST(ChangingDescriptionsTest, EarlierOnesDoNotFitTheEnd) {
  const Changing changing;
  ASSERT_GE(changing.metas.size(), 3u);
  const Json first = Json::parse(changing.metas.front()), last = Json::parse(changing.metas.back());
  const auto refusal = [&](const Json& meta, const std::string& tracks) {
    Sealed sealed = ReadSealed(changing.file.bytes);
    sealed.meta = ParseJson(meta.dump());
    std::vector<Value> described;
    const Json root = Json::parse(tracks);
    for (const Json& track : root["tracks"]) described.push_back(ParseJson(track.dump()));
    TestFile file(WriteSealed(described, sealed));
    Keys keys(kMaster);
    return Reader(&file, keys.options).status();
  };
  EXPECT_EQ(refusal(last, changing.tracks.back()), H4MK_OK) << "control";
  EXPECT_EQ(refusal(last, changing.tracks.front()), H4MK_ERR_CORRUPT);
  EXPECT_EQ(refusal(first, changing.tracks.front()), H4MK_ERR_CORRUPT);
  Json mixed = last;
  mixed["protection"]["descriptions"] = first["protection"]["descriptions"];
  EXPECT_EQ(refusal(mixed, changing.tracks.front()), H4MK_ERR_CORRUPT);
}

}  // namespace
}  // namespace h4mk_test
