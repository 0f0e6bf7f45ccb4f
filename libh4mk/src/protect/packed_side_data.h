// SPDX-License-Identifier: MIT
// protection.md, "Encrypted blocks": the side data of a block as one piece, and its name when it is
// encrypted.
#ifndef H4MK_PROTECT_PACKED_SIDE_DATA_H_
#define H4MK_PROTECT_PACKED_SIDE_DATA_H_

#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "cluster/block.h"

namespace h4mk {

inline constexpr std::string_view kEncryptedSideData = "encrypted";

inline Bytes PackSideData(std::span<const SideData> entries) {
  Bytes packed;
  for (const SideData& entry : entries) {
    AppendLe(packed, static_cast<uint32_t>(entry.name.size()));
    AppendText(packed, entry.name);
    AppendLe(packed, static_cast<uint32_t>(entry.data.size()));
    AppendBytes(packed, entry.data);
  }
  return packed;
}

// The entries point into `packed`. False: it is not what PackSideData() makes.
inline bool UnpackSideData(ByteSpan packed, std::vector<SideData>* entries) {
  ByteReader reader(packed);
  while (reader.left() > 0) {
    const ByteSpan name = reader.Take(reader.Le<uint32_t>());
    const ByteSpan data = reader.Take(reader.Le<uint32_t>());
    if (reader.failed()) return false;
    entries->push_back({AsText(name), data});
  }
  return true;
}

}  // namespace h4mk

#endif  // H4MK_PROTECT_PACKED_SIDE_DATA_H_
