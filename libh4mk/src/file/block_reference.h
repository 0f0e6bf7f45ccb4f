// SPDX-License-Identifier: MIT
// core.md, "External data": a block that is a range of another file.
#ifndef H4MK_FILE_BLOCK_REFERENCE_H_
#define H4MK_FILE_BLOCK_REFERENCE_H_

#include <string_view>

#include "base/bytes.h"
#include "base/sha256.h"
#include "base/status.h"

namespace h4mk {

// The key of TRAK that names the other file.
inline constexpr const char* kBesideKey = "beside";

// Whether a name can only be that of a file in the same folder: 1 to 255 bytes of UTF-8 without / \ : and control characters, and
// neither . nor ..
bool IsNameOfFileBeside(std::string_view name);

inline constexpr size_t kBlockReferenceSize = 44;

struct BlockReference {
  uint64_t offset = 0;
  uint32_t size = 0;
  Sha256Digest digest = {};
};

Bytes EncodeBlockReference(const BlockReference& reference);
// kCorrupt: of another length, or of more than a block may have.
Status DecodeBlockReference(ByteSpan bytes, BlockReference* reference);

}  // namespace h4mk

#endif  // H4MK_FILE_BLOCK_REFERENCE_H_
