// SPDX-License-Identifier: MIT
#include "protect/checkpoint_chain.h"

#include <algorithm>
#include <utility>

#include "chunk/chunk_reader.h"

namespace h4mk {
namespace {

constexpr size_t kMaxLoaded = 4;            // checkpoints in memory
constexpr uint64_t kLookBack = 2ull << 30;  // for the last one: more than the largest chunk
constexpr uint64_t kShortLookBack = 512 << 10;
constexpr size_t kMaxUnfinished = 16;  // an honest file has one

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

// Looks whether the chunk at an offset, of a file of this size, is a checkpoint that may be taken.
Status CheckpointChain::Judge(uint64_t at, const ChunkHeader& header, uint64_t size,
                              Newest* newest) {
  if (header.tag != kTagVeri || header.flags != 0) return {};
  if (at + header.size() > size) {
    unfinished_.insert({at, header.size()});
    if (unfinished_.size() > kMaxUnfinished) unfinished_.erase(unfinished_.begin());
    return {};
  }
  Bytes payload;
  Status status = ChunkReader(input_).ReadPayload(at, header, &payload);
  if (status.code() == Code::kIo) return status;
  unfinished_.erase(at);
  if (!status.ok() || !IsCheckpoint(payload)) return {};
  Checkpoint& found = newest->checkpoint;
  status = DecodeCheckpoint(payload, at, key(), &found);
  // A later one of the same recording in the same place: it does not begin anew behind its end.
  const bool goes_on = found.tree_id == last_.tree_id && at == base_ + found.position;
  newest->is_found = status.ok() && found.position <= at && (end_ == 0 || goes_on);
  newest->offset = at;
  newest->end = at + header.size();
  if (status.code() == Code::kKey && newest->other_key.ok()) newest->other_key = std::move(status);
  return {};
}

// Looks at what came since the last search, then at what was not complete then. All of the file
// each time would be quadratic for who follows it.
Status CheckpointChain::Search(uint64_t size, Newest* newest) {
  const auto check = [&](uint64_t at, const ChunkHeader& header, bool* valid) -> Status {
    H4MK_TRY(Judge(at, header, size, newest));
    *valid = newest->is_found;
    return {};
  };
  const std::map<uint64_t, uint64_t> unfinished = unfinished_;
  const uint64_t searched = size_seen_ - std::min<uint64_t>(size_seen_, kChunkHeaderSize - 1);
  const uint64_t from = std::min(size, std::max(end_, searched));
  uint64_t at = 0;
  const Status status = ChunkReader(input_).FindBackward(size, std::min(kLookBack, size - from),
                                                         kTagVeri, check, &at);
  if (status.code() != Code::kEnd) return status;
  for (auto chunk = unfinished.rbegin(); chunk != unfinished.rend(); ++chunk) {
    if (newest->is_found) break;
    if (chunk->first + chunk->second > size || chunk->first >= from) continue;
    ChunkHeader header;
    const Status read = ChunkReader(input_).ReadHeader(chunk->first, &header);
    if (read.code() == Code::kIo) return read;
    if (read.ok()) H4MK_TRY(Judge(chunk->first, header, size, newest));
  }
  return {};
}

Status CheckpointChain::FindNewest(uint64_t size, bool* is_new) {
  *is_new = false;
  Newest newest;
  H4MK_TRY(Search(size, &newest));  // after a failed read the next call tries once more
  size_seen_ = size;
  if (!newest.is_found) {
    if (end_ != 0) return {};  // nothing newer
    if (!newest.other_key.ok()) return newest.other_key;
    return Status(Code::kKey,
                  key_ ? "the file is not signed with this key" : "the file is not signed");
  }
  base_ = newest.offset - newest.checkpoint.position;
  last_ = std::move(newest.checkpoint);
  end_ = newest.end;
  unfinished_.erase(unfinished_.begin(), unfinished_.lower_bound(end_));
  lost_.clear();
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
  // Longer ones would be read over and over, one for each checkpoint that somebody has changed.
  if (const auto next = known_.upper_bound(position);
      next != known_.end() && header.size() > *next - position)
    return Corrupt(offset, "checkpoint reaches over the one behind it");
  H4MK_TRY(chunks.ReadPayload(offset, header, &payload));
  H4MK_TRY(DecodeCheckpoint(payload, offset, key(), checkpoint));
  if (checkpoint->tree_id == last_.tree_id && checkpoint->position == position) return {};
  return Corrupt(offset, "checkpoint is of another file or another place");
}

// A checkpoint that is lost is asked for again for all that it lists.
Status CheckpointChain::ReadOnce(uint64_t position, Checkpoint* checkpoint) {
  if (const auto lost = lost_.find(position); lost != lost_.end()) return lost->second;
  const Status status = Read(position, checkpoint);
  if (!status.ok() && status.code() != Code::kIo) lost_.emplace(position, status);
  return status;
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
        H4MK_TRY(ReadOnce(at, &read));
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
