// SPDX-License-Identifier: MIT
// FIPS 180-4, section 6.2, on vectors: lane i holds message i. The compiler makes of each vector
// what the machine has: one register with AVX-512, two with AVX2, four with SSE2 or NEON.
#include "crypto/sha256_lanes.h"

#include "base/sha256_constants.h"

namespace h4mk {
namespace {

using Lanes = uint32_t __attribute__((vector_size(4 * kSha256Lanes)));

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
