// SPDX-License-Identifier: MIT
// Writes boxes of ISO/IEC 14496-12: big-endian numbers, and sizes that are filled in at the end.
#ifndef H4MK_SERVER_MEDIA_BOXES_H_
#define H4MK_SERVER_MEDIA_BOXES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace h4mk::server {

class BoxWriter {
 public:
  void U8(uint64_t v) { Big(v, 1); }
  void U16(uint64_t v) { Big(v, 2); }
  void U24(uint64_t v) { Big(v, 3); }
  void U32(uint64_t v) { Big(v, 4); }
  void U64(uint64_t v) { Big(v, 8); }
  void Bytes(std::string_view bytes) { bytes_.append(bytes); }
  void Zeros(size_t count) { bytes_.append(count, '\0'); }

  void Begin(std::string_view type) {
    open_.push_back(bytes_.size());
    U32(0);
    Bytes(type);
  }
  void BeginFull(std::string_view type, uint8_t version, uint32_t flags) {
    Begin(type);
    U8(version);
    U24(flags);
  }
  void End() {
    Patch32(open_.back(), static_cast<uint32_t>(bytes_.size() - open_.back()));
    open_.pop_back();
  }
  void Patch32(size_t at, uint32_t v) {
    for (int i = 0; i < 4; ++i)
      bytes_[at + static_cast<size_t>(i)] = static_cast<char>(v >> (24 - 8 * i));
  }
  void Patch64(size_t at, uint64_t v) {
    Patch32(at, static_cast<uint32_t>(v >> 32));
    Patch32(at + 4, static_cast<uint32_t>(v));
  }
  size_t size() const { return bytes_.size(); }
  std::string Take() { return std::move(bytes_); }

 private:
  void Big(uint64_t v, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) bytes_.push_back(static_cast<char>(v >> (8 * i)));
  }
  std::string bytes_;
  std::vector<size_t> open_;
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_MEDIA_BOXES_H_
