// SPDX-License-Identifier: MIT
#include "base/crc32.h"

#include <libdeflate.h>
#include <zlib.h>

namespace h4mk {

uint32_t Crc32(uint32_t crc, ByteSpan bytes) {
  if (bytes.empty()) return crc;  // libdeflate takes a null pointer for "start value, please"
  return libdeflate_crc32(crc, bytes.data(), bytes.size());
}

uint32_t Crc32Combine(uint32_t first, uint32_t second, uint64_t second_size) {
  return static_cast<uint32_t>(
      crc32_combine(first, second, static_cast<z_off_t>(second_size)));
}

}  // namespace h4mk
