// SPDX-License-Identifier: MIT
#include "decode/chain_decoder.h"

#include "base/fault.h"
#include "file/lookup_all.h"
#include "pipeline/preroll.h"

namespace h4mk {
namespace {

h4mk_adapter_block ToAdapterBlock(const BlockRecord& record, const uint8_t* data) {
  h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
  block.flags = record.flags & kBlockPublicFlags;
  block.pts = record.pts;
  block.dts = record.dts;
  block.duration = record.duration;
  block.ordinal = record.ordinal;
  block.data = data;
  block.size = record.size;
  return block;
}

}  // namespace

// --------------------------------------------------------------------------------------------------------------
// seeking

Status ChainDecoder::Seek(int64_t time) {
  std::vector<BlockInfo> chain;
  H4MK_TRY(LookupAll(
      reader_.file(),
      [&](Lookups& lookups, std::span<BlockInfo> out, uint64_t* total) {
        return lookups.DecodeChain(track_, time, out, total);
      },
      &chain, kMaxChain));
  if (chain.empty())
    return Status(Code::kNotFound, "no seek point of the track at or before the time");
  const BlockInfo& key = chain.front();
  const BlockInfo& target = chain.back();
  const bool ahead = has_last_ && target.record.time() > last_time_;
  if (!ahead || key.record.ordinal < run_start_ || key.record.ordinal > next_) {
    uint64_t start = 0;
    H4MK_TRY(FindPrerollStart(reader_.file(), track_, key.record, target.record.ordinal,
                              session_->preroll(), &start));
    Restart(start);
  }
  has_target_ = true;
  target_ordinal_ = target.record.ordinal;
  target_time_ = target.record.time();
  return {};
}

void ChainDecoder::Restart(uint64_t ordinal) {
  session_->Flush();
  // What was read ahead serves as well if it is what follows.
  const bool follows = ordinal >= next_;
  while (!prefetched_.empty() && (!follows || next_ < ordinal)) {
    TakePrefetched();
    ++next_;
  }
  run_start_ = next_ = ordinal;
  drained_ = has_last_ = has_target_ = late_ = false;
}

// -------------------------------------------------------------------------------------------------------------
// decoding

// Blocks that are decoded between an output and the target are shown between them, but for the
// anchor behind a target that is a B block.
bool ChainDecoder::IsHeardAtTarget(const DecodeSession::Waiting& entry) const {
  return has_target_ && entry.block.ordinal + session_->preroll() + 1 >= target_ordinal_;
}

// Passes over what is before the target, and what is decoded late because the target did not wait
// for it.
const DecodeSession::Waiting* ChainDecoder::FrontFromTarget() {
  if (has_target_ && next_ > target_ordinal_ && session_->preroll() == 0)
    session_->ReleaseUntil(target_time_);
  while (const DecodeSession::Waiting* front = session_->Front()) {
    if (has_target_ && (front->block.ordinal == target_ordinal_ || front->time > target_time_)) {
      has_target_ = false;
      late_ = true;
    }
    if (front->time > target_time_) late_ = false;
    const bool is_late = late_ && front->time < target_time_;
    if (!has_target_ && !is_late) return front;
    if (!is_late) last_time_ = front->time;
    has_last_ = true;
    // What cannot be shown is not asked for either.
    (void)session_->Skip(IsHeardAtTarget(*front)).ok();
  }
  return nullptr;
}

Status ChainDecoder::Next(h4mk_output* output, const std::atomic<bool>* cancel) {
  for (;;) {
    if (const DecodeSession::Waiting* front = FrontFromTarget()) {
      last_time_ = front->time;
      has_last_ = true;
      return session_->Receive(output);
    }
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed))
      return Status(Code::kState, "cancelled");
    H4MK_TRY(SendNext());
  }
}

// Feeds the session with block next_, or with the end of the track.
Status ChainDecoder::SendNext() {
  if (!prefetched_.empty()) {
    const StoredBlock stored = TakePrefetched();
    ++next_;
    if (stored.status.ok())
      return session_->Send(ToAdapterBlock(stored.record, stored.data.data()));
    session_->Lose();
    return stored.status;
  }
  ReadBlock read;
  Status status = reader_.ReadBlockAt(track_, next_, &read);
  if (status.ok()) {
    ++next_;
    drained_ = false;
    return session_->Send(ToAdapterBlock(*read.record, read.data));
  }
  if (status.code() == Code::kNotFound) return PassLost(status);
  if (status.code() == Code::kCorrupt) {
    ++next_;
    session_->Lose();
  }
  return status;
}

// The file does not have block next_, or not its data: it was lost, or the track ends.
Status ChainDecoder::PassLost(const Status& status) {
  uint64_t there = 0;
  const Status found = FindBlockFrom(reader_.file(), track_, next_, &there);
  if (found.code() == Code::kIo || found.code() == Code::kMemory) return found;
  if (found.ok()) {
    session_->Lose();
    const bool is_lost = there > next_;
    next_ = is_lost ? there : next_ + 1;
    return is_lost ? Status() : status;
  }
  if (drained_) return Status(reader_.is_closed() ? Code::kEnd : Code::kAgain, "no more blocks");
  session_->SendEnd();
  drained_ = true;
  return {};
}

// prefetch

Status ChainDecoder::ReadStored(uint64_t ordinal, StoredBlock* block) {
  ReadBlock read;
  const Status status = reader_.ReadBlockAt(track_, ordinal, &read);
  if (status.ok()) {
    block->record = *read.record;
    block->data.assign(read.data, read.data + read.record->size);
  } else if (status.code() == Code::kCorrupt) {
    block->record.ordinal = ordinal;
    block->status = status;
  } else {
    return status;
  }
  return {};
}

bool ChainDecoder::Prefetch() {
  // The rest of this group, the next one, and the first block of the one behind it.
  if (drained_ || prefetched_keys_ >= 2 || prefetched_bytes_ >= kMaxPrefetch ||
      prefetched_.size() >= kMaxPrefetchBlocks)
    return false;
  StoredBlock block;
  if (!ReadStored(next_ + prefetched_.size(), &block).ok()) return false;
  prefetched_bytes_ += block.data.size();
  prefetched_keys_ += block.record.is_key();
  prefetched_.push_back(std::move(block));
  return true;
}

ChainDecoder::StoredBlock ChainDecoder::TakePrefetched() {
  StoredBlock block = std::move(prefetched_.front());
  prefetched_.pop_front();
  prefetched_bytes_ -= block.data.size();
  prefetched_keys_ -= block.record.is_key();
  return block;
}

}  // namespace h4mk
