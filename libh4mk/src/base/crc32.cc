// SPDX-License-Identifier: MIT
#include "base/crc32.h"

#include <array>

#ifdef H4MK_HAVE_LIBDEFLATE
#include <libdeflate.h>
#else
#include <zlib.h>
#endif
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

// Polynomials over GF(2) modulo that of CRC-32, reflected: the highest bit is the coefficient of 1.
constexpr uint32_t kModulus = 0xEDB88320;
constexpr uint32_t kOne = 0x80000000;

constexpr uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = kOne; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = b & 1 ? b >> 1 ^ kModulus : b >> 1;
  }
  return product;
}

// x^8 to the power of 2^k, for each k.
constexpr std::array<uint32_t, 64> kPowers = [] {
  std::array<uint32_t, 64> powers{};
  uint32_t power = kOne >> 8;
  for (uint32_t& entry : powers) {
    entry = power;
    power = Multiply(power, power);
  }
  return powers;
}();

// A CRC behind `size` more bytes that are 0, without the conditioning.
uint32_t Shift(uint32_t crc, uint64_t size) {
  for (size_t k = 0; size != 0; ++k, size >>= 1)
    if (size & 1) crc = Multiply(kPowers[k], crc);
  return crc;
}

}  // namespace

uint32_t Crc32(uint32_t crc, ByteSpan bytes) {
  if (bytes.empty()) return crc;  // both libraries take a null pointer for "start value, please"
#ifdef H4MK_HAVE_ISAL
  if (kPreferIsal) return crc32_gzip_refl(crc, bytes.data(), bytes.size());
#endif
#ifdef H4MK_HAVE_LIBDEFLATE
  return libdeflate_crc32(crc, bytes.data(), bytes.size());
#else
  return static_cast<uint32_t>(crc32_z(crc, bytes.data(), bytes.size()));
#endif
}

// crc(start, bytes) = Shift(start, size) ^ crc(0, bytes). The order of x is 2^32 - 1, so as many
// bytes less than that undo it.
uint32_t Crc32Start(uint32_t end, ByteSpan bytes) {
  constexpr uint64_t kOrder = 0xFFFFFFFF;
  return Shift(end ^ Crc32(0, bytes), kOrder - bytes.size() % kOrder);
}

uint32_t Crc32Combine(uint32_t first, uint32_t second, uint64_t second_size) {
  return Shift(first, second_size) ^ second;
}

}  // namespace h4mk
