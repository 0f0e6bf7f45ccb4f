// SPDX-License-Identifier: MIT
//
// Blocks as the tests think of them: values that own their bytes, compare and print.

#ifndef H4MK_TESTS_SUPPORT_BLOCK_H_
#define H4MK_TESTS_SUPPORT_BLOCK_H_

#include <h4mk/h4mk.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace h4mk_test {

using Bytes = std::vector<uint8_t>;

inline Bytes ToBytes(const std::string& text) { return Bytes(text.begin(), text.end()); }

// How many seeds a test tries: `ordinary`, or as many times more as H4MK_TEST_EFFORT says.
inline uint32_t Seeds(uint32_t ordinary) {
  const char* effort = std::getenv("H4MK_TEST_EFFORT");
  return ordinary * (effort == nullptr ? 1 : std::max(1, std::atoi(effort)));
}

// `size` bytes that look random and depend on `seed` only.
inline Bytes Payload(uint32_t seed, size_t size) {
  Bytes bytes(size);
  uint32_t state = seed * 2654435761u + 12345u;
  for (uint8_t& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<uint8_t>(state >> 24);
  }
  return bytes;
}

struct SideData {
  std::string name;
  Bytes data = {};
  bool operator==(const SideData&) const = default;
};

constexpr uint32_t kKey = H4MK_BLOCK_KEY | H4MK_BLOCK_TYPE_I;
constexpr uint32_t kP = H4MK_BLOCK_TYPE_P;
constexpr uint32_t kB = H4MK_BLOCK_TYPE_B | H4MK_BLOCK_DISPOSABLE;

struct Block {
  uint32_t track = 0;
  uint32_t flags = kKey;
  int64_t pts = 0;
  int64_t dts = 0;
  int64_t duration = 0;
  Bytes data = {};
  std::vector<SideData> side_data = {};

  bool operator==(const Block&) const = default;

  // The time that seeking goes by: pts, or dts where a block has none.
  int64_t time() const { return pts != H4MK_NO_TIME ? pts : dts; }
};

inline std::string TimeToString(int64_t time) {
  return time == H4MK_NO_TIME ? "none" : std::to_string(time);
}

inline std::ostream& operator<<(std::ostream& out, const Block& block) {
  out << "{track " << block.track << " flags " << block.flags << " pts " << TimeToString(block.pts)
      << " dts " << TimeToString(block.dts) << " duration " << block.duration << " size "
      << block.data.size();
  for (const SideData& side : block.side_data)
    out << " +" << side.name << "(" << side.data.size() << ")";
  return out << "}";
}

// A copy of what a reader handed out.
inline Block FromC(const h4mk_block& c) {
  Block block;
  block.track = c.track;
  block.flags = c.flags;
  block.pts = c.pts;
  block.dts = c.dts;
  block.duration = c.duration;
  if (c.size != 0) block.data.assign(c.data, c.data + c.size);
  for (size_t i = 0; i < c.side_data_count; ++i) {
    const h4mk_side_data& side = c.side_data[i];
    block.side_data.push_back({side.name, {}});
    if (side.size != 0) block.side_data.back().data.assign(side.data, side.data + side.size);
  }
  return block;
}

// The block as h4mk_writer_write() wants it; *side_data is the memory it refers to besides.
inline h4mk_block ToC(const Block& block, std::vector<h4mk_side_data>* side_data) {
  for (const SideData& side : block.side_data) {
    side_data->push_back({side.name.c_str(), side.data.data(), side.data.size()});
  }
  h4mk_block c = H4MK_BLOCK_INIT;
  c.track = block.track;
  c.flags = block.flags;
  c.pts = block.pts;
  c.dts = block.dts;
  c.duration = block.duration;
  c.data = block.data.data();
  c.size = block.data.size();
  c.side_data = side_data->data();
  c.side_data_count = side_data->size();
  return c;
}

// Calls h4mk_writer_write() with the block.
inline h4mk_status WriteBlock(h4mk_writer* writer, const Block& block) {
  std::vector<h4mk_side_data> side_data;
  const h4mk_block c = ToC(block, &side_data);
  return h4mk_writer_write(writer, &c);
}

}  // namespace h4mk_test

#endif  // H4MK_TESTS_SUPPORT_BLOCK_H_
