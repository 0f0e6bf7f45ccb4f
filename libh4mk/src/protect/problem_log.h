// SPDX-License-Identifier: MIT
// What is not as it was signed: each problem once, so many at most.
#ifndef H4MK_PROTECT_PROBLEM_LOG_H_
#define H4MK_PROTECT_PROBLEM_LOG_H_

#include <set>
#include <string>
#include <utility>

#include "base/status.h"
#include "reader/warnings.h"

namespace h4mk {

class ProblemLog {
 public:
  void Add(Status problem) {
    if (reported_.size() == kMost || !reported_.insert(problem.message()).second) return;
    if (first_.ok()) first_ = problem;
    waiting_.Add(std::move(problem));
  }
  uint64_t count() const { return reported_.size(); }
  // OK if there was none.
  const Status& first() const { return first_; }
  // The next one that was not handed out yet.
  bool Next(Status* problem) { return waiting_.Next(problem); }

 private:
  static constexpr size_t kMost = 1000;

  std::set<std::string> reported_;
  Warnings waiting_{kMost};
  Status first_;
};

}  // namespace h4mk

#endif  // H4MK_PROTECT_PROBLEM_LOG_H_
