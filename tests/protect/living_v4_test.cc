// SPDX-License-Identifier: MIT
// protection.md, "Living Cipher v4": a test for each weakness of version 3 that it repairs.
#include "protect/living_v4.h"

#include <algorithm>
#include <set>

#include "crypto/hkdf.h"
#include "crypto/x25519.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

const Bytes kSecret(32, 0x42);

Bytes Text(std::string_view text) { return {text.begin(), text.end()}; }

Json PlainOrError(const Result<Bytes>& result) {
  if (result.ok()) return std::string(result.value().begin(), result.value().end());
  return {{"error", std::string(result.status().fault())}};
}
// The bytes of an object in memory.
template <typename T>
ByteSpan BytesOf(const T& object) {
  return {reinterpret_cast<const uint8_t*>(&object), sizeof object};
}
bool Holds(const LivingV4& state, ByteSpan key) {
  return !std::ranges::search(BytesOf(state), key).empty();
}
Json Error(const char* name) { return {{"error", name}}; }

class LivingV4Test : public testing::Test {
 protected:
  void Begin(LivingV4::Settings settings = {}) {
    auto started = LivingV4::Start(kSecret, settings, &hello_);
    ASSERT_TRUE(started.ok()) << started.status().message();
    auto accepted = LivingV4::Accept(kSecret, settings, hello_);
    ASSERT_TRUE(accepted.ok()) << accepted.status().message();
    alice_.emplace(std::move(started.value()));
    bob_.emplace(std::move(accepted.value()));
  }
  Bytes Send(std::string_view text) { return alice_->Encrypt(binding_, Text(text)); }
  Json Receive(ByteSpan message) { return PlainOrError(bob_->Decrypt(binding_, message)); }

  Bytes hello_;
  LivingV4::Binding binding_{
      .file_id = {1}, .track_id = 2, .ordinal = 3, .pts = 4, .dts = 4, .duration = 1, .flags = 0};
  std::optional<LivingV4> alice_, bob_;
};

TEST_F(LivingV4Test, MessagesArriveInBothDirections) {
  Begin();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Receive(Send("to bob")), "to bob");
    EXPECT_EQ(PlainOrError(alice_->Decrypt(binding_, bob_->Encrypt(binding_, Text("to alice")))),
              "to alice");
  }
}

// 1. Nothing random went into a session.
TEST_F(LivingV4Test, TwoSessionsUnderOneSecretHaveNothingInCommon) {
  Begin();
  const Bytes first = Send("the same");
  Begin();
  const Bytes second = Send("the same");
  EXPECT_NE(Bytes(first.end() - 24, first.end()), Bytes(second.end() - 24, second.end()));
  EXPECT_EQ(Receive(first), Error("auth_failed"));
  EXPECT_EQ(Receive(second), "the same");
}

// 2. A public default secret, short secrets.
TEST_F(LivingV4Test, ShortSecretsAreRefused) {
  for (const size_t size : {0, 1, 31}) {
    EXPECT_EQ(LivingV4::Start(Bytes(size), {}, &hello_).status().code(), Code::kKey);
    EXPECT_EQ(LivingV4::Accept(Bytes(size), {}, hello_).status().code(), Code::kKey);
  }
}

TEST_F(LivingV4Test, AWrongSecretIsAnErrorBeforeAnyMessage) {
  Begin();
  EXPECT_EQ(LivingV4::Accept(Bytes(32, 0x43), {}, hello_).status().code(), Code::kKey);
  for (size_t bit = 8 * 5; bit < 8 * hello_.size(); bit += 3) {
    Bytes changed = hello_;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(LivingV4::Accept(kSecret, {}, changed).ok()) << bit;
  }
}

// 3. The root key stayed in the state: no forward secrecy. Now whoever takes a state cannot read
// what it has read.
TEST_F(LivingV4Test, AStolenStateDoesNotOpenWhatWasBefore) {
  Begin();
  std::vector<Bytes> messages;
  for (int i = 0; i < 5; ++i) messages.push_back(Send("secret"));
  for (const Bytes& message : messages) EXPECT_EQ(Receive(message), "secret");
  LivingV4 stolen = *bob_;
  for (const Bytes& message : messages)
    EXPECT_EQ(PlainOrError(stolen.Decrypt(binding_, message)), Error("replayed"));
  // Nor do its bytes hold a key from which one could go back.
  Key value;
  std::copy_n(messages[0].begin() + 9, value.size(), value.begin());
  const Key root = HkdfExtract(ByteSpan(hello_).subspan(6, kKeySize), kSecret);
  const Key initiator = ExpandLabel(root, "living initiator");
  const Key epoch = KeyChain(initiator).Next();
  const Key first = HkdfExtract(epoch, value);
  for (const Key& key : {root, initiator, epoch, first}) EXPECT_FALSE(Holds(stolen, key));
  KeyChain chain(first);
  for (size_t i = 0; i < messages.size(); ++i) EXPECT_FALSE(Holds(stolen, chain.Next())) << i;
  EXPECT_TRUE(Holds(stolen, BytesOf(chain))) << "where its chain has come to";
}

// 4. State changed before authentication: one forged message ended a session.
TEST_F(LivingV4Test, ForgedMessagesLeaveNoTrace) {
  LivingV4::Settings settings;
  settings.rekey_every = 4;
  Begin(settings);
  for (int i = 0; i < 10; ++i) {
    const Bytes message = Send("honest");
    for (size_t bit = 0; bit < 8 * message.size(); bit += 61) {
      Bytes forged = message;
      forged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      EXPECT_TRUE(Receive(forged).is_object()) << bit;
    }
    EXPECT_EQ(Receive(Bytes(message.begin(), message.end() - 1)), Error("auth_failed"));
    EXPECT_EQ(Receive(Bytes(20)), Error("short_message"));
    ASSERT_EQ(Receive(message), "honest") << i;
  }
}

// 5. Messages out of order could be replayed without limit, and receivers got stuck.
TEST_F(LivingV4Test, EachMessageIsReadOnceInAnyOrder) {
  LivingV4::Settings settings;
  settings.rekey_every = 3;
  Begin(settings);
  std::vector<Bytes> messages;
  for (int i = 0; i < 10; ++i) messages.push_back(Send(std::to_string(i)));
  for (const int i : {0, 2, 1, 4, 9, 5}) EXPECT_EQ(Receive(messages[i]), std::to_string(i));
  for (const int i : {0, 2, 1, 4, 9, 5}) EXPECT_EQ(Receive(messages[i]), Error("replayed")) << i;
  EXPECT_EQ(Receive(Send("goes on")), "goes on");
}

TEST_F(LivingV4Test, KeysOfLateMessagesAreBounded) {
  LivingV4::Settings settings;
  settings.window = 2;
  Begin(settings);
  std::vector<Bytes> messages;
  for (int i = 0; i < 6; ++i) messages.push_back(Send(std::to_string(i)));
  EXPECT_EQ(Receive(messages[5]), "5");
  EXPECT_EQ(Receive(messages[2]), Error("replayed"));
  EXPECT_EQ(Receive(messages[3]), "3");
  EXPECT_EQ(Receive(messages[4]), "4");
}

TEST_F(LivingV4Test, ACounterFarAheadIsRefused) {
  Begin();
  Bytes message = Send("x");
  StoreLe(message.data() + 1, uint64_t{1} << 40);
  EXPECT_EQ(Receive(message), Error("too_far_ahead"));
  StoreLe(message.data() + 1, uint64_t{0});
  EXPECT_EQ(Receive(message), "x") << "nothing is lost";
}

// 6. The root ratchet could not decrypt, and ended a one-way stream.
TEST_F(LivingV4Test, ReKeyingWorksOnAOneWayStream) {
  for (const bool by_dh : {false, true}) {
    LivingV4::Settings settings;
    settings.rekey_every = 4;
    if (by_dh) {
      settings.responder_private.emplace();
      RandomBytes(*settings.responder_private);
      settings.responder_public = X25519Public(*settings.responder_private);
    }
    Begin(settings);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(Receive(Send("one way")), "one way") << i;
    for (int i = 0; i < 9; ++i) Send("a whole epoch is lost");
    EXPECT_EQ(Receive(Send("after it")), "after it");
  }
}

// Who took the sender's state is out again with the next epoch: its value is a public key, and the
// private one is gone.
TEST_F(LivingV4Test, ReKeyingByDhHealsAStolenSecret) {
  LivingV4::Settings settings;
  settings.responder_private.emplace();
  RandomBytes(*settings.responder_private);
  settings.responder_public = X25519Public(*settings.responder_private);
  Begin(settings);
  const Bytes message = Send("x");
  LivingV4::Settings thief = settings;
  EXPECT_EQ(LivingV4::Accept(kSecret, {}, hello_).status().code(), Code::kKey);
  RandomBytes(*thief.responder_private);
  auto stolen =
      LivingV4::Accept(kSecret, thief, hello_);  // has the secret, but not the responder's key
  ASSERT_TRUE(stolen.ok());
  EXPECT_EQ(PlainOrError(stolen.value().Decrypt(binding_, message)), Error("auth_failed"));
  EXPECT_EQ(Receive(message), "x");
}

// 7. One transcript for both directions: messages that crossed failed.
TEST_F(LivingV4Test, MessagesMayCross) {
  Begin();
  const Bytes to_bob = Send("to bob"), to_alice = bob_->Encrypt(binding_, Text("to alice"));
  EXPECT_EQ(Receive(to_bob), "to bob");
  EXPECT_EQ(PlainOrError(alice_->Decrypt(binding_, to_alice)), "to alice");
  EXPECT_EQ(PlainOrError(alice_->Decrypt(binding_, to_bob)), Error("other_direction"));
}

// 8. and 9. Blocks could be moved between containers; fields were joined without lengths.
TEST_F(LivingV4Test, AMessageIsBoundToItsFileTrackNumberAndTimes) {
  Begin();
  const Bytes message = Send("x");
  const auto with = [&](auto change) {
    LivingV4::Binding other = binding_;
    change(other);
    return PlainOrError(bob_->Decrypt(other, message));
  };
  using Binding = LivingV4::Binding;
  EXPECT_EQ(with([](Binding& b) { b.file_id[15] ^= 1; }), Error("auth_failed"));
  EXPECT_EQ(with([](Binding& b) { b.track_id += 1; }), Error("auth_failed"));
  EXPECT_EQ(with([](Binding& b) { b.ordinal += 1; }), Error("auth_failed"));
  EXPECT_EQ(with([](Binding& b) { b.pts += 1; }), Error("auth_failed"));
  EXPECT_EQ(with([](Binding& b) { b.dts += 1; }), Error("auth_failed"));
  EXPECT_EQ(with([](Binding& b) { b.duration += 1; }), Error("auth_failed"));
  EXPECT_EQ(with([](Binding& b) { b.flags ^= 4; }), Error("auth_failed"));
  EXPECT_EQ(with([](Binding&) {}), "x");
}

// 10. Compression before encryption showed content through size.
TEST_F(LivingV4Test, LengthDependsOnLengthOnly) {
  Begin();
  const size_t size = Send(std::string(1000, 'a')).size();
  Bytes random(1000);
  RandomBytes(random);
  EXPECT_EQ(alice_->Encrypt(binding_, random).size(), size);
}

// 11. Two-time pads without integrity: no two messages share a key.
TEST_F(LivingV4Test, EqualMessagesNeverLookEqual) {
  Begin();
  std::set<Bytes> seen;
  for (int i = 0; i < 100; ++i) {
    const Bytes message = Send("the same bytes again");
    EXPECT_TRUE(seen.insert(Bytes(message.begin() + 41, message.end())).second);
  }
}

// 12. Hashes without a key proved nothing: whoever has no secret can make no message, whatever else
// is known.
TEST_F(LivingV4Test, OnlyTheSecretMakesMessages) {
  Begin();
  Bytes other_hello;
  auto other = LivingV4::Start(Bytes(32, 0x43), {}, &other_hello);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(Receive(other.value().Encrypt(binding_, Text("x"))), Error("auth_failed"));
}

}  // namespace
}  // namespace h4mk
