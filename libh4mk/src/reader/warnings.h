// SPDX-License-Identifier: MIT
// Notes of what is wrong with a file and did not stop its reader.
#ifndef H4MK_READER_WARNINGS_H_
#define H4MK_READER_WARNINGS_H_

#include <deque>
#include <string>
#include <utility>

namespace h4mk {

class Warnings {
 public:
  // Once a hundred wait to be fetched, further ones are dropped: a file can be wrong everywhere.
  void Add(std::string text) {
    if (texts_.size() < kMost) texts_.push_back(std::move(text));
  }
  // The oldest one. False: there is none.
  bool Next(std::string* text) {
    if (texts_.empty()) return false;
    *text = std::move(texts_.front());
    texts_.pop_front();
    return true;
  }

 private:
  static constexpr size_t kMost = 100;
  std::deque<std::string> texts_;
};

}  // namespace h4mk

#endif  // H4MK_READER_WARNINGS_H_
