// SPDX-License-Identifier: MIT
// Blocks of a file of version 1, one after the other, and seeking.
#include "legacy/v1/v1_reader.h"

#include <algorithm>

#include "base/crc32.h"
#include "base/fault.h"

namespace h4mk {
namespace {

// Blocks of a stream that are kept until it is their turn; more than a decoder's worth is a damaged
// or hostile log.
constexpr size_t kMaxWaiting = 64u << 20;

Status CoreDamage(uint64_t offset) {
  return Corrupt(offset, "chunk_crc: CORE chunk does not match its CRC");
}

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

Status V1Reader::ReadNumbered(uint32_t number, ReadBlock* block) {
  const Core& core = *CoreOf(number);
  ByteSpan payload;
  Status status = ReadCore(core, &payload);
  if (status.ok() || status.code() == Code::kCorrupt) HandOut(number, core, payload, block);
  return status;
}

// REQUIRES: payload lies in buffer_.
void V1Reader::HandOut(uint32_t number, const Core& core, ByteSpan payload, ReadBlock* block) {
  const BlockRecord& record = Record(number, core);
  block->record = &record;
  block->data = payload.data() + kV1RoutingSize;
  block->offset = static_cast<int64_t>(core.offset + kChunkHeaderSize + kV1RoutingSize);
  block->buffer = buffer_;
  block->side_data = {};
  if (log_) block->side_data = log_->side_data(record);
}

// Reads a payload; on kCorrupt it is there all the same.
Status V1Reader::ReadCore(const Core& core, ByteSpan* payload) {
  const size_t size = core.length + kCrcSize;  // opening has compared it with the size of the file
  uint8_t* data = nullptr;
  H4MK_TRY(Alloc(size, &data));
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(core.offset + kChunkHeaderSize, data, size, &got));
  if (got < size) std::fill(data + got, data + size, uint8_t{0});
  *payload = {data, core.length};
  const uint32_t crc =
      Crc32(Crc32(0, ChunkHeaderBytes({kTagCore, core.flags, core.length})), *payload);
  if (got < size || crc != LoadLe<uint32_t>(data + core.length)) return CoreDamage(core.offset);
  std::fill_n(data + core.length, kBlockPadding, uint8_t{0});
  return {};
}

Status V1Reader::NextOfStream(ReadBlock* block) {
  for (;;) {
    const auto due = log_ ? waiting_.find(next_) : waiting_.begin();
    if (due != waiting_.end()) {
      const auto [number, ready] = std::move(*due);
      waiting_.erase(due);
      waiting_bytes_ -= ready.payload.size();
      next_ = number + 1;
      const auto track = static_cast<size_t>(ready.core.track);
      if (discarded_[track]) continue;
      uint8_t* data = nullptr;
      H4MK_TRY(Alloc(ready.payload.size(), &data));
      std::copy(ready.payload.begin(), ready.payload.end(), data);
      std::fill_n(data + ready.payload.size(), kBlockPadding, uint8_t{0});
      block->corrupt = false;
      HandOut(number, ready.core, {data, ready.payload.size()}, block);
      return {};
    }
    if (log_ && next_ < log_->block_count() && lost_[next_]) {
      ++next_;
      continue;
    }
    if (!waiting_.empty() && (at_end_ || waiting_bytes_ > kMaxWaiting)) {
      next_ = waiting_.begin()->first;
      continue;
    }
    if (at_end_) return AtEnd();
    std::optional<Waiting> read;
    H4MK_TRY(ReadStreamCore(&read));
    if (!read) continue;
    uint32_t number = next_;
    if (log_) number = MatchCore(read->core);
    if (number == kNone) {
      Warn(Status(Code::kCorrupt, "block at byte " + std::to_string(read->core.offset) +
                                      " is not in the block log of META")
               .At(read->core.offset));
      continue;
    }
    waiting_bytes_ += read->payload.size();
    waiting_.emplace(number, std::move(*read));
  }
}

// Reads the next chunk of a stream; *read stays empty where it is no block. Every CRC is checked
// before a length is followed.
Status V1Reader::ReadStreamCore(std::optional<Waiting>* read) {
  ChunkHeader header;
  Status status = chunks_.ReadHeader(position_, &header);
  if (status.code() == Code::kEnd) {
    uint8_t rest[kChunkHeaderSize];
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(position_, rest, sizeof rest, &got));
    closed_ = got >= kCrcSize;
    at_end_ = true;
    return {};
  }
  if (!status.ok()) return status;
  if (header.tag != kTagCore) {
    status = ReadChunk(header);
  } else if (header.length > kMaxBlockSize + kV1RoutingSize) {
    status = Corrupt(position_, "block larger than 1 GiB");
    source_.Unread(position_, ChunkHeaderBytes(header));
  } else {
    Waiting block;
    status = chunks_.ReadPayload(position_, header, &block.payload);
    if (status.ok()) {
      const Result<uint16_t> track_id = ParseV1Routing(block.payload);
      block.core.offset = position_;
      block.core.length = header.length;
      block.core.flags = header.flags;
      position_ += header.size();
      if (!track_id.ok()) return Corrupt(block.core.offset, track_id.status().message());
      block.core.track_id = track_id.value();
      block.core.track = list_.ids.Find(track_id.value());
      if (block.core.track < 0) {
        Warn(Status(Code::kCorrupt, "block at byte " + std::to_string(block.core.offset) +
                                        " is of a track that TRAK does not have; it is left out")
                 .At(block.core.offset));
        return {};
      }
      block.core.ordinal = ordinals_[static_cast<size_t>(block.core.track)]++;
      *read = std::move(block);
      return {};
    }
  }
  if (status.ok() || status.code() == Code::kIo || status.code() == Code::kMemory) return status;
  if (status.code() ==
      Code::kAgain) {  // cut inside this chunk: what it carries may look like chunks
    at_end_ = true;
    return {};
  }
  std::string message = status.message();
  status = PassOverDamage(std::move(status));
  if (status.code() == Code::kEnd) at_end_ = true;
  if (status.code() == Code::kEnd) return {};
  if (!status.ok()) return status;
  damage_.clear();
  return Status(Code::kCorrupt, message + "; reading goes on at byte " + std::to_string(position_));
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
