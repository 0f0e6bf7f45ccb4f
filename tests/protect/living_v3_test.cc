// SPDX-License-Identifier: MIT
// legacy.md, "Living Cipher v3", against the golden vectors: every conversation, with the state
// that each step leaves behind.
#include "legacy/living_v3.h"

#include <deque>

#include "crypto/hkdf.h"
#include "crypto/x25519.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

template <typename Array>
Array ArrayOf(const Json& hex) {
  Array array;
  const Bytes bytes = FromHex(hex.get<std::string>());
  EXPECT_EQ(bytes.size(), array.size());
  std::ranges::copy(bytes, array.begin());
  return array;
}

std::string ContextOf(const Json& row) {
  if (row["context_hex"].is_null()) return std::string(kLivingV3Context);
  const Bytes bytes = Hex(row, "context_hex");
  return {bytes.begin(), bytes.end()};
}

Json Describe(const LivingV3::State& state) {
  Json skipped = Json::object();
  for (const auto& [counter, key] : state.skipped_keys)
    skipped[std::to_string(counter)] = ToHex(key);
  return {{"root_key", ToHex(state.root_key)},
          {"chain_key_send", ToHex(state.chain_key_send)},
          {"chain_key_recv", ToHex(state.chain_key_recv)},
          {"send_counter", state.send_counter},
          {"recv_counter", state.recv_counter},
          {"transcript", ToHex(state.transcript)},
          {"skipped_keys", skipped},
          {"remote_dh_pub", state.remote_dh_public ? Json(ToHex(*state.remote_dh_public)) : Json()},
          {"own_dh_pub", ToHex(X25519Public(state.dh_private))}};
}

Json PlainOrError(const Result<Bytes>& result) {
  if (result.ok()) return {{"plaintext_hex", ToHex(result.value())}};
  return {{"error", std::string(result.status().fault())}};
}

Json ExpectedResult(const Json& result) {
  if (result.contains("plaintext_hex")) return {{"plaintext_hex", result["plaintext_hex"]}};
  return {{"error", result["error"]["kind"]}};
}

// Two ends that replay the steps of a vector.
class Conversation {
 public:
  explicit Conversation(const Json& row) : row_(row) {
    for (const Json& key : row["fresh_dh_privs"]) fresh_.push_back(ArrayOf<Key>(key));
    fresh_.push_front(ArrayOf<Key>(row["b_dh_priv"]));
    fresh_.push_front(ArrayOf<Key>(row["a_dh_priv"]));
    ends_.emplace("a", MakeEnd());
    ends_.emplace("b", MakeEnd());
    LivingV3::State& a = ends_.at("a").state();
    LivingV3::State& b = ends_.at("b").state();
    if (row["pairing"] != "none") b.chain_key_recv = a.chain_key_send;
    if (row["pairing"] == "two_way") b.chain_key_send = a.chain_key_recv;
    // Some conversations begin with ends that know each other's key.
    if (!row["a_start"]["remote_dh_pub"].is_null())
      a.remote_dh_public = ArrayOf<Key>(row["a_start"]["remote_dh_pub"]);
    if (!row["b_start"]["remote_dh_pub"].is_null())
      b.remote_dh_public = ArrayOf<Key>(row["b_start"]["remote_dh_pub"]);
    EXPECT_EQ(Describe(a), row["a_start"]) << row["id"];
    EXPECT_EQ(Describe(b), row["b_start"]) << row["id"];
  }

  void Run() {
    size_t number = 0;
    for (const Json& step : row_["steps"]) {
      SCOPED_TRACE(row_["id"].get<std::string>() + ", step " + std::to_string(number++));
      if (step["op"] == "encrypt") {
        Encrypt(step);
      } else {
        Decrypt(step);
      }
      if (step.contains("state_after")) {
        ASSERT_EQ(Describe(ends_.at(step["who"].get<std::string>()).state()), step["state_after"]);
      }
    }
  }

 private:
  LivingV3 MakeEnd() {
    LivingV3::Settings settings;
    settings.window = row_["ooo_window"].get<uint64_t>();
    settings.root_ratchet_every = row_["root_ratchet_every"].get<uint64_t>();
    settings.new_private_key = [this] {
      const Key key = fresh_.front();
      fresh_.pop_front();
      return key;
    };
    return LivingV3(Hex(row_, "secret_hex"), ContextOf(row_), settings);
  }

  void Encrypt(const Json& step) {
    LivingV3& end = ends_.at(step["who"].get<std::string>());
    const LivingV3Message message = end.Encrypt(Hex(step, "plaintext_hex"), Hex(step, "aad_hex"));
    EXPECT_EQ(ToHex(message.header), step["header_hex"]);
    EXPECT_EQ(ToHex(message.ciphertext), step["ciphertext_hex"]);
    messages_[step["msg"].get<int>()] = {message, Hex(step, "aad_hex")};
  }

  void Decrypt(const Json& step) {
    LivingV3& end = ends_.at(step["who"].get<std::string>());
    auto [message, aad] = messages_.at(step["msg"].get<int>());
    if (step.contains("header_hex")) message.header = Hex(step, "header_hex");
    if (step.contains("ciphertext_hex")) message.ciphertext = Hex(step, "ciphertext_hex");
    if (step.contains("aad_hex")) aad = Hex(step, "aad_hex");
    EXPECT_EQ(PlainOrError(end.Decrypt(message.header, message.ciphertext, aad)),
              ExpectedResult(step["result"]));
  }

  const Json& row_;
  std::deque<Key> fresh_;
  std::map<std::string, LivingV3> ends_;
  std::map<int, std::pair<LivingV3Message, Bytes>> messages_;
};

TEST(LivingV3Test, Conversations) {
  for (const Json& row : Rows("cipher", "conversations")) Conversation(row).Run();
}

TEST(LivingV3Test, Headers) {
  for (const Json& row : Rows("cipher", "headers")) {
    if (row.contains("header_hex")) {
      const auto header = ParseLivingV3Header(Hex(row, "header_hex"));
      const auto fields = [](const LivingV3Header& h) {
        return Json{h.suite, h.counter, ToHex(h.transcript), h.flags,
                    h.dh_public ? Json(ToHex(*h.dh_public)) : Json()};
      };
      EXPECT_EQ(Outcome(header, fields), Expected(row["result"])) << row;
      continue;
    }
    if (row["prev_transcript_hex"].get<std::string>().size() != 64 ||
        (row["dh_pub_hex"].is_string() && row["dh_pub_hex"].get<std::string>().size() != 64))
      continue;  // lengths that the types here do not allow
    LivingV3Header header;
    header.suite = row["suite"].get<std::string>();
    header.counter = row["counter"].is_string() ? std::stoull(row["counter"].get<std::string>())
                                                : row["counter"].get<uint64_t>();
    header.transcript = ArrayOf<Sha256Digest>(row["prev_transcript_hex"]);
    if (row["dh_pub_hex"].is_string()) header.dh_public = ArrayOf<Key>(row["dh_pub_hex"]);
    EXPECT_EQ(Outcome(EncodeLivingV3Header(header), [](const Bytes& b) { return Json(ToHex(b)); }),
              Expected(row["result"]))
        << row;
  }
}

uint64_t Counter(const Json& value) {
  return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<uint64_t>();
}

TEST(LivingV3Test, Primitives) {
  for (const Json& row : Rows("cipher", "primitives")) {
    SCOPED_TRACE(row);
    if (row["fn"] == "hkdf") {
      Bytes out(row["length"].get<size_t>());
      Hkdf({}, Hex(row, "ikm_hex"), Hex(row, "info_hex"), out);
      EXPECT_EQ(ToHex(out), row["out_hex"]);
    } else if (row["fn"] == "init") {
      LivingV3 end(Hex(row, "secret_hex"), ContextOf(row), {});
      EXPECT_EQ(ToHex(end.state().root_key), row["root_hex"]);
      EXPECT_EQ(ToHex(end.state().chain_key_send), row["send_hex"]);
      EXPECT_EQ(ToHex(end.state().chain_key_recv), row["recv_hex"]);
    } else if (row["fn"] == "ratchet_step") {
      Key chain = ArrayOf<Key>(row["chain_hex"]);
      EXPECT_EQ(ToHex(LivingV3::Step(&chain, Counter(row["counter"]))), row["message_key_hex"]);
      EXPECT_EQ(ToHex(chain), row["next_chain_hex"]);
    } else if (row["fn"] == "mix_root") {
      LivingV3::State state;
      state.root_key = ArrayOf<Key>(row["root_hex"]);
      LivingV3::MixRoot(ArrayOf<Key>(row["dh_shared_hex"]), &state);
      EXPECT_EQ(ToHex(state.root_key), row["new_root_hex"]);
      EXPECT_EQ(ToHex(state.chain_key_send), row["send_hex"]);
      EXPECT_EQ(ToHex(state.chain_key_recv), row["recv_hex"]);
    } else {
      ASSERT_EQ(row["fn"], "transcript");
      auto transcript = ArrayOf<Sha256Digest>(row["before_hex"]);
      LivingV3::UpdateTranscript(Hex(row, "header_hex"), Hex(row, "ciphertext_hex"), &transcript);
      EXPECT_EQ(ToHex(transcript), row["after_hex"]);
    }
  }
}

// The default settings up to the message at which the root ratchet begins.
TEST(LivingV3Test, TheBoundaryOf1024Messages) {
  for (const Json& row : Rows("cipher", "default_boundary_1024")) {
    LivingV3::Settings settings;
    int made = 0;
    settings.new_private_key = [&] { return made++ ? ArrayOf<Key>(row["fresh_dh_priv"]) : Key(); };
    LivingV3 end(Hex(row, "secret_hex"), kLivingV3Context, settings);
    const Bytes plain = Hex(row, "plaintext_hex");
    uint64_t next = 0;
    for (const Json& expected : row["messages"]) {
      LivingV3Message message;
      for (; next <= expected["counter"].get<uint64_t>(); ++next) message = end.Encrypt(plain, {});
      EXPECT_EQ(ToHex(message.header), expected["header_hex"]);
      EXPECT_EQ(ToHex(message.ciphertext), expected["ciphertext_hex"]);
      EXPECT_EQ(ToHex(end.state().transcript), expected["transcript_after"]);
      EXPECT_EQ(ToHex(end.state().chain_key_send), expected["chain_key_send_after"]);
    }
  }
}

TEST(LivingV3Test, BindingOfBlocks) {
  for (const Json& row : Rows("cipher", "core_block_binding")) {
    const Bytes aad = LivingV3Binding(
        row["engine_id"].get<std::string>(), row["engine_fp"].get<std::string>(),
        row["container_veri_hex"].get<std::string>(), row["track_id"].get<std::string>(),
        Number(row["pts_us"]), Number(row["chunk_index"]));
    EXPECT_EQ(ToHex(aad), row["aad_hex"]);
    LivingV3 end(Hex(row, "secret_hex"), kLivingV3Context, {});
    const LivingV3Message message = end.Encrypt(Hex(row, "payload_hex"), aad);
    EXPECT_EQ(ToHex(message.header), row["header_hex"]);
    EXPECT_EQ(ToHex(message.ciphertext), row["ciphertext_hex"]);
  }
}

// What encrypted transport files hold: each block is header || ciphertext, message i of one state.
TEST(LivingV3Test, BlocksOfEncryptedTransportFiles) {
  size_t files = 0;
  for (const Json& row : Rows("transport", "cases")) {
    if (!row.contains("decrypt")) continue;
    ++files;
    const Json& decrypt = row["decrypt"];
    const Bytes file = ReadVector("transport/" + row["file"].get<std::string>());
    LivingV3 reader(Hex(decrypt, "secret_hex"), kLivingV3Context, {});
    reader.state().chain_key_recv = reader.state().chain_key_send;
    size_t core = 0;
    for (const Json& chunk : row["expect"]["chunks"]) {
      if (chunk[0] != "CORE") continue;
      const ByteSpan payload =
          ByteSpan(file).subspan(chunk[1].get<size_t>(), chunk[2].get<size_t>());
      const auto header = ParseLivingV3Header(payload);
      ASSERT_TRUE(header.ok());
      const size_t size = LivingV3HeaderSize(header.value());
      const Json& block = decrypt["blocks"][core++];
      EXPECT_EQ(size, block["header_len"]);
      const std::string aad = block["aad"].get<std::string>();
      const auto plain = reader.Decrypt(payload.first(size), payload.subspan(size),
                                        {reinterpret_cast<const uint8_t*>(aad.data()), aad.size()});
      ASSERT_TRUE(plain.ok()) << row["id"] << " " << plain.status().message();
      EXPECT_EQ(Sha256Hex(plain.value()), block["compressed_sha256"]);
    }
    EXPECT_EQ(core, decrypt["blocks"].size());
  }
  EXPECT_GT(files, 0u);
}

}  // namespace
}  // namespace h4mk
