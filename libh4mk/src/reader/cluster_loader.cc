// SPDX-License-Identifier: MIT
#include "reader/cluster_loader.h"

#include <algorithm>
#include <string>

#include "base/crc32.h"
#include "base/fault.h"
#include "chunk/chunk_reader.h"

namespace h4mk {
namespace {

constexpr size_t kLoadedFront = 4096 - kChunkHeaderSize;  // enough for the index of most clusters
constexpr size_t kSoughtFront = 17
                                << 10;  // … and the first stripe of data, where a seek point stands
constexpr size_t kTrusted =
    256 << 10;  // longer chunks must show a valid index before memory is taken for them
constexpr uint64_t kReadOn = 256 << 10;  // the rest of a cluster that is read at once
constexpr size_t kStep =
    128 << 10;  // data is checked in steps that a processor's cache still holds

std::string Range(uint64_t from, uint64_t until) {
  return "bytes " + std::to_string(from) + " to " + std::to_string(until - 1);
}

}  // namespace

void ClusterLoader::Reset() {
  if (buffer_ != nullptr) allocator_.Release(buffer_);
  buffer_ = nullptr;
  payload_ = data_ = nullptr;
  state_ = State::kNothing;
  next_header_.reset();
}

Status ClusterLoader::Load(uint64_t offset, const ChunkHeader& header, bool whole) {
  Reset();
  Start(offset, header);
  return GiveBack(LoadRest(IndexForm::kAll, whole));
}

// Where the index says how long the cluster can be, memory is taken first and the bytes are read to
// where they stay.
Status ClusterLoader::LoadAt(uint64_t offset, uint64_t extent) {
  Reset();
  const bool has_extent = extent != 0 && extent <= kTrusted;
  size_t asked = kSoughtFront;
  uint8_t* front = nullptr;
  if (has_extent) {
    asked = std::min(asked,
                     static_cast<size_t>(extent) + kChunkHeaderSize);  // with the header behind it
    H4MK_TRY(TakeBuffer(extent + kChunkHeaderSize, &front));
  } else {
    front_.resize(asked);
    front = front_.data();
  }
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(offset, front, asked, &got));
  if (got < kChunkHeaderSize)
    return Corrupt(offset, "a cluster expected, found the end of the file");
  const ChunkHeader header = ParseChunkHeader(front);
  if (!header.is_cluster())
    return Corrupt(offset, "a cluster expected, found chunk " + TagText(header.tag));
  const int64_t size = source_.Size();
  if (size >= 0 && offset + header.size() > static_cast<uint64_t>(size))
    return Status(Code::kAgain, "");
  if (has_extent && header.size() > extent)
    return LoadAt(offset, 0);  // one of the two is wrong; the CRCs will tell
  Start(offset, header);
  payload_ = front + kChunkHeaderSize;
  read_until_ = got - kChunkHeaderSize;
  if (const size_t wanted = size_t{header.length} + kChunkOverhead; read_until_ > wanted) {
    source_.Unread(offset + kChunkHeaderSize + wanted,
                   ByteSpan(payload_ + wanted, read_until_ - wanted));
    read_until_ = wanted;
  }
  return GiveBack(LoadRest(IndexForm::kOutline, /*whole=*/false));
}

void ClusterLoader::Start(uint64_t offset, const ChunkHeader& header) {
  ++loads_;
  index_.set_salt(source_.salt());
  offset_ = offset;
  header_ = header;
  read_until_ = 0;
  ready_.clear();
  all_ready_ = false;
  has_bad_ = false;
}

Status ClusterLoader::TakeBuffer(uint64_t size, uint8_t** bytes) {
  buffer_ = allocator_.Alloc(static_cast<size_t>(size) + kBlockPadding, bytes);
  if (buffer_ != nullptr) return {};
  return Status(Code::kMemory, "no memory for a cluster of " + std::to_string(size) + " bytes");
}

// Reads on until the index is there and valid.
Status ClusterLoader::ReadIndex(IndexForm form) {
  size_t needed = std::min<size_t>(header_.length, kLoadedFront);
  for (;;) {
    H4MK_TRY(ReadUntil(needed));
    const ByteSpan had(payload_, std::min<size_t>(read_until_, header_.length));
    const uint64_t at = offset_ + kChunkHeaderSize;
    const bool is_outline = form == IndexForm::kOutline;
    const Status status = is_outline
                              ? index_.ParseOutline(had, at, header_.length, tracks_, &needed)
                              : index_.Parse(had, at, header_.length, tracks_, &needed);
    if (status.ok())  // what an outline believes shows when it is completed
      return is_outline ? Status() : CheckLength();
    if (status.code() != Code::kAgain || needed > header_.length || needed <= had.size())
      return Corrupt(offset_, "cluster index cannot be read");
  }
}

Status ClusterLoader::ReadUntil(size_t needed) {
  if (read_until_ >= needed) return {};
  if (buffer_ == nullptr) {
    front_.resize(kChunkHeaderSize + needed);
    payload_ = front_.data() + kChunkHeaderSize;
  }
  const size_t asked = needed - read_until_;
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(offset_ + kChunkHeaderSize + read_until_, payload_ + read_until_, asked,
                          &got));
  read_until_ += got;
  return got < asked ? Incomplete() : Status();
}

Status ClusterLoader::Incomplete() const {
  return Status(Code::kAgain, "cluster at byte " + std::to_string(offset_) + " is not complete")
      .At(offset_);
}

// What was read of a cluster that cannot be used is handed back: the search for the next one reads
// it again.
Status ClusterLoader::GiveBack(Status status) {
  if (!status.ok()) Unread(source_, offset_, header_, ByteSpan(payload_, read_until_));
  return status;
}

Status ClusterLoader::LoadRest(IndexForm form, bool whole) {
  const bool index_first = !whole || header_.length > kTrusted;
  if (index_first) H4MK_TRY(ReadIndex(form));
  if (buffer_ == nullptr) {
    uint8_t* bytes = nullptr;
    H4MK_TRY(TakeBuffer(uint64_t{header_.length} + kChunkOverhead, &bytes));
    if (read_until_ > 0) std::memcpy(bytes, payload_, read_until_);
    payload_ = bytes;
  }
  if (index_first) StartData();
  if (whole) H4MK_TRY(LoadWhole());
  if (!index_first) {
    H4MK_TRY(ParseIndex());
    StartData();
  }
  state_ = whole ? State::kWhole : State::kIndex;
  return {};
}

// REQUIRES: all of the chunk is read.
Status ClusterLoader::ParseIndex() {
  size_t needed = 0;
  const Status status = index_.Parse(ByteSpan(payload_, header_.length), offset_ + kChunkHeaderSize,
                                     header_.length, tracks_, &needed);
  if (status.code() == Code::kAgain) return Corrupt(offset_, "cluster index cannot be read");
  return status.ok() ? CheckLength() : status;
}

// The index is known: nothing of the data is checked yet.
void ClusterLoader::StartData() {
  data_ = payload_ + index_.data_start();
  ready_.assign(index_.stripe_crcs().size(), false);
  bad_.assign(std::max<size_t>(ready_.size(), 1), false);
}

Status ClusterLoader::LoadData() {
  if (state_ == State::kWhole) return {};
  H4MK_TRY(GiveBack(LoadWhole()));
  state_ = State::kWhole;
  return {};
}

// Reads the rest of the chunk, its CRC and the next chunk's header: in one go, or where the data
// has stripes, and the index is known, in steps that are checked at once.
Status ClusterLoader::LoadWhole() {
  const size_t size = size_t{header_.length} + kCrcSize;
  const size_t wanted = size + kChunkHeaderSize;
  const size_t step = ready_.empty() ? wanted : std::max<size_t>(kStep, index_.stripe_size());
  while (read_until_ < wanted) {
    const size_t asked = std::min(step, wanted - read_until_);
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(offset_ + kChunkHeaderSize + read_until_, payload_ + read_until_, asked,
                            &got));
    read_until_ += got;
    CheckRead();
    if (got < asked) break;
  }
  if (read_until_ < size) return Incomplete();
  stored_crc_ = LoadLe<uint32_t>(payload_ + header_.length);
  if (read_until_ == wanted) {
    next_header_ = ParseChunkHeader(payload_ + size);
  } else {
    source_.Unread(offset_ + kChunkHeaderSize + size,
                   ByteSpan(payload_ + size, read_until_ - size));
  }
  return {};
}

BlockInfo ClusterLoader::InfoOf(const BlockRecord& block) const {
  const uint64_t offset =
      block.flags & kBlockExternal ? index_.range_of(block).offset : data_offset() + block.offset;
  return {block, offset_, static_cast<int64_t>(offset)};
}

// The index is protected by its own CRC, the length in the chunk's header only by the one at the
// chunk's end.
Status ClusterLoader::CheckLength() const {
  if (index_.data_start() + index_.data_size() == header_.length) return {};
  return Corrupt(offset_ + 8, "length of a cluster is " + std::to_string(header_.length) +
                                  ", but its index says " +
                                  std::to_string(index_.data_start() + index_.data_size()));
}

Status ClusterLoader::FetchSlow(const BlockRecord& block) {
  if (block.stored_size() == 0) return {};
  H4MK_TRY(MakeReady(block.offset, uint64_t{block.offset} + block.size));
  if (!has_bad_) return {};
  const uint64_t stripe = index_.stripe_size() != 0 ? index_.stripe_size() : UINT64_MAX;
  const uint64_t first = block.offset / stripe;
  const uint64_t end = (uint64_t{block.offset} + block.size - 1) / stripe + 1;
  bool is_bad = false;
  for (uint64_t i = first; i < end; ++i) is_bad = is_bad || bad_[static_cast<size_t>(i)];
  if (!is_bad) return {};
  const uint64_t until = std::min(index_.data_size(), end * stripe);
  return Corrupt(offset_, "data does not match its CRC (within " +
                              Range(data_offset() + first * stripe, data_offset() + until) +
                              ") in the cluster");
}

Status ClusterLoader::FetchOn(const BlockRecord& block) {
  const uint64_t stripe = index_.stripe_size();
  const bool is_new = stripe != 0 && block.stored_size() != 0 && !all_ready_ &&
                      !ready_[static_cast<size_t>((block.offset + block.size - 1) / stripe)];
  if (is_new) {
    uint64_t until = uint64_t{block.offset} + block.size;
    for (const BlockRecord& other : index_.blocks())
      if (other.track == block.track && other.stored_size() != 0)
        until = std::max(until, uint64_t{other.offset} + other.size);
    H4MK_TRY(MakeReady(block.offset, until));
  }
  return Fetch(block);
}

// Reads (if need be) and checks the stripes that hold the data from `from` to `until`.
Status ClusterLoader::MakeReady(uint64_t from, uint64_t until) {
  const uint64_t stripe = index_.stripe_size();
  if (all_ready_) return {};
  if (stripe == 0) {  // the CRC of the chunk covers all
    H4MK_TRY(LoadData());
    if (Crc32(Crc32(source_.salt(), ChunkHeaderBytes(header_)),
              ByteSpan(payload_, header_.length)) != stored_crc_)
      has_bad_ = bad_[0] = true;
    all_ready_ = true;
    return {};
  }
  if (state_ == State::kWhole) {
    CheckStripes(0, ready_.size());
    all_ready_ = true;
    return {};
  }
  auto first = static_cast<size_t>(from / stripe);
  auto last = static_cast<size_t>((until + stripe - 1) / stripe);
  while (first < last && ready_[first]) ++first;
  while (first < last && ready_[last - 1]) --last;
  if (first == last) return {};
  // The first block costs its own stripes only. Sequential reads fetch the remainder at once, since
  // each jump is a request to a network; of a large remainder as much again each time.
  const auto next = static_cast<size_t>(std::ranges::find(ready_, false) - ready_.begin());
  const bool goes_on = std::ranges::find(ready_, true) != ready_.end();
  if (goes_on && (ready_.size() - next) * stripe <= kReadOn) {
    first = next;
    last = ready_.size();
  }
  for (size_t before = first;
       before-- > 0 && ready_[before] && last < ready_.size() && !ready_[last];)
    ++last;
  while (first < last) {  // never what was read before: a block may refer to it
    size_t stop = first;
    while (stop < last && !ready_[stop]) ++stop;
    H4MK_TRY(ReadData(first * stripe, std::min<uint64_t>(stop * stripe, index_.data_size())));
    CheckStripes(first, stop);
    while (stop < last && ready_[stop]) ++stop;
    first = stop;
  }
  return {};
}

Status ClusterLoader::ReadData(uint64_t from, uint64_t until) {
  uint64_t start = index_.data_start() + from;
  const uint64_t stop = index_.data_start() + until;
  if (start < read_until_) start = std::min<uint64_t>(read_until_, stop);  // came with the index
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(offset_ + kChunkHeaderSize + start, payload_ + start,
                          static_cast<size_t>(stop - start), &got));
  return got < stop - start ? Incomplete() : Status();
}

// Checks the stripes that are read to their end.
void ClusterLoader::CheckRead() {
  if (ready_.empty() || read_until_ < index_.data_start()) return;
  const uint64_t read = read_until_ - index_.data_start();
  all_ready_ = read >= index_.data_size();
  CheckStripes(0, all_ready_ ? ready_.size() : static_cast<size_t>(read / index_.stripe_size()));
}

void ClusterLoader::CheckStripes(size_t first, size_t last) {
  const uint64_t stripe = index_.stripe_size();
  for (size_t i = first; i < last; ++i) {
    if (ready_[i]) continue;
    const uint64_t at = i * stripe;
    const ByteSpan bytes(data_ + at,
                         static_cast<size_t>(std::min(stripe, index_.data_size() - at)));
    if (Crc32(source_.salt(), bytes) != index_.stripe_crcs()[i]) has_bad_ = bad_[i] = true;
    ready_[i] = true;
  }
}

}  // namespace h4mk
