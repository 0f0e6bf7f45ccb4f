// SPDX-License-Identifier: MIT
#include "protect/checkpoint_chain.h"

#include <algorithm>

#include "chunk/chunk_reader.h"

namespace h4mk {
namespace {

constexpr size_t kMaxLoaded = 4;            // checkpoints in memory
constexpr uint64_t kLookBack = 2ull << 30;  // for the last one: more than the largest chunk
constexpr uint64_t kShortLookBack = 512 << 10;

}  // namespace

Status FindCheckpoint(Source& input, Checkpoint* checkpoint) {
  ChunkReader chunks(input);
  const auto size = static_cast<uint64_t>(std::max<int64_t>(0, input.Size()));
  uint64_t at = 0;
  const auto check = [&](uint64_t offset, const ChunkHeader& header, bool* valid) -> Status {
    Bytes payload;
    *valid = false;
    if (offset + header.size() > size) return {};
    const Status status = chunks.ReadPayload(offset, header, &payload);
    if (status.code() == Code::kIo) return status;
    *valid = status.ok() && IsCheckpoint(payload) &&
             DecodeCheckpoint(payload, offset, nullptr, checkpoint).ok();
    return {};
  };
  const Status status =
      chunks.FindBackward(size, std::min(kShortLookBack, size), kTagVeri, check, &at);
  return status.code() == Code::kEnd ? Status(Code::kNotFound, "no signature near the end")
                                     : status;
}

Status CheckpointChain::FindNewest(uint64_t size, bool* is_new) {
  *is_new = false;
  ChunkReader chunks(input_);
  Status other_key;
  Checkpoint found;
  uint64_t end_of_found = 0;
  const auto check = [&](uint64_t at, const ChunkHeader& header, bool* valid) -> Status {
    Bytes payload;
    *valid = false;
    if (at + header.size() > size || header.flags != 0) return {};
    Status status = chunks.ReadPayload(at, header, &payload);
    if (status.code() == Code::kIo) return status;
    if (!status.ok() || !IsCheckpoint(payload)) return {};
    status = DecodeCheckpoint(payload, at, key(), &found);
    // A later one of the same recording in the same place: it does not begin anew behind its end.
    const bool goes_on = found.tree_id == last_.tree_id && at == base_ + found.position;
    *valid = status.ok() && found.position <= at && (end_ == 0 || goes_on);
    end_of_found = at + header.size();
    if (status.code() == Code::kKey && other_key.ok()) other_key = std::move(status);
    return {};
  };
  uint64_t at = 0;
  const uint64_t distance = std::min(kLookBack, size - std::min(size, end_));
  Status status = chunks.FindBackward(size, distance, kTagVeri, check, &at);
  if (status.code() == Code::kIo) return status;  // the next call tries once more
  size_seen_ = size;
  if (status.code() == Code::kEnd) {
    if (end_ != 0) return {};  // nothing newer
    if (!other_key.ok()) return other_key;
    return Status(Code::kKey,
                  key_ ? "the file is not signed with this key" : "the file is not signed");
  }
  if (!status.ok()) return status;
  base_ = at - found.position;
  last_ = std::move(found);
  end_ = end_of_found;
  known_.insert(last_.position);
  known_.insert(last_.checkpoints.begin(), last_.checkpoints.end());
  *is_new = true;
  return {};
}

Status CheckpointChain::Read(uint64_t position, Checkpoint* checkpoint) {
  const uint64_t offset = base_ + position;
  ChunkReader chunks(input_);
  ChunkHeader header;
  Bytes payload;
  H4MK_TRY(chunks.ReadHeader(offset, &header));
  if (header.tag != kTagVeri || header.flags != 0)
    return Corrupt(offset, "a checkpoint expected, found another chunk");
  H4MK_TRY(chunks.ReadPayload(offset, header, &payload));
  H4MK_TRY(DecodeCheckpoint(payload, offset, key(), checkpoint));
  if (checkpoint->tree_id == last_.tree_id && checkpoint->position == position) return {};
  return Corrupt(offset, "checkpoint is of another file or another place");
}

Status CheckpointChain::Behind(uint64_t position, const Checkpoint** checkpoint) {
  for (;;) {
    const uint64_t at = *known_.upper_bound(position);  // REQUIRES: position < last_.position
    const Checkpoint* found = &last_;
    if (at != last_.position) {
      auto loaded = std::find_if(loaded_.begin(), loaded_.end(),
                                 [at](const Checkpoint& c) { return c.position == at; });
      if (loaded == loaded_.end()) {
        Checkpoint read;
        H4MK_TRY(Read(at, &read));
        if (loaded_.size() == kMaxLoaded) loaded_.pop_front();
        loaded = loaded_.insert(loaded_.end(), std::move(read));
      }
      found = &*loaded;
    }
    // A file without an end has no list of all: back from one to the other.
    const bool is_new = found->previous != 0 && known_.insert(at - found->previous).second;
    if (!is_new || at - found->previous <= position) {
      *checkpoint = found;
      return {};
    }
  }
}

Status CheckpointChain::FindLeaf(uint64_t offset, const Checkpoint** checkpoint, size_t* leaf) {
  if (offset >= base_ && offset - base_ < last_.position) {
    H4MK_TRY(Behind(offset - base_, checkpoint));
    const std::vector<TreeLeaf>& leaves = (*checkpoint)->leaves;
    const auto found = std::ranges::lower_bound(leaves, offset - base_, {}, &TreeLeaf::position);
    *leaf = static_cast<size_t>(found - leaves.begin());
    if (found != leaves.end() && found->position == offset - base_) return {};
  }
  return Corrupt(offset, "no signed chunk starts");
}

bool CheckpointChain::IsKnown(uint64_t offset, ByteSpan payload) const {
  if (offset < base_ || !known_.contains(offset - base_)) return false;
  Checkpoint checkpoint;
  return DecodeCheckpoint(payload, offset, key(), &checkpoint).ok() &&
         checkpoint.tree_id == last_.tree_id && checkpoint.position == offset - base_;
}

}  // namespace h4mk
