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
  H4MK_TRY(PrefixAt(from, &first_, &at_from));
  const bool is_near = until < first_.offset + first_.bytes.size();
  H4MK_TRY(PrefixAt(until, is_near ? &first_ : &last_, &at_until));
  *crc = Crc32Combine(at_from ^ start, at_until, until - from);
  return {};
}

Status RangeCrc::PrefixAt(uint64_t offset, Page* page, uint32_t* crc) {
  const uint64_t step = (offset - origin_) / kStep;
  while (prefixes_.size() <= step) {
    H4MK_TRY(Read(origin_ + (prefixes_.size() - 1) * kStep, kStep, page));
    prefixes_.push_back(Crc32(prefixes_.back(), page->bytes));
  }
  const auto rest = static_cast<size_t>((offset - origin_) % kStep);
  *crc = prefixes_[static_cast<size_t>(step)];
  if (rest == 0) return {};
  H4MK_TRY(Read(offset - rest, rest, page));
  *crc = Crc32(*crc, ByteSpan(page->bytes).first(rest));
  return {};
}

// Reads the step at offset unless the page has that many bytes of it.
Status RangeCrc::Read(uint64_t offset, size_t size, Page* page) {
  if (page->offset != offset || page->bytes.size() < size) {
    page->offset = offset;
    page->bytes.resize(kStep);
    size_t got = 0;
    const Status status = source_.ReadAt(offset, page->bytes.data(), kStep, &got);
    page->bytes.resize(status.ok() ? got : 0);
    H4MK_TRY(status);
  }
  return page->bytes.size() < size ? Status(Code::kEnd, "the file ends here") : Status();
}

}  // namespace h4mk
