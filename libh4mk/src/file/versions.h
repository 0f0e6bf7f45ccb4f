// SPDX-License-Identifier: MIT
// The versions and dialects of a file, as its first bytes tell them. Every build of the library
// names them; which it can read is another question (legacy/legacy.h).
#ifndef H4MK_FILE_VERSIONS_H_
#define H4MK_FILE_VERSIONS_H_

#include "base/bytes.h"

namespace h4mk {

// The transport dialect (legacy.md). In its header byte 4 is 0 and byte 5 is 1: the two as a
// little-endian number.
inline constexpr int kTransportVersion = 0x100;
inline constexpr size_t kTransportHeaderSize = 8;
inline constexpr size_t kTransportChunkHeaderSize = 12;

inline bool IsLegacy(int version) { return version == 1 || version == kTransportVersion; }

}  // namespace h4mk

#endif  // H4MK_FILE_VERSIONS_H_
