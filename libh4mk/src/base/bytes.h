// SPDX-License-Identifier: MIT
// Little-endian integers, varints and the bounds-checked cursor that is the only code to touch
// bytes of a file.
#ifndef H4MK_BASE_BYTES_H_
#define H4MK_BASE_BYTES_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace h4mk {

using Bytes = std::vector<uint8_t>;
using ByteSpan = std::span<const uint8_t>;

inline std::string_view AsText(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Copies a number between memory and the order of the format, in either direction.
inline void CopyLe(void* to, const void* from, size_t size) {
  std::memcpy(to, from, size);
  if constexpr (std::endian::native == std::endian::big)
    std::reverse(static_cast<uint8_t*>(to), static_cast<uint8_t*>(to) + size);
}

template <typename T>
inline T LoadLe(const uint8_t* p) {
  T value;
  CopyLe(&value, p, sizeof value);
  return value;
}

template <typename T>
inline void StoreLe(uint8_t* p, T value) {
  CopyLe(p, &value, sizeof value);
}

template <typename T>
inline void AppendLe(Bytes& out, T value) {
  const size_t at = out.size();
  out.resize(at + sizeof value);
  StoreLe(out.data() + at, value);
}

// Big-endian integers: the transport dialect and its tables.
template <typename T>
inline T LoadBe(const uint8_t* p) {
  T value = 0;
  for (size_t i = 0; i < sizeof value; ++i) value = static_cast<T>(value << 8 | p[i]);
  return value;
}

template <typename T>
inline void StoreBe(uint8_t* p, T value) {
  for (size_t i = sizeof value; i-- > 0;) *p++ = static_cast<uint8_t>(value >> (8 * i));
}

template <typename T>
inline void AppendBe(Bytes& out, T value) {
  const size_t at = out.size();
  out.resize(at + sizeof value);
  StoreBe(out.data() + at, value);
}

inline ByteSpan AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline void AppendBytes(Bytes& out, ByteSpan bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

inline void AppendText(Bytes& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

// core.md, "Varint": seven bits a byte, lowest first, bit 7 set on all but the last byte; at most
// 10 bytes.
inline void AppendVarint(Bytes& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<uint8_t>(value) | 0x80);
    value >>= 7;
  }
  out.push_back(static_cast<uint8_t>(value));
}

inline size_t VarintSize(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// core.md, "Signed varint": 0, -1, 1, -2 … are 0, 1, 2, 3 …
inline uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}
inline void AppendSigned(Bytes& out, int64_t value) { AppendVarint(out, ZigZag(value)); }

// Times are added and subtracted modulo 2^64, so that no input can overflow and every difference
// can be undone.
inline int64_t WrapAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int64_t WrapSub(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

// Reads a byte range from front to back. After a read past the end, failed() is true and all
// further reads give 0.
class ByteReader {
 public:
  ByteReader() = default;
  explicit ByteReader(ByteSpan bytes)
      : begin_(bytes.data()), pos_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool failed() const { return failed_; }
  size_t position() const { return static_cast<size_t>(pos_ - begin_); }
  size_t left() const { return static_cast<size_t>(end_ - pos_); }
  const uint8_t* data() const { return pos_; }

  template <typename T>
  T Le() {
    const ByteSpan bytes = Take(sizeof(T));
    return bytes.empty() ? T{0} : LoadLe<T>(bytes.data());
  }

  template <typename T>
  T Be() {
    const ByteSpan bytes = Take(sizeof(T));
    return bytes.empty() ? T{0} : LoadBe<T>(bytes.data());
  }

  uint64_t Varint() {
    if (pos_ < end_ && *pos_ < 0x80) return *pos_++;
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && pos_ < end_; shift += 7) {
      const uint8_t byte = *pos_++;
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }

  int64_t Signed() { return UnZigZag(Varint()); }

  // The next size bytes; an empty span and failed() if there are not so many.
  ByteSpan Take(uint64_t size) {
    if (size > left()) {
      Fail();
      return {};
    }
    const ByteSpan bytes(pos_, static_cast<size_t>(size));
    pos_ += size;
    return bytes;
  }

  void Fail() {
    failed_ = true;
    pos_ = end_;
  }

 private:
  const uint8_t* begin_ = nullptr;
  const uint8_t* pos_ = nullptr;
  const uint8_t* end_ = nullptr;
  bool failed_ = false;
};

}  // namespace h4mk

#endif  // H4MK_BASE_BYTES_H_
