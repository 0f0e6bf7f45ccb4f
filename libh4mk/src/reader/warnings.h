// SPDX-License-Identifier: MIT
// Notes of what is wrong with a file and did not stop its reader.
#ifndef H4MK_READER_WARNINGS_H_
#define H4MK_READER_WARNINGS_H_

#include <deque>
#include <string>
#include <utility>

#include "base/status.h"

namespace h4mk {

class Warnings {
 public:
  // Once so many wait to be fetched, further ones are dropped: a file can be wrong everywhere.
  explicit Warnings(size_t most = 100) : most_(most) {}

  void Add(Status warning) {
    if (warnings_.size() < most_) warnings_.push_back(std::move(warning));
  }
  void Add(uint64_t offset, std::string text) {
    Add(Status(Code::kCorrupt, std::move(text)).At(offset));
  }
  // The oldest one. False: there is none.
  bool Next(Status* warning) {
    if (warnings_.empty()) return false;
    *warning = std::move(warnings_.front());
    warnings_.pop_front();
    return true;
  }

 private:
  size_t most_;
  std::deque<Status> warnings_;
};

}  // namespace h4mk

#endif  // H4MK_READER_WARNINGS_H_
