// SPDX-License-Identifier: MIT
// A file cut into blocks, as the first programs exported it.
#ifndef H4MK_SERVER_LEGACY_EXPORT_H_
#define H4MK_SERVER_LEGACY_EXPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace h4mk::server {

struct ExportForm {
  size_t block_size = 0;
  double fps = 30;
  int64_t gop = 30;
  bool masked = false;
  std::string key;     // of the mask
  std::string secret;  // of the cipher; "": not encrypted
  std::string_view file;
};

// A whole file of the transport dialect. Throws std::exception if a block is no multiple of 256
// bytes.
std::string ExportTransport(const ExportForm& form);
// Each block masked by its number.
std::string MaskBlocks(std::string_view file, size_t block_size, const std::string& key);
// Pairs of value and run; nothing if the length is no multiple of 256.
std::optional<std::string> EncodeRuns(std::string_view plain);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_LEGACY_EXPORT_H_
