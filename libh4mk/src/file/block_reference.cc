// SPDX-License-Identifier: MIT
#include "file/block_reference.h"

#include <algorithm>
#include <string>

#include "base/json.h"
#include "cluster/block.h"

namespace h4mk {

bool IsNameOfFileBeside(std::string_view name) {
  if (name.empty() || name.size() > 255 || name == "." || name == ".." || !IsUtf8(name)) return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte < 0x20 || byte == 0x7F || c == '/' || c == '\\' || c == ':';
  });
}

Bytes EncodeBlockReference(const BlockReference& reference) {
  Bytes bytes;
  AppendLe(bytes, reference.offset);
  AppendLe(bytes, reference.size);
  AppendBytes(bytes, reference.digest);
  return bytes;
}

Status DecodeBlockReference(ByteSpan bytes, BlockReference* reference) {
  if (bytes.size() != kBlockReferenceSize)
    return Status(Code::kCorrupt, "a reference has 44 bytes, not " + std::to_string(bytes.size()));
  reference->offset = LoadLe<uint64_t>(bytes.data());
  reference->size = LoadLe<uint32_t>(&bytes[8]);
  std::copy_n(&bytes[12], reference->digest.size(), reference->digest.begin());
  if (reference->size > kMaxBlockSize || reference->offset > INT64_MAX - kMaxBlockSize)
    return Status(Code::kCorrupt, "a reference to more than a block may have");
  return {};
}

}  // namespace h4mk
