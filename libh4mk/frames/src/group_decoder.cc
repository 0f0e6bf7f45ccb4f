// SPDX-License-Identifier: MIT
#include "group_decoder.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace h4mk::frames {
namespace {

// The place of each block in the order in which they are shown. It is the pts that the decoder is
// given: unlike times it is never missing, and never there twice.
std::vector<size_t> RanksOf(const std::vector<h4mk_block_info>& blocks) {
  std::vector<size_t> order(blocks.size()), ranks(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(
      order, [&](size_t a, size_t b) { return TimeOf(blocks[a]) < TimeOf(blocks[b]); });
  for (size_t rank = 0; rank < order.size(); ++rank) ranks[order[rank]] = rank;
  return ranks;
}

}  // namespace

Outcome GroupDecoder::Decode(LoadedGroup& loaded, const std::atomic<bool>& cancelled,
                             const Visit& visit, bool* is_short) {
  if (!frame_) return Outcome(H4MK_ERR_MEMORY, "no memory for a picture");
  const std::vector<size_t> ranks = RanksOf(loaded.group.blocks);
  visit_ = &visit;
  missing_ = loaded.group.wanted.size();
  trusts_all_ = loaded.is_last_try;
  by_rank_.assign(ranks.size(), nullptr);
  for (const Wanted& wanted : loaded.group.wanted) by_rank_[ranks[wanted.block]] = &wanted;
  Outcome outcome;
  for (size_t i = 0; i < ranks.size() && missing_ > 0 && outcome.ok(); ++i) {
    if (!loaded.packets[i]) continue;
    if (cancelled) outcome = Outcome(H4MK_ERR_CANCELLED, "cancelled");
    loaded.packets[i]->pts = static_cast<int64_t>(ranks[i]);
    loaded.packets[i]->dts = static_cast<int64_t>(i) - static_cast<int64_t>(ranks.size());
    if (outcome.ok()) outcome = Send(loaded.packets[i].get());
    loaded.packets[i].reset();
  }
  if (outcome.ok() && missing_ > 0) outcome = Send(nullptr);
  avcodec_flush_buffers(context_.get());
  *is_short = outcome.ok() && missing_ > 0;
  return outcome;
}

// A block that cannot be decoded costs itself: whether that matters, the pictures tell.
Outcome GroupDecoder::Send(const AVPacket* packet) {
  for (;;) {
    const int error = avcodec_send_packet(context_.get(), packet);
    if (error == AVERROR(ENOMEM)) return CodecError(error, "decoding failed");
    H4MK_FRAMES_TRY(Receive());
    if (error != AVERROR(EAGAIN)) return {};
  }
}

Outcome GroupDecoder::Receive() {
  constexpr int kMaxErrors = 64;  // of threads that end; whatever a decoder does, this ends
  for (int errors = 0; errors < kMaxErrors;) {
    const int error = avcodec_receive_frame(context_.get(), frame_.get());
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return {};
    if (error == AVERROR(ENOMEM)) return CodecError(error, "decoding failed");
    if (error < 0) {
      ++errors;  // the picture of another block may come
      continue;
    }
    const bool is_ours = frame_->pts >= 0 && static_cast<size_t>(frame_->pts) < by_rank_.size();
    const bool is_certain = trusts_all_ || !(frame_->flags & AV_FRAME_FLAG_CORRUPT);
    Outcome outcome;
    if (const Wanted* wanted =
            is_ours && is_certain
                ? std::exchange(by_rank_[static_cast<size_t>(frame_->pts)], nullptr)
                : nullptr) {
      --missing_;
      outcome = (*visit_)(*wanted, *frame_);
    }
    av_frame_unref(frame_.get());
    if (!outcome.ok()) return outcome;
  }
  return {};
}

}  // namespace h4mk::frames
