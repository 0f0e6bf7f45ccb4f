// SPDX-License-Identifier: MIT
#include "chunk/range_crc.h"

#include <algorithm>

#include "base/crc32.h"

namespace h4mk {
namespace {

constexpr size_t kStep = 4096;
constexpr size_t kMaxPrefixes = 1 << 18;  // of 1 GiB; more than two chunks of the largest size

}  // namespace

// With P(x) the CRC of all bytes from the origin to x: P(until) = shift(P(from), until - from) ^
// CRC of the range.
Status RangeCrc::Of(uint32_t start, uint64_t from, uint64_t until, uint32_t* crc) {
  if (prefixes_.empty() || from < origin_ || from - origin_ > uint64_t{kMaxPrefixes} / 2 * kStep) {
    origin_ = from;
    prefixes_.assign(1, 0);
  }
  uint32_t at_from = 0, at_until = 0;
  H4MK_TRY(PrefixAt(from, &at_from));
  H4MK_TRY(PrefixAt(until, &at_until));
  *crc = Crc32Combine(at_from ^ start, at_until, until - from);
  return {};
}

Status RangeCrc::PrefixAt(uint64_t offset, uint32_t* crc) {
  const uint64_t step = (offset - origin_) / kStep;
  while (prefixes_.size() <= step) {
    uint32_t next = prefixes_.back();
    const uint64_t at = origin_ + (prefixes_.size() - 1) * kStep;
    H4MK_TRY(Read(at, at + kStep, &next));
    prefixes_.push_back(next);
  }
  *crc = prefixes_[static_cast<size_t>(step)];
  return Read(origin_ + step * kStep, offset, crc);
}

Status RangeCrc::Read(uint64_t from, uint64_t until, uint32_t* crc) {
  if (from == until) return {};
  buffer_.resize(static_cast<size_t>(until - from));
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(from, buffer_.data(), buffer_.size(), &got));
  if (got < buffer_.size()) return Status(Code::kEnd, "the file ends here");
  *crc = Crc32(*crc, buffer_);
  return {};
}

}  // namespace h4mk
