// SPDX-License-Identifier: MIT
// Status and Result<T>: errors as values. A Status is OK or holds a code and a message that names
// the byte offset where there is one. OK costs one null pointer, so that the path of every block
// stays cheap.
#ifndef H4MK_BASE_STATUS_H_
#define H4MK_BASE_STATUS_H_

#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace h4mk {

// The numbers of h4mk_status in h4mk.h (capi/ checks that they agree).
enum class Code : int {
  kOk = 0,
  kEnd = 1,
  kAgain = 2,
  kArgument = 100,
  kMemory = 101,
  kState = 102,
  kLimit = 103,
  kIo = 200,
  kNotSeekable = 201,
  kNotH4mk = 300,
  kVersion = 301,
  kTruncated = 302,
  kCorrupt = 303,
  kNotFound = 304,
  kKey = 305,
  kUnsupported = 306,
  kAdapter = 400,
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  // REQUIRES: code is not kOk.
  Status(Code code, std::string message)
      : detail_(std::make_unique<Detail>(Detail{code, std::move(message)})) {}

  bool ok() const { return detail_ == nullptr; }
  Code code() const { return detail_ ? detail_->code : Code::kOk; }
  const std::string& message() const {
    static const std::string empty;
    return detail_ ? detail_->message : empty;
  }
  // The byte offset that the message names first, if it names one; see Corrupt().
  std::optional<uint64_t> offset() const;

 private:
  struct Detail {
    Code code;
    std::string message;
  };
  std::unique_ptr<Detail> detail_;
};

// "what at byte offset": the one form of all messages about the contents of a file.
inline Status Corrupt(uint64_t offset, const std::string& what) {
  return Status(Code::kCorrupt, what + " at byte " + std::to_string(offset));
}

inline std::optional<uint64_t> Status::offset() const {
  constexpr std::string_view kAtByte = "at byte ";
  const std::string_view text = message();
  const size_t at = text.find(kAtByte);
  uint64_t number = 0;
  if (at == text.npos ||
      std::from_chars(text.data() + at + kAtByte.size(), text.data() + text.size(), number).ec !=
          std::errc())
    return std::nullopt;
  return number;
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: REQUIRES: !status.ok()

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  Status&& take_status() { return std::move(status_); }
  T& value() { return *value_; }
  const T& value() const { return *value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace h4mk

// Passes a failure up.
#define H4MK_TRY(expression)                                                        \
  do {                                                                              \
    if (::h4mk::Status h4mk_try_ = (expression); !h4mk_try_.ok()) return h4mk_try_; \
  } while (0)

#endif  // H4MK_BASE_STATUS_H_
