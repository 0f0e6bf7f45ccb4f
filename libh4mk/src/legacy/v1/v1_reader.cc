// SPDX-License-Identifier: MIT
// Blocks of a file of version 1, one after the other, and seeking.
#include "legacy/v1/v1_reader.h"

#include <algorithm>

#include "base/crc32.h"
#include "file/chunk_list.h"

namespace h4mk {
namespace {

// Blocks of a stream that are kept until it is their turn; more than a decoder's worth is a damaged
// or hostile log.
constexpr size_t kMaxWaiting = 64u << 20;

}  // namespace

uint32_t V1Reader::block_count() const {
  return log_ ? log_->block_count() : static_cast<uint32_t>(cores_.size());
}

const V1Reader::Core* V1Reader::CoreOf(uint32_t number) const {
  const uint32_t core = log_ ? core_of_block_[number] : number;
  return core == kNone ? nullptr : &cores_[core];
}

// What is known of a block: from the log, or what version 1 can say. Valid until the next call.
const BlockRecord& V1Reader::Record(uint32_t number, const Core& core) {
  if (log_) return log_->Block(number);
  const V1Flags flags = ParseV1Flags(core.flags);
  record_ = {};
  record_.pts = flags.pts_ms;
  record_.dts =
      kNoTime;  // blocks stand in the order of presentation: that of decoding is not known
  record_.ordinal = core.ordinal;
  record_.size = core.length - static_cast<uint32_t>(kV1RoutingSize);
  record_.track = core.track;
  record_.flags = flags.type == kV1TypeI ? kBlockKey : std::min<uint32_t>(flags.type, kV1TypeB);
  if (flags.type == kV1TypeReserved) record_.flags = kV1TypeP;  // as its first readers do
  return record_;
}

Status V1Reader::Next(ReadBlock* block) {
  return seekable_ ? TableReader::Next(block) : NextOfStream(block);
}

bool V1Reader::Describe(uint32_t number, BlockInfo* info) {
  const Core* core = CoreOf(number);
  if (core == nullptr) return false;
  *info = {Record(number, *core), core->offset,
           static_cast<int64_t>(core->offset + kChunkHeaderSize + kV1RoutingSize)};
  info->record.track = core->track;
  return true;
}

// Reads a block; on kCorrupt it is there all the same.
Status V1Reader::ReadNumbered(uint32_t number, ReadBlock* block) {
  const Core& core = *CoreOf(number);
  const size_t size = core.length + kCrcSize;  // opening has compared it with the size of the file
  uint8_t* data = nullptr;
  H4MK_TRY(Alloc(size, &data));
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(core.offset + kChunkHeaderSize, data, size, &got));
  std::fill(data + got, data + size, uint8_t{0});
  const uint32_t crc = Crc32(Crc32(0, ChunkHeaderBytes({kTagCore, core.flags, core.length})),
                             ByteSpan(data, core.length));
  const bool whole = got == size && crc == LoadLe<uint32_t>(data + core.length);
  if (whole) std::fill_n(data + core.length, kBlockPadding, uint8_t{0});
  HandOut(number, core, data, block);
  return whole ? Status() : WrongCrc(core.offset, kTagCore);
}

// REQUIRES: payload lies in buffer_.
void V1Reader::HandOut(uint32_t number, const Core& core, const uint8_t* payload,
                       ReadBlock* block) {
  const BlockRecord& record = Record(number, core);
  block->record = &record;
  block->data = payload + kV1RoutingSize;
  block->offset = static_cast<int64_t>(core.offset + kChunkHeaderSize + kV1RoutingSize);
  block->buffer = buffer_;
  block->side_data = {};
  if (log_) block->side_data = log_->side_data(record);
}

Status V1Reader::NextOfStream(ReadBlock* block) {
  for (;;) {
    if (!damage_.empty()) {
      Status damage(Code::kCorrupt, std::move(damage_.front().message));
      damage_.pop_front();
      return damage;
    }
    const auto due = log_ ? waiting_.find(next_) : waiting_.begin();
    if (due != waiting_.end()) {
      const auto [number, ready] = std::move(*due);
      waiting_.erase(due);
      waiting_bytes_ -= ready.payload.size();
      next_ = number + 1;
      if (discarded_[static_cast<size_t>(ready.core.track)]) continue;
      H4MK_TRY(CopyOut(ready.payload, block));
      block->corrupt = false;
      HandOut(number, ready.core, block->data, block);
      return {};
    }
    if (log_ && next_ < log_->block_count() && lost_[next_])
      ++next_;
    else if (!waiting_.empty() && (at_end_ || waiting_bytes_ > kMaxWaiting))
      next_ = waiting_.begin()->first;
    else if (at_end_)
      return AtEnd();
    else
      H4MK_TRY(ReadStream());
  }
}

// Takes in the next chunk of a stream. Every CRC is checked before a length is followed.
Status V1Reader::ReadStream() {
  ChunkHeader header;
  Status status = chunks_.ReadHeader(position_, &header);
  if (status.code() == Code::kEnd) {
    uint8_t rest[kChunkHeaderSize];
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(position_, rest, sizeof rest, &got));
    closed_ = got >= kCrcSize;
  }
  if (status.ok()) status = TakeChunk(header);
  at_end_ = status.code() == Code::kEnd;
  return at_end_ ? Status() : status;
}

Status V1Reader::AddStreamCore(const ChunkHeader& header) {
  Waiting block;
  H4MK_TRY(chunks_.ReadPayload(position_, header, &block.payload));
  Core& core = block.core;
  const Status routing = ParseCore(header, block.payload, &core);
  position_ += header.size();
  if (!routing.ok()) {
    AddDamage(core.offset, routing.message());
    return {};
  }
  const auto leave_out = [&](const char* reason) {
    Warn(Status(Code::kCorrupt, "block at byte " + std::to_string(core.offset) + reason)
             .At(core.offset));
    return Status();
  };
  core.track = list_.ids.Find(core.track_id);
  if (core.track < 0) return leave_out(" is of a track that TRAK does not have; it is left out");
  core.ordinal = ordinals_[static_cast<size_t>(core.track)]++;
  const uint32_t number = log_ ? MatchCore(core) : next_;
  if (number == kNone) return leave_out(" is not in the block log of META");
  waiting_bytes_ += block.payload.size();
  waiting_.emplace(number, std::move(block));
  return {};
}

Status V1Reader::Attachment(uint32_t track, ByteSpan* bytes) {
  const auto known = attachments_.find(list_.ids.id(track));
  if (known == attachments_.end()) return Status(Code::kNotFound, "track has no attachment");
  *bytes = known->second;
  return {};
}

Status V1Reader::Rewind() {
  if (!seekable_ && next_ == 0 && waiting_.empty() && !at_end_) return {};
  return TableReader::Rewind();
}

}  // namespace h4mk
