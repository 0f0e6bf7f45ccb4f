// SPDX-License-Identifier: MIT
// Status and Result<T>: errors as values. A Status is OK or holds a code and a message that names
// the byte offset where there is one. OK costs one null pointer, so that the path of every block
// stays cheap.
#ifndef H4MK_BASE_STATUS_H_
#define H4MK_BASE_STATUS_H_

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
  kCancelled = 104,
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
      : detail_(new Detail{code, std::nullopt, {}, std::move(message)}) {}
  Status(const Status& other) : detail_(other.ok() ? nullptr : new Detail(*other.detail_)) {}
  Status(Status&&) = default;
  Status& operator=(const Status& other) { return *this = Status(other); }
  Status& operator=(Status&&) = default;

  bool ok() const { return detail_ == nullptr; }
  Code code() const { return detail_ ? detail_->code : Code::kOk; }
  const std::string& message() const { return detail_ ? detail_->message : Empty(); }
  // The byte of the file that the failure is about, if it is about one.
  std::optional<uint64_t> offset() const { return detail_ ? detail_->offset : std::nullopt; }
  // The name that the failure has in legacy.md; empty for most.
  const std::string& fault() const { return detail_ ? detail_->fault : Empty(); }

  // The same failure with another property. REQUIRES: !ok().
  Status At(uint64_t offset) const {
    Status changed = *this;
    changed.detail_->offset = offset;
    return changed;
  }
  Status Named(std::string_view fault) const {
    Status changed = *this;
    changed.detail_->fault = fault;
    return changed;
  }
  Status Saying(std::string message) const {
    Status changed = *this;
    changed.detail_->message = std::move(message);
    return changed;
  }

 private:
  struct Detail {
    Code code;
    std::optional<uint64_t> offset;
    std::string fault;
    std::string message;
  };
  // A function of its own, so that the end of a Status is a comparison where it is OK.
  struct Delete {
    [[gnu::noinline]] void operator()(Detail* detail) const { delete detail; }
  };
  static const std::string& Empty() {
    static const std::string empty;
    return empty;
  }
  // Only one pointer: several calls hand a Status up for each block.
  std::unique_ptr<Detail, Delete> detail_;
};

// "what at byte offset": the one form of all messages about the contents of a file.
inline Status Corrupt(uint64_t offset, const std::string& what) {
  return Status(Code::kCorrupt, what + " at byte " + std::to_string(offset)).At(offset);
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: REQUIRES: !status.ok()

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() { return *value_; }
  const T& value() const { return *value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace h4mk

// The value of a Result for a variable, which may be declared here; passes a failure up:
//   H4MK_ASSIGN(const Json meta, ParseMeta(text, offset));
#define H4MK_ASSIGN(variable, ...) \
  H4MK_ASSIGN_FROM(H4MK_ASSIGN_NAME(h4mk_result_, __LINE__), variable, __VA_ARGS__)
#define H4MK_ASSIGN_FROM(result, variable, ...) \
  auto result = (__VA_ARGS__);                  \
  if (!result.ok()) return result.status();     \
  variable = std::move(result.value())
#define H4MK_ASSIGN_NAME(name, line) H4MK_ASSIGN_JOIN(name, line)
#define H4MK_ASSIGN_JOIN(name, line) name##line

// Passes a failure up.
#define H4MK_TRY(expression)                                                        \
  do {                                                                              \
    if (::h4mk::Status h4mk_try_ = (expression); !h4mk_try_.ok()) return h4mk_try_; \
  } while (0)

#endif  // H4MK_BASE_STATUS_H_
