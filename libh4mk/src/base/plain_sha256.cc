// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4) for builds without OpenSSL, in place of sha256.cc. It is slower: processors
// have instructions for SHA-256 that OpenSSL uses.
#include <algorithm>
#include <bit>

#include "base/sha256.h"
#include "base/sha256_constants.h"

namespace h4mk {
namespace {

constexpr size_t kBlockSize = 64;

}  // namespace

struct Sha256::State {
  std::array<uint32_t, 8> hash = kSha256Initial;
  std::array<uint8_t, kBlockSize> block{};  // what is not hashed yet
  uint64_t size = 0;                        // of all that was added

  void Compress(const uint8_t* data) {
    std::array<uint32_t, 64> w;
    for (size_t i = 0; i < 16; ++i) w[i] = LoadBe<uint32_t>(data + 4 * i);
    for (size_t i = 16; i < w.size(); ++i) {
      const uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
      const uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = hash;
    for (size_t i = 0; i < w.size(); ++i) {
      const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + kSha256Round[i] + w[i];
      const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<uint32_t, 8> worked = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < hash.size(); ++i) hash[i] += worked[i];
  }
};

Sha256::Sha256() : state_(new State) {}
Sha256::~Sha256() { delete state_; }

void Sha256::Add(ByteSpan bytes) {
  State& state = *state_;
  while (!bytes.empty()) {
    const size_t filled = state.size % kBlockSize;
    const size_t count = std::min(bytes.size(), kBlockSize - filled);
    std::copy_n(bytes.begin(), count, state.block.begin() + static_cast<std::ptrdiff_t>(filled));
    state.size += count;
    bytes = bytes.subspan(count);
    if (filled + count == kBlockSize) state.Compress(state.block.data());
  }
}

Sha256Digest Sha256::Finish() {
  const uint64_t bits = state_->size * 8;
  std::array<uint8_t, kBlockSize + 8> padding{0x80};
  const size_t zeros = (kBlockSize + 55 - state_->size % kBlockSize) % kBlockSize;
  StoreBe<uint64_t>(padding.data() + 1 + zeros, bits);
  Add(ByteSpan(padding).first(1 + zeros + 8));
  Sha256Digest digest{};
  for (size_t i = 0; i < state_->hash.size(); ++i)
    StoreBe<uint32_t>(digest.data() + 4 * i, state_->hash[i]);
  return digest;
}

}  // namespace h4mk
