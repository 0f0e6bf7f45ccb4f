// SPDX-License-Identifier: MIT
#include "near_blocks.h"

#include <algorithm>
#include <iterator>

namespace h4mk::frames {
namespace {

constexpr size_t kAhead = 256;
constexpr size_t kBack = 32;  // few: the clusters before may have to be fetched for them
constexpr size_t kFarBack = 4096;

}  // namespace

Outcome NearBlocks::From(uint64_t number, h4mk_block_info* block, bool* found) {
  *found = true;
  const bool is_known = !blocks_.empty() && first_ <= number && number <= blocks_.back().ordinal;
  if (!is_known) {
    const h4mk_status status = h4mk_reader_block_info(reader_, track_, number, block);
    if (status != H4MK_ERR_NOT_FOUND) return Of(status, reader_);
    H4MK_FRAMES_TRY(Read(number, kAhead));
  }
  const auto at = std::ranges::lower_bound(blocks_, number, {}, &h4mk_block_info::ordinal);
  *found = at != blocks_.end();
  if (*found) *block = *at;
  return {};
}

Outcome NearBlocks::Before(uint64_t number, h4mk_block_info* block, bool* found) {
  *found = FindBefore(number, block);
  for (const size_t count : {kBack, kFarBack}) {
    if (*found) return {};
    H4MK_FRAMES_TRY(Read(number - std::min<uint64_t>(number, count), count));
    *found = FindBefore(number, block);
  }
  return {};
}

bool NearBlocks::FindBefore(uint64_t number, h4mk_block_info* block) const {
  if (blocks_.empty() || number - 1 > blocks_.back().ordinal) return false;
  const auto behind = std::ranges::lower_bound(blocks_, number, {}, &h4mk_block_info::ordinal);
  if (behind == blocks_.begin()) return false;
  *block = *std::prev(behind);
  return true;
}

Outcome NearBlocks::Read(uint64_t first, size_t count) {
  size_t copied = 0;
  first_ = first;
  blocks_.assign(count, h4mk_block_info(H4MK_BLOCK_INFO_INIT));
  const h4mk_status status =
      h4mk_reader_blocks(reader_, track_, first, blocks_.data(), count, &copied);
  blocks_.resize(status == H4MK_OK ? copied : 0);
  return Of(status, reader_);
}

}  // namespace h4mk::frames
