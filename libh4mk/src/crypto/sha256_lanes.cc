// SPDX-License-Identifier: MIT
// FIPS 180-4, section 6.2, on vectors: lane i holds message i. The compiler makes of each vector
// what the machine has: one register with AVX-512, two with AVX2, four with SSE2 or NEON.
#include "crypto/sha256_lanes.h"

namespace h4mk {
namespace {

using Lanes = uint32_t __attribute__((vector_size(4 * kSha256Lanes)));

constexpr uint32_t kInitial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// A macro, since vectors in the parameters of a function would depend on what it is compiled for.
#define H4MK_ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))

#define H4MK_SHA256_LANES PortableLanes
#include "crypto/sha256_lanes_body.h"  // NOLINT
#undef H4MK_SHA256_LANES

#if defined(__x86_64__)
#define H4MK_SHA256_LANES __attribute__((target("avx2"))) Avx2Lanes
#include "crypto/sha256_lanes_body.h"  // NOLINT
#undef H4MK_SHA256_LANES
#define H4MK_SHA256_LANES __attribute__((target("avx512f"))) Avx512Lanes
#include "crypto/sha256_lanes_body.h"  // NOLINT
#undef H4MK_SHA256_LANES
#endif

using LanesFunction = void (*)(const Key&, uint32_t, uint8_t*);

LanesFunction ChooseLanes() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return Avx512Lanes;
  if (__builtin_cpu_supports("avx2")) return Avx2Lanes;
#endif
  return PortableLanes;
}

}  // namespace

void Sha256CounterLanes(const Key& key, uint32_t counter, uint8_t out[kSha256Lanes * kSha256Size]) {
  static const LanesFunction lanes = ChooseLanes();
  lanes(key, counter, out);
}

}  // namespace h4mk
