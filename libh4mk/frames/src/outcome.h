// SPDX-License-Identifier: MIT
// What came of a step: a status of h4mk.h, and words.
#ifndef H4MK_FRAMES_OUTCOME_H_
#define H4MK_FRAMES_OUTCOME_H_

#include <h4mk/h4mk.h>

#include <string>
#include <utility>

namespace h4mk::frames {

class [[nodiscard]] Outcome {
 public:
  Outcome() = default;
  Outcome(h4mk_status status, std::string message)
      : status_(status), message_(std::move(message)) {}

  bool ok() const { return status_ == H4MK_OK; }
  h4mk_status status() const { return status_; }
  const std::string& message() const { return message_; }

 private:
  h4mk_status status_ = H4MK_OK;
  std::string message_;
};

// What a call with a reader gave.
inline Outcome Of(h4mk_status status, const h4mk_reader* reader) {
  return status == H4MK_OK ? Outcome() : Outcome(status, h4mk_reader_message(reader));
}

}  // namespace h4mk::frames

#define H4MK_FRAMES_TRY(step)                  \
  do {                                         \
    ::h4mk::frames::Outcome outcome_ = (step); \
    if (!outcome_.ok()) return outcome_;       \
  } while (false)

#endif  // H4MK_FRAMES_OUTCOME_H_
