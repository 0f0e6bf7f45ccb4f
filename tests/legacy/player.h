// SPDX-License-Identifier: MIT
// Plays a file through the C ABI and notes what comes out, one line a block.
#ifndef H4MK_TESTS_LEGACY_PLAYER_H_
#define H4MK_TESTS_LEGACY_PLAYER_H_

#include <h4mk/h4mk.h>

#include <string>
#include <vector>

#include "base/bytes.h"

namespace h4mk {

class Player {
 public:
  explicit Player(ByteSpan bytes, bool seekable = true, ByteSpan key = {})
      : bytes_(bytes.begin(), bytes.end()) {
    h4mk_io_open_memory(bytes_.data(), bytes_.size(), &io_);
    h4mk_io given = io_;
    if (!seekable) given.seek = nullptr;
    if (!seekable) given.size = nullptr;
    const h4mk_key keys = {sizeof(h4mk_key), nullptr, 0, key.data(), key.size()};
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    options.keys = &keys;
    options.key_count = key.empty() ? 0 : 1;
    status_ = h4mk_reader_open(&given, &options, &reader_);
  }
  ~Player() {
    h4mk_reader_free(reader_);
    h4mk_io_close(&io_);
  }
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  h4mk_status status() const { return status_; }
  h4mk_reader* reader() const { return reader_; }
  std::string message() const { return h4mk_reader_message(reader_); }

  // "track_id pts dts type[k] size", or "damage"; "" at the end, which status() then tells.
  std::string Next() {
    h4mk_block block = H4MK_BLOCK_INIT;
    status_ = h4mk_reader_next(reader_, &block);
    if (status_ == H4MK_ERR_CORRUPT) {
      damage_ = message();
      return "damage";
    }
    if (status_ != H4MK_OK) return "";
    h4mk_track_info info = H4MK_TRACK_INFO_INIT;
    h4mk_reader_track_info(reader_, block.track, &info);
    const auto time = [](int64_t t) { return t == H4MK_NO_TIME ? "-" : std::to_string(t); };
    uint8_t padding = 0;  // must be readable
    for (size_t i = 0; i < 64 && block.size > 0; ++i) padding |= block.data[block.size + i];
    last_.assign(block.data, block.data + block.size);
    offset_ = block.offset;
    std::string line =
        std::to_string(info.track_id) + " " + time(block.pts) + " " + time(block.dts) + " ";
    line += "IPB?"[block.flags & H4MK_BLOCK_TYPE_MASK];
    if (block.flags & H4MK_BLOCK_KEY) line += 'k';
    return line + " " + std::to_string(block.size);
  }
  const std::string& damage() const { return damage_; }  // the last message about some
  const Bytes& last() const { return last_; }  // the bytes of the block that Next() told of
  int64_t offset() const { return offset_; }

  std::vector<std::string> All() {
    std::vector<std::string> lines;
    if (status_ != H4MK_OK) return lines;
    for (std::string line = Next(); !line.empty(); line = Next()) lines.push_back(line);
    return lines;
  }

 private:
  const Bytes bytes_;
  h4mk_io io_ = H4MK_IO_INIT;
  h4mk_reader* reader_ = nullptr;
  h4mk_status status_ = H4MK_OK;
  std::string damage_;
  Bytes last_;
  int64_t offset_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_TESTS_LEGACY_PLAYER_H_
