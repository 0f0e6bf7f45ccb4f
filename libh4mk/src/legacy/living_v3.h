// SPDX-License-Identifier: MIT
// Living Cipher v3, byte for byte as its first implementation has it, errors and all (legacy.md,
// "Living Cipher v3"): for what exists. Its weaknesses are part of it; nothing new should be
// written with it.
#ifndef H4MK_LEGACY_LIVING_V3_H_
#define H4MK_LEGACY_LIVING_V3_H_

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/sha256.h"
#include "base/status.h"
#include "crypto/secret.h"

namespace h4mk {

// "HarmonyØ4|LivingCipher|v3"
inline constexpr std::string_view kLivingV3Context =
    "Harmony\xC3\x98"
    "4|LivingCipher|v3";
inline constexpr std::string_view kLivingV3Suite = "H4-LIVING-AESGCM-HKDF-SHA256-v3";

struct LivingV3Header {
  std::string suite;
  uint64_t counter = 0;
  Sha256Digest transcript{};  // of what was sent before
  uint8_t flags = 0;          // bit 0: a public key follows
  std::optional<Key> dh_public;
};

// suite_too_long
Result<Bytes> EncodeLivingV3Header(const LivingV3Header& header);
// header_too_short, not_v3_header, short_or_out_of_range_struct, missing_dh_pub
Result<LivingV3Header> ParseLivingV3Header(ByteSpan bytes);
// Bytes that the header at the front of a message takes.
size_t LivingV3HeaderSize(const LivingV3Header& header);

struct LivingV3Message {
  Bytes header;
  Bytes ciphertext;  // with tag
};

class LivingV3 {
 public:
  struct Settings {
    uint64_t window = 32;
    uint64_t root_ratchet_every = 1024;    // 0: never
    std::function<Key()> new_private_key;  // random where it is empty
  };

  // All there is to a state; v3 has no roles, so whoever reads sets chain_key_recv to the sender's
  // chain_key_send.
  struct State {
    Key root_key, chain_key_send, chain_key_recv;
    uint64_t send_counter = 0, recv_counter = 0;
    Sha256Digest transcript{};
    Key dh_private;
    std::optional<Key> remote_dh_public;
    std::map<uint64_t, Key> skipped_keys;
  };

  LivingV3(ByteSpan secret, std::string_view context, Settings settings);

  State& state() { return state_; }

  LivingV3Message Encrypt(ByteSpan plain, ByteSpan associated);
  // The kinds of error of legacy.md; a failure leaves behind what it left behind in the first
  // implementation.
  Result<Bytes> Decrypt(ByteSpan header, ByteSpan ciphertext, ByteSpan associated);

  // A message by its key. auth_failed.
  static Result<Bytes> OpenMessage(const Key& message_key, uint64_t counter, ByteSpan header,
                                   ByteSpan ciphertext, ByteSpan associated);

  // One step of a chain: its message key; the chain goes on.
  static Key Step(Key* chain, uint64_t counter);
  static void MixRoot(const Key& shared, State* state);
  static void UpdateTranscript(ByteSpan header, ByteSpan ciphertext, Sha256Digest* transcript);

 private:
  Key NewPrivateKey() const;
  Status TakeRemoteKey(const Key& remote);
  void MakeSkippedKeys(uint64_t until);
  void DropOldKeys();

  const Settings settings_;
  State state_;
};

// The associated data of a block of the transport dialect.
Bytes LivingV3Binding(std::string_view engine_id, std::string_view engine_fp,
                      std::string_view container_veri_hex, std::string_view track_id,
                      int64_t pts_us, int64_t chunk_index);

}  // namespace h4mk

#endif  // H4MK_LEGACY_LIVING_V3_H_
