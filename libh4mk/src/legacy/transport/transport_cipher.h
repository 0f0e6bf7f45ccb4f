// SPDX-License-Identifier: MIT
// Blocks of encrypted files of the transport dialect (legacy.md, "Living Cipher v3"): block i is
// message i of one state, which only its sender moves.
#ifndef H4MK_LEGACY_TRANSPORT_TRANSPORT_CIPHER_H_
#define H4MK_LEGACY_TRANSPORT_TRANSPORT_CIPHER_H_

#include "base/json.h"
#include "legacy/living_v3.h"

namespace h4mk {

// Whether META says that blocks are encrypted.
bool IsEncryptedTransport(const Json& meta);

class TransportCipher {
 public:
  // meta: META of the file.
  TransportCipher(ByteSpan secret, const Json& meta);

  // The next block, compressed already.
  Bytes Seal(ByteSpan coded);

  // A block by its number among all; a step of the chain for each number between two calls, those
  // behind the last one again from the start. kCorrupt: it is not what was encrypted.
  Result<Bytes> Open(uint64_t number, ByteSpan stored);

 private:
  Bytes Binding(uint64_t number) const;

  std::string track_id_ = "unknown";
  int64_t pts_us_ = 0;
  LivingV3 sender_;
  Key first_, chain_;  // the sender's chain at the start, and before message next_
  uint64_t next_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_TRANSPORT_TRANSPORT_CIPHER_H_
