// SPDX-License-Identifier: MIT
// Reads bits, highest first. Behind the end all bits are 0 and failed() is true.
#ifndef H4MK_SERVER_MEDIA_BITS_H_
#define H4MK_SERVER_MEDIA_BITS_H_

#include <cstdint>
#include <string_view>

namespace h4mk::server {

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}
  uint32_t Bits(int count) {
    uint32_t value = 0;
    while (count-- > 0) value = value << 1 | Bit();
    return value;
  }
  bool failed() const { return failed_; }
  size_t position() const { return position_; }

 private:
  uint32_t Bit() {
    const size_t byte = position_ / 8;
    if (byte >= bytes_.size()) {
      failed_ = true;
      return 0;
    }
    const auto value = static_cast<unsigned char>(bytes_[byte]);
    return value >> (7 - position_++ % 8) & 1;
  }
  std::string_view bytes_;
  size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_MEDIA_BITS_H_
