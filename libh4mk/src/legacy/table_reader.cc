// SPDX-License-Identifier: MIT
#include "legacy/table_reader.h"

#include <algorithm>
#include <utility>

#include "base/fault.h"

namespace h4mk {
namespace {

Status CannotSeek() { return Status(Code::kNotSeekable, "the input cannot seek"); }

}  // namespace

void TableReader::TakeMeta(ByteSpan payload) {
  Result<Json> meta = ParseLegacyJson(AsText(payload), "META");
  if (!meta.ok() || !meta.value().is_object())
    return Warn("META is no JSON object; it is left out");
  meta_ = std::move(meta.value());
}

void TableReader::CountTotals() {
  discarded_.assign(tracks().size(), false);
  totals_.assign(tracks().size(), {});
  BlockInfo info;
  for (uint32_t number = 0; has_table() && number < block_count(); ++number)
    if (Describe(number, &info) && info.record.track >= 0)
      totals_[static_cast<size_t>(info.record.track)].Add(info.record);
}

Status TableReader::AtEnd() const {
  return closed_ ? Status(Code::kEnd, "end of file") : Status(Code::kAgain, cut_message());
}

// The block that a seek asked for, then all from next_ on.
Status TableReader::Next(ReadBlock* block) {
  for (; lead_ || next_ < block_count(); Advance()) {
    const uint32_t number = lead_ ? *lead_ : next_;
    BlockInfo info;
    if (!Describe(number, &info)) continue;
    if (next_damage_ < damage_.size() && damage_[next_damage_].offset < info.chunk)
      return NextDamage();
    if (IsSkipped(number, info.record)) continue;
    Status status = ReadNumbered(number, block);
    block->corrupt = status.code() == Code::kCorrupt;
    if (!status.ok() && !block->corrupt) return status;
    if (block->corrupt && !reported_) {
      reported_ = true;
      return status;
    }
    if (block->corrupt && !keep_corrupt_) continue;
    Advance();
    return {};
  }
  return next_damage_ < damage_.size() ? NextDamage() : AtEnd();
}

void TableReader::Advance() {
  if (lead_)
    led_ = std::exchange(lead_, std::nullopt);
  else
    ++next_;
  reported_ = false;
}

bool TableReader::IsSkipped(uint32_t number, const BlockRecord& record) const {
  if (record.track < 0 || led_ == number) return true;
  const auto track = static_cast<size_t>(record.track);
  return discarded_[track] || (!first_.empty() && number < first_[track]);
}

Status TableReader::Alloc(size_t size, uint8_t** data) {
  ReleaseBuffer();
  buffer_ = allocator_.Alloc(size + kBlockPadding, data);
  return buffer_ ? Status() : Status(Code::kMemory, "out of memory");
}

Status TableReader::CopyOut(ByteSpan bytes, ReadBlock* block) {
  uint8_t* data = nullptr;
  H4MK_TRY(Alloc(bytes.size(), &data));
  std::fill_n(std::ranges::copy(bytes, data).out, kBlockPadding, uint8_t{0});
  block->data = data;
  block->buffer = buffer_;
  return {};
}

void TableReader::AddDamage(uint64_t offset, std::string message) {
  constexpr size_t kMaxDamage = 10000;
  if (damage_.size() < kMaxDamage) damage_.push_back({offset, std::move(message)});
}

void TableReader::ReleaseBuffer() {
  if (buffer_ != nullptr) allocator_.Release(buffer_);
  buffer_ = nullptr;
}

BlockTable& TableReader::Table() {
  if (!table_)
    table_.emplace(has_table() ? block_count() : 0, [this](uint32_t number, BlockInfo* info) {
      return Describe(number, info) && info->record.track >= 0;
    });
  return *table_;
}

Status TableReader::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  if (!has_table()) return CannotSeek();
  SeekStart start;
  H4MK_TRY(Table().FindSeekStart(tracks(), discarded_, track, time, mode, any, &start));
  first_ = std::move(start.first);
  next_ = start.number;
  lead_ = first_[track];
  led_.reset();
  reported_ = false;
  next_damage_ = damage_.size();  // reported where reading passes them from the start
  return {};
}

Status TableReader::LookUp(const std::function<Status(Lookups&)>& ask) {
  return has_table() ? ask(Table()) : CannotSeek();
}

Status TableReader::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) {
  if (!has_table()) return CannotSeek();
  H4MK_ASSIGN(const uint32_t number, Table().Find(track, ordinal));
  Status status = ReadNumbered(number, block);
  block->corrupt = status.code() == Code::kCorrupt;
  return block->corrupt && keep_corrupt_ ? Status() : std::move(status);
}

Status TableReader::Rewind() {
  if (!has_table()) return CannotSeek();
  next_ = 0;
  lead_.reset();
  led_.reset();
  next_damage_ = 0;
  first_.clear();
  reported_ = false;
  return {};
}

void TableReader::IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) {
  *entries = Table().key_count(track);
  *bytes = index_bytes_;
}

Status TableReader::IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                                 size_t* copied) {
  return Table().IndexEntries(track, first, out, copied);
}

}  // namespace h4mk
