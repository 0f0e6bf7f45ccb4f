// SPDX-License-Identifier: MIT
// core.md, "Decode chain": which blocks of a track must be decoded to show what belongs
// to a time.
#ifndef H4MK_FILE_DECODE_CHAIN_H_
#define H4MK_FILE_DECODE_CHAIN_H_

#include "file/file_reader.h"

namespace h4mk {

// Is given the blocks of one track in decoding order, from a random access point on. The chain ends
// with the last of those blocks whose time is the largest that is not later than `time`: what is
// decoded before it is all that it can need.
class DecodeChainBuilder {
 public:
  DecodeChainBuilder(int64_t time, std::span<BlockInfo> out) : time_(time), out_(out) {}

  // False: the next group of blocks begins.
  bool Add(const BlockInfo& info) {
    const BlockRecord& record = info.record;
    if (seen_ > 0 && record.is_key()) return false;
    if (seen_ < out_.size()) out_[static_cast<size_t>(seen_)] = info;
    ++seen_;
    if (record.time() != kNoTime && record.time() <= time_ &&
        (total_ == 0 || record.time() >= best_)) {
      best_ = record.time();
      total_ = seen_;
    }
    return true;
  }

  uint64_t total() const { return total_; }

 private:
  const int64_t time_;
  const std::span<BlockInfo> out_;
  uint64_t seen_ = 0, total_ = 0;
  int64_t best_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_FILE_DECODE_CHAIN_H_
