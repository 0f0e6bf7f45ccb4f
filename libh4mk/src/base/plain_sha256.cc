// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4) for builds without OpenSSL, in place of sha256.cc. It is slower: processors
// have instructions for SHA-256 that OpenSSL uses.
#include <algorithm>
#include <bit>

#include "base/sha256.h"

namespace h4mk {
namespace {

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr std::array<uint32_t, 64> kRoundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr size_t kBlockSize = 64;

}  // namespace

struct Sha256::State {
  std::array<uint32_t, 8> hash = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
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
      const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + kRoundConstants[i] + w[i];
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
