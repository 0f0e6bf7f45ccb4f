// SPDX-License-Identifier: MIT
#include "base/crc32.h"

#include <libdeflate.h>
#include <zlib.h>

#ifdef H4MK_HAVE_ISAL
#include <isa-l/crc.h>
#endif

namespace h4mk {
namespace {

#ifdef H4MK_HAVE_ISAL
// Where ISA-L has carry-less multiplication of 512 bits. Without, libdeflate is the faster one.
const bool kPreferIsal =
    __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512vbmi2");
#endif

}  // namespace

uint32_t Crc32(uint32_t crc, ByteSpan bytes) {
  if (bytes.empty()) return crc;  // libdeflate takes a null pointer for "start value, please"
#ifdef H4MK_HAVE_ISAL
  if (kPreferIsal) return crc32_gzip_refl(crc, bytes.data(), bytes.size());
#endif
  return libdeflate_crc32(crc, bytes.data(), bytes.size());
}

// crc(start, bytes) = shift(start) ^ crc(0, bytes), where shift is a multiplication by x^(8 size)
// modulo the polynomial. The order of x is 2^32 - 1, so as many bytes less than that undo it.
uint32_t Crc32Start(uint32_t end, ByteSpan bytes) {
  constexpr uint64_t kOrder = 0xFFFFFFFF;
  return Crc32Combine(end ^ Crc32(0, bytes), 0, kOrder - bytes.size() % kOrder);
}

uint32_t Crc32Combine(uint32_t first, uint32_t second, uint64_t second_size) {
  return static_cast<uint32_t>(crc32_combine(first, second, static_cast<z_off_t>(second_size)));
}

}  // namespace h4mk
