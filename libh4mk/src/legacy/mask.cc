// SPDX-License-Identifier: MIT
#include "legacy/mask.h"

#include <algorithm>
#include <string>

#include "base/sha256.h"
#include "crypto/hkdf.h"
#include "crypto/sha256_lanes.h"

namespace h4mk {
namespace {

constexpr size_t kRunSize = kSha256Lanes * kSha256Size;

// The same as Sha256CounterLanes() for keys of any length.
void KeystreamRun(ByteSpan key, uint32_t counter, uint8_t out[kRunSize]) {
  for (size_t lane = 0; lane < kSha256Lanes; ++lane) {
    Bytes number;
    AppendBe(number, counter + static_cast<uint32_t>(lane));
    Sha256 hash;
    hash.Add(key);
    hash.Add(number);
    const Sha256Digest digest = hash.Finish();
    std::copy(digest.begin(), digest.end(), out + lane * kSha256Size);
  }
}

// Eight bytes at a time; out may be a.
void Xor(const uint8_t* a, const uint8_t* b, size_t size, uint8_t* out) {
  size_t i = 0;
  for (; i + 8 <= size; i += 8) StoreLe(out + i, LoadLe<uint64_t>(a + i) ^ LoadLe<uint64_t>(b + i));
  for (; i < size; ++i) out[i] = a[i] ^ b[i];
}

}  // namespace

void MaskBlockKey(ByteSpan master_key, uint64_t block, std::string_view context,
                  std::span<uint8_t> key) {
  Bytes info;
  AppendText(info, context);
  info.push_back('|');
  AppendText(info, std::to_string(block));
  Hkdf({}, master_key, info, key);
}

void ApplyMask(ByteSpan block_key, ByteSpan in, std::span<uint8_t> out) {
  Key key;
  const bool fast = block_key.size() == key.size();
  if (fast) std::copy(block_key.begin(), block_key.end(), key.begin());
  uint8_t keystream[kRunSize];
  uint32_t counter = 0;
  for (size_t at = 0; at < in.size(); at += kRunSize, counter += kSha256Lanes) {
    if (fast) {
      Sha256CounterLanes(key, counter, keystream);
    } else {
      KeystreamRun(block_key, counter, keystream);
    }
    const size_t size = std::min(kRunSize, in.size() - at);
    Xor(in.data() + at, keystream, size, out.data() + at);
  }
  Wipe(keystream, sizeof keystream);
}

}  // namespace h4mk
