// SPDX-License-Identifier: MIT
#include "chunk/chunk_format.h"

#include <algorithm>

namespace h4mk {
namespace {

bool IsPrintable(uint8_t c) { return c >= 0x20 && c < 0x7F; }

}  // namespace

std::string TagText(uint32_t tag) {
  std::string text;
  for (int i = 0; i < 4; ++i) {
    const auto c = static_cast<uint8_t>(tag >> (8 * i));
    text += IsPrintable(c) ? static_cast<char>(c) : '?';
  }
  return text;
}

bool IsPlausibleTag(uint32_t tag) {
  for (int i = 0; i < 4; ++i)
    if (!IsPrintable(static_cast<uint8_t>(tag >> (8 * i)))) return false;
  return true;
}

uint32_t ChunkHeader::unknown_flags() const {
  if (!IsKnownTag(tag) || tag == kTagSafe || tag == kTagNote) return 0;
  return flags & kMustKnowFlags & ~(tag == kTagCore ? kCoreIsCluster : 0);
}

std::string UnknownFlags(const ChunkHeader& header, uint64_t offset) {
  return TagText(header.tag) + " chunk at byte " + std::to_string(offset) + " has flags " +
         std::to_string(header.unknown_flags()) + " that this version of the library does not know";
}

bool IsKnownTag(uint32_t tag) {
  return std::find(kKnownTags.begin(), kKnownTags.end(), tag) != kKnownTags.end();
}

}  // namespace h4mk
