// SPDX-License-Identifier: MIT
// Living Cipher v4: messages of a session between two ends, with keys that are deleted after use
// (protection.md, "Living Cipher v4").
#ifndef H4MK_PROTECT_LIVING_V4_H_
#define H4MK_PROTECT_LIVING_V4_H_

#include <map>
#include <optional>

#include "base/status.h"
#include "crypto/gcm.h"
#include "crypto/key_chain.h"
#include "crypto/secret.h"
#include "protect/block_cipher.h"

namespace h4mk {

class LivingV4 {
 public:
  static constexpr size_t kMinSecret = 32;
  static constexpr size_t kHelloSize =
      5 + 1 + kKeySize + kKeySize;  // magic, flags, salt, commitment
  // Of a message: direction, counter, value and tag.
  static constexpr size_t kOverhead = 1 + 8 + kKeySize + kGcmTagSize;

  struct Settings {
    uint64_t window = 64;         // how many keys of late messages are kept
    uint64_t rekey_every = 1024;  // messages; both ends must agree
    // Re-keying by X25519, for what the initiator sends: it knows the responder's public key, the
    // responder its private one.
    std::optional<Key> responder_public;
    std::optional<Key> responder_private;
  };

  // What a message is bound to: it is read with the same values only.
  struct Binding {
    Id file_id{};
    uint32_t track_id = 0;
    uint64_t ordinal = 0;
    int64_t pts = kNoTime;
    int64_t dts = kNoTime;
    int64_t duration = 0;
    uint32_t flags = 0;
  };

  // Begins a session; *hello goes to the other end, in the clear. kKey: the secret is shorter than
  // kMinSecret.
  static Result<LivingV4> Start(ByteSpan secret, Settings settings, Bytes* hello);
  // The other end. kKey: another secret, or the private key that the session needs is missing.
  static Result<LivingV4> Accept(ByteSpan secret, Settings settings, ByteSpan hello);

  Bytes Encrypt(const Binding& binding, ByteSpan plain);
  // replayed, too_far_ahead, auth_failed, short_message, other_direction. A message that is refused
  // leaves no trace.
  Result<Bytes> Decrypt(const Binding& binding, ByteSpan message);

 private:
  using Value = std::array<uint8_t, kKeySize>;

  // One direction, at one of its ends. Keys that were used are gone.
  struct Direction {
    KeyChain epochs;
    KeyChain messages;  // of the epoch that `next` is in, once a message of it was sent or read
    uint64_t epochs_taken = 0;
    uint64_t next = 0;  // counter of the next message
    std::map<uint64_t, Key, std::less<>, SecretAllocator<std::pair<const uint64_t, Key>>>
        late;  // messages that were passed over
  };

  LivingV4() = default;
  void SetKeys(const Key& root);
  Bytes Associated(ByteSpan header, const Binding& binding) const;
  bool MoveTo(uint64_t counter, const Value& value, Direction* direction, Key* key) const;

  Settings settings_;
  bool is_initiator_ = false;
  bool uses_dh_ = false;  // in what the initiator sends
  Value salt_{};
  Direction send_, receive_;
  Value send_value_{};  // of the epoch
};

}  // namespace h4mk

#endif  // H4MK_PROTECT_LIVING_V4_H_
