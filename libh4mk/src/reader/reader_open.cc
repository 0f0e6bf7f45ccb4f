// SPDX-License-Identifier: MIT
// Opening a file: its front (header, TRAK, META), its end (locator, top of the index), and what to
// do without an end.
#include <algorithm>
#include <utility>

#include "base/crc32.h"
#include "base/fault.h"
#include "file/file_end.h"
#include "index/index_format.h"
#include "reader/reader.h"

namespace h4mk {
namespace {

// So much of a file's end (or front) is read at once: enough for the index of most files, which is
// 1/1024 of them or less. Where clusters are large it is much less: some 3 to 6 bytes for each. How
// large they are, the first one tells well enough.
uint64_t IndexShare(uint64_t file_size, uint64_t cluster_size) {
  uint64_t share = file_size / 1024;
  if (cluster_size > 0) share = std::min(share, 12 * (file_size / cluster_size) + 8192);
  return std::min(file_size, std::clamp<uint64_t>(share, 8192, 512 << 10));
}

constexpr size_t kMaxWarnings = 100;

}  // namespace

Reader::Reader(Source source, BufferAllocator& allocator, bool keep_corrupt)
    : source_(std::move(source)),
      chunks_(source_),
      allocator_(allocator),
      keep_corrupt_(keep_corrupt),
      index_(chunks_, list_.ids),
      current_(std::make_unique<ClusterLoader>(source_, list_.ids, allocator)),
      search_(std::make_unique<ClusterLoader>(source_, list_.ids, allocator)),
      external_(allocator) {}

Status Reader::Open() {
  H4MK_TRY(ReadFileHeader());
  position_ = kFileHeaderSize;
  const Status front = ReadFront();
  if (front.code() == Code::kIo) return front;
  const bool has_end = source_.seekable() && source_.Size() >= 0;
  // The end may hold newer descriptions, and those that damage to the front has cost.
  if (has_end && !closed_) H4MK_TRY(ReadEnd());
  if (has_end && !have_tracks_) H4MK_TRY(UseTracksOfLastPage());
  if (!have_tracks_ && !front.ok()) return front;
  if (!have_tracks_ && position_ == kFileHeaderSize)
    return Status(Code::kTruncated, "file ends behind its header at byte 16; expected a TRAK chunk")
        .At(16);
  if (!have_tracks_) return Corrupt(kFileHeaderSize, "no TRAK chunk found; expected one");
  CheckAttachments();
  if (!front.ok()) Warn(front.message());
  if (has_end && !closed_) {
    H4MK_TRY(RebuildIndex(/*opening=*/true));
    if (!has_locator_)
      Warn("no locator before the end at byte " + std::to_string(source_.Size()) +
           ": the file was cut, or is still being written");
  }
  GrowTracks();
  position_ = first_cluster_;
  opened_ = true;
  changes_ = 0;
  return GuessTotals();
}

// The front is damaged: a page names a TRAK as well.
Status Reader::UseTracksOfLastPage() {
  LastIndex last;
  const Status found = FindLastIndex(&last);
  if (found.code() == Code::kIo) return found;
  if (!found.ok() || last.is_top) return {};
  const Status status = UseDescriptions(last.trak, last.meta);
  return status.code() == Code::kIo ? status : Status();
}

void Reader::CheckAttachments() {
  for (const auto& [track_id, bytes] : attachments_)
    if (list_.ids.Find(track_id) < 0)
      Warn("attachment of track " + std::to_string(track_id) +
           ", which TRAK does not have; it is left out");
}

Status Reader::ReadFileHeader() {
  H4MK_TRY(h4mk::ReadFileHeader(source_, &header_));
  uint8_t bytes[kFileHeaderSize];
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(0, bytes, sizeof bytes, &got));
  checksum_ = Crc32(header_.salt, ByteSpan(bytes, got));
  checksum_until_ = kFileHeaderSize;
  checksum_valid_ = true;
  return {};
}

// Reads the chunks up to the first cluster. Damage is passed over and returned at the end.
Status Reader::ReadFront() {
  Status damage;
  Bytes top;
  uint64_t top_offset = 0;
  for (;;) {
    ChunkHeader header;
    Status status = NextHeader(&header);
    if (status.code() == Code::kEnd || header.is_cluster() || header.tag == kTagTail) break;
    if (status.ok() && header.tag == kTagIndex && position_ == kFileHeaderSize)
      H4MK_TRY(
          HoldIndex(kFileHeaderSize,
                    IndexShare(static_cast<uint64_t>(std::max<int64_t>(source_.Size(), 0)), 0)));
    if (status.ok()) status = ReadFrontChunk(header, &top, &top_offset);
    if (status.ok()) {
      position_ += header.size();
      has_header_ = false;
      continue;
    }
    if (status.code() == Code::kUnsupported) {
      if (damage.ok()) damage = std::move(status);
      position_ += header.size();
      has_header_ = false;
      continue;
    }
    const bool incomplete = status.code() == Code::kAgain;
    if (status.code() != Code::kCorrupt && !incomplete) return status;
    if (position_ == kFileHeaderSize && source_.seekable()) {
      bool repaired = false;
      H4MK_TRY(RepairSalt(source_, &repaired));
      if (repaired) {
        Warn("the salt at byte 8 is damaged: no chunk matches it; expected " +
             std::to_string(source_.salt()));
        continue;
      }
    }
    if (incomplete) status = Status(Code::kTruncated, status.message());
    if (damage.ok()) damage = status;
    uint64_t found = 0;
    status = chunks_.FindNext(position_, &found);
    has_header_ = false;
    checksum_valid_ = false;
    if (status.code() == Code::kEnd) break;
    if (!status.ok()) return status;
    position_ = found;
  }
  first_cluster_ = position_;
  if (have_tracks_ && !top.empty()) {
    Status status = UseTop(top_offset, top);
    if (!status.ok() && damage.ok()) damage = std::move(status);
  }
  return damage;
}

Status Reader::ReadFrontChunk(const ChunkHeader& header, Bytes* top, uint64_t* top_offset) {
  if (!IsPlausibleTag(header.tag)) return Corrupt(position_, "no chunk found; expected one");
  Bytes payload;
  uint32_t crc = 0;
  const Status status = chunks_.ReadPayload(position_, header, &payload, &crc);
  if (status.ok() || status.code() == Code::kUnsupported)
    AddToChecksum(position_, position_ + header.size(), crc);
  H4MK_TRY(status);
  if (header.tag == kTagTracks) {
    trak_crc_ = crc;
    trak_offset_ = position_;
    return TakeTracks(position_, payload);
  }
  if (header.tag == kTagMeta) {
    meta_crc_ = crc;
    meta_offset_ = position_;
    TakeMeta(position_, payload);
  } else if (header.tag == kTagIndex && IsTop(payload) && top->empty()) {
    *top_offset = position_;
    *top = std::move(payload);
  } else if (header.tag == kTagAttachment) {
    ByteReader reader{ByteSpan(payload)};
    const uint64_t track_id = reader.Varint();
    if (reader.failed() || track_id > kMaxTrackId)
      Warn("attachment at byte " + std::to_string(position_) + " names no track; it is left out");
    else
      attachments_[static_cast<uint32_t>(track_id)].assign(reader.data(),
                                                           reader.data() + reader.left());
  }
  return {};
}

Status Reader::TakeTracks(uint64_t offset, ByteSpan payload) {
  Result<TrackList> list =
      ParseTracks({reinterpret_cast<const char*>(payload.data()), payload.size()}, offset);
  if (!list.ok()) return list.status();
  list_ = std::move(list.value());
  have_tracks_ = true;
  return {};
}

// core.md, "TRAK": a later one may add tracks.
Status Reader::TakeLaterTracks(uint64_t offset, ByteSpan payload) {
  Result<TrackList> list =
      ParseTracks({reinterpret_cast<const char*>(payload.data()), payload.size()}, offset);
  if (!list.ok()) return list.status();
  H4MK_TRY(CheckLaterTracks(list_, list.value(), offset));
  list_ = std::move(list.value());
  trak_offset_ = offset;
  changes_ |= kChangedTracks;
  GrowTracks();
  return {};
}

// What is kept by track.
void Reader::GrowTracks() {
  const size_t count = list_.tracks.size();
  discarded_.resize(count);
  any_requirement_ = std::ranges::any_of(
      list_.tracks, [](const Track& track) { return !track.unknown_requirement.empty(); });
  reported_tracks_.resize(count);
  totals_.resize(count);
  if (!landings_.empty()) landings_.resize(count);
  if (!first_block_.empty()) first_block_.resize(count);
  walked_.GrowTo(count);
  index_.GrowTo(count);
}

void Reader::TakeMeta(uint64_t offset, ByteSpan payload) {
  Result<Json> meta =
      ParseJson({reinterpret_cast<const char*>(payload.data()), payload.size()}, offset, "META");
  if (meta.ok() && meta.value().is_object()) {
    meta_ = std::move(meta.value());
    meta_offset_ = offset;
    changes_ |= kChangedMeta;
  } else {
    Warn(meta.ok() ? "META at byte " + std::to_string(offset) + " is no JSON object"
                   : meta.status().message());
  }
}

// Reads a whole chunk that must have this tag.
Status Reader::SmallChunk(uint64_t offset, uint32_t tag, Bytes* payload, uint32_t* crc) {
  ChunkHeader header;
  H4MK_TRY(chunks_.ReadHeader(offset, &header));
  if (header.tag != tag)
    return Corrupt(offset, TagText(tag) + " chunk expected, found " + TagText(header.tag));
  return chunks_.ReadPayload(offset, header, payload, crc);
}

// Reads what most likely is the whole index in one go; it stays at hand for who asks for its pages.
Status Reader::HoldIndex(uint64_t offset, uint64_t size) {
  if (!source_.seekable() || source_.Size() < 0) return {};
  Bytes index(static_cast<size_t>(size));
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(offset, index.data(), index.size(), &got));
  index.resize(got);
  source_.Hold(offset, std::move(index));
  return {};
}

Status Reader::ReadEnd() {
  const int64_t size = source_.Size();
  if (size < static_cast<int64_t>(kFileHeaderSize + kTailSize)) return {};
  const auto file_size = static_cast<uint64_t>(size);
  const bool has_cluster = has_header_ && next_header_.tag == kTagCore;
  const uint64_t share = IndexShare(file_size, has_cluster ? next_header_.size() : 0);
  H4MK_TRY(HoldIndex(file_size - share, share));

  const uint64_t tail_offset = file_size - kTailSize;
  Bytes payload;
  Tail tail;
  Status status = SmallChunk(tail_offset, kTagTail, &payload, nullptr);
  if (status.code() == Code::kIo) return status;
  if (!status.ok() || !DecodeTail(payload, tail_offset, &tail)) return {};
  status = SmallChunk(tail.top, kTagIndex, &payload, nullptr);
  if (status.ok()) status = UseTop(tail.top, payload);
  if (!status.ok() && status.code() != Code::kIo) {
    Warn(status.message());
    return {};
  }
  return status;
}

// What offsets can be at most; more than any if it is not known.
uint64_t Reader::FileSize() {
  const int64_t size = source_.Size();
  return size < 0 ? INT64_MAX : static_cast<uint64_t>(size);
}

// Takes over the top of the index; the file is closed if it reaches as far as the top says.
Status Reader::UseTop(uint64_t offset, ByteSpan payload) {
  IndexTop top;
  if (!DecodeTop(payload, list_.ids, offset, &top))
    return Corrupt(offset, "index top contradicts itself");
  if (source_.Size() >= 0 && static_cast<uint64_t>(source_.Size()) != top.file_size) return {};
  if (!source_.seekable()) return {};
  H4MK_TRY(CheckFirstCluster(offset, top));
  H4MK_TRY(UseDescriptions(top.trak, top.meta));
  if (!DecodeTop(payload, list_.ids, offset, &top))  // with the tracks that count
    return Corrupt(offset, "index top contradicts itself");
  index_.Clear();
  index_.set_file_size(top.file_size);
  for (PageRef& page : top.pages) index_.AddPage(std::move(page));
  totals_ = top.totals;
  closed_ = true;
  return {};
}

// core.md, "Top": one that stands in what the file carries leads elsewhere.
Status Reader::CheckFirstCluster(uint64_t offset, const IndexTop& top) const {
  if (top.first_cluster == 0 || top.first_cluster == first_cluster_) return {};
  return Corrupt(offset, "index top does not lead to the first cluster");
}

// Reads TRAK and META where they stand elsewhere than those that were read already, and differ.
Status Reader::UseDescriptions(uint64_t trak, uint64_t meta) {
  Bytes payload;
  uint32_t crc = 0;
  if (trak != 0 && (trak != trak_offset_ || !have_tracks_)) {
    const Status status = SmallChunk(trak, kTagTracks, &payload, &crc);
    if (status.code() == Code::kIo || (!status.ok() && !have_tracks_)) return status;
    if (!status.ok()) Warn(status.message());
    if (status.ok() && (crc != trak_crc_ || !have_tracks_)) H4MK_TRY(TakeTracks(trak, payload));
  }
  if (meta != 0 && meta != meta_offset_) {
    const Status status = SmallChunk(meta, kTagMeta, &payload, &crc);
    if (status.code() == Code::kIo) return status;
    if (!status.ok()) Warn(status.message());
    if (status.ok() && crc != meta_crc_) TakeMeta(meta, payload);
  }
  return {};
}

// Of a file without an end, when it is opened: the last index page and those before it, then a walk
// over the clusters behind it. Once the index that was used is found to be damaged or wrong,
// nothing that it may have come from is believed: a walk over all clusters.
Status Reader::RebuildIndex(bool opening) {
  index_.Clear();
  totals_.assign(list_.tracks.size(), {});
  walked_until_ = first_cluster_;
  walked_end_ = {};
  has_walked_page_ = false;
  frame_tables_.clear();
  index_.set_file_size(FileSize());
  if (unplanned_) unplanned_->target.cluster.page = kNone;  // some page of the new index
  if (opening) H4MK_TRY(UseLastIndex());
  walked_ = PageBuilder(list_.tracks.size(), /*most_times=*/0);
  walked_.Resume(totals_);
  index_rebuilt_ = walked_until_ == first_cluster_;
  return WalkClusters(opening);
}

Status Reader::UseLastIndex() {
  LastIndex last;
  Status status = FindLastIndex(&last);
  if (status.code() == Code::kIo) return status;
  if (!status.ok()) return {};
  status = last.is_top ? UseFormerTop(last.offset) : UsePages(last);
  if (status.code() == Code::kIo) return status;
  if (status.ok()) {
    walked_until_ = last.end;
  } else {
    Warn(status.message());
    index_.Clear();
    totals_.assign(list_.tracks.size(), {});
  }
  return {};
}

// A page that was written as the file grew, and those before it.
Status Reader::UsePages(const LastIndex& last) {
  H4MK_TRY(UseDescriptions(last.trak, last.meta));
  std::vector<PageRef> chain;
  uint64_t earliest = first_cluster_;
  for (uint64_t offset = last.offset; offset != 0;) {
    Bytes payload;  // the last page as well is read with the tracks that count
    IndexPage page;
    H4MK_TRY(SmallChunk(offset, kTagIndex, &payload, nullptr));
    if (!DecodePage(payload, list_.ids, offset, FileSize(), &page))
      return Corrupt(offset, "index page contradicts itself");
    if (chain.empty()) totals_ = page.totals;
    if (!page.clusters.empty()) earliest = page.clusters.front();
    chain.push_back(Summarize(page, offset, payload.size() + kChunkOverhead, nullptr));
    offset = page.previous;
  }
  // core.md, "A page counts": one that stands in what the file carries leads elsewhere.
  if (earliest != first_cluster_)
    return Corrupt(last.offset, "index pages do not lead to the first cluster");
  for (auto ref = chain.rbegin(); ref != chain.rend(); ++ref) index_.AddPage(std::move(*ref));
  return {};
}

// The top of an end that something was appended to: what it says holds up to there.
Status Reader::UseFormerTop(uint64_t offset) {
  Bytes payload;
  IndexTop top;
  H4MK_TRY(SmallChunk(offset, kTagIndex, &payload, nullptr));
  if (!DecodeTop(payload, list_.ids, offset, &top))
    return Corrupt(offset, "index top contradicts itself");
  H4MK_TRY(CheckFirstCluster(offset, top));
  H4MK_TRY(UseDescriptions(top.trak, top.meta));
  if (!DecodeTop(payload, list_.ids, offset, &top))  // with the tracks that count
    return Corrupt(offset, "index top contradicts itself");
  for (PageRef& page : top.pages) index_.AddPage(std::move(page));
  totals_ = top.totals;
  return {};
}

// Copies of pages at the end of a file name no TRAK, and no page before them; a top at the front
// names the end of the file.
Status Reader::FindLastIndex(LastIndex* last) {
  const auto check = [&](uint64_t at, const ChunkHeader& header, bool* valid) -> Status {
    Bytes payload;
    IndexPage page;
    IndexTop top;
    *valid = false;
    if (header.length > kMaxSmallChunk) return {};
    const Status status = chunks_.ReadPayload(at, header, &payload);
    if (!status.ok()) return status.code() == Code::kIo ? status : Status();
    last->end = at + header.size();
    last->is_top = IsTop(payload);
    if (last->is_top) {
      Tail tail;  // without it the end was not finished, and what it describes does not count
      *valid = DecodeTop(payload, list_.ids, at, &top) && top.file_size == last->end + kTailSize &&
               SmallChunk(last->end, kTagTail, &payload, nullptr).ok() &&
               DecodeTail(payload, last->end, &tail) && tail.top == at;
    } else {
      *valid = DecodePage(payload, list_.ids, at, FileSize(), &page) && !page.is_copy;
      last->trak = page.trak;
      last->meta = page.meta;
    }
    return {};
  };
  const auto size = static_cast<uint64_t>(std::max<int64_t>(source_.Size(), 0));
  return chunks_.FindBackward(size, kIndexLookBack + size / kIndexLookBackShare, kTagIndex, check,
                              &last->offset);
}

// Brings the clusters from walked_until_ to the end of the file into the index. Once the file is
// open its tracks stay: they were handed out, and much is kept by track.
Status Reader::WalkClusters(bool opening) {
  Walk walk;
  walk.opening = opening;
  walk.at = walked_until_;
  walk.builder = walked_;
  Status status;
  for (bool more = true; more && status.ok();) status = WalkChunk(&walk, &more);
  // What was gone through is so also where reading failed behind it.
  walked_until_ = walk.at;
  if (walk.changed) {
    PutWalkedPage(walk.builder.page());
    has_walked_page_ = true;
  }
  walk.builder.GrowTo(list_.tracks.size());
  totals_ = walk.builder.totals();
  walked_ = std::move(walk.builder);
  return status;
}

Status Reader::WalkChunk(Walk* walk, bool* more) {
  ChunkHeader header;
  Status status = chunks_.ReadHeader(walk->at, &header);
  *more = status.ok();
  if (!status.ok()) return status.code() == Code::kEnd ? Status() : std::move(status);
  const int64_t size = source_.Size();
  if (!IsPlausibleTag(header.tag)) {
    status = Corrupt(walk->at, "no chunk found; expected one");
  } else if (size >= 0 && walk->at + header.size() > static_cast<uint64_t>(size)) {
    status = Status(Code::kAgain, "");
  } else {
    status = header.is_cluster() ? WalkCluster(walk, header) : WalkOther(walk, header);
  }
  if (status.ok()) {
    walk->at += header.size();
    return {};
  }
  if (status.code() != Code::kCorrupt && status.code() != Code::kAgain) return status;
  *more = false;
  if (status.code() == Code::kAgain && IsUnfinishedCluster(walk->at, header)) return {};
  uint64_t found = 0;
  Status next = chunks_.FindNext(walk->at, &found);
  if (next.code() == Code::kEnd) return {};  // an unfinished chunk: the file may go on here
  if (!next.ok()) return next;
  const bool is_description = header.tag == kTagTracks || header.tag == kTagMeta;
  if (status.code() == Code::kCorrupt && is_description)
    Warn(status.message());  // reading on tells of the others
  *more = true;
  walk->at = found;
  return {};
}

Status Reader::WalkCluster(Walk* walk, const ChunkHeader& header) {
  H4MK_TRY(UseNewer(std::exchange(walk->trak, 0), std::exchange(walk->meta, 0)));
  walk->builder.GrowTo(list_.tracks.size());
  Status status = search_->Load(walk->at, header, /*whole=*/false);
  if (status.ok()) {
    walk->builder.AddCluster(walk->at, search_->index().blocks());
    walk->changed = true;
  }
  search_->Reset();
  if (!status.ok()) return status;
  if (!walk->builder.is_full()) return {};
  PutWalkedPage(walk->builder.Take());
  has_walked_page_ = walk->changed = false;
  return {};
}

// A chunk that holds no blocks. It is checked, so that damage to its length is not followed.
Status Reader::WalkOther(Walk* walk, const ChunkHeader& header) {
  bool valid = true;
  if (header.length <= kCheckedChunk) H4MK_TRY(chunks_.IsWhole(walk->at, header, &valid));
  if (!valid) return Corrupt(walk->at, TagText(header.tag) + " chunk does not match its CRC");
  if (header.unknown_flags() != 0) return {};
  has_locator_ = header.tag == kTagTail && walk->at + header.size() + kCrcSize == FileSize();
  if (header.tag == kTagTracks) walk->trak = walk->at;
  if (header.tag == kTagMeta) walk->meta = walk->at;
  return {};
}

// The last page of the index is the one that an earlier walk began, or a new one.
void Reader::PutWalkedPage(IndexPage page) {
  if (has_walked_page_)
    index_.ReplaceLastPage(std::move(page));
  else
    index_.AddPage(std::move(page));
}

// Descriptions that were written while the file grew.
Status Reader::UseNewer(uint64_t trak, uint64_t meta) {
  Bytes payload;
  if (trak != 0 && trak != trak_offset_) {
    Status status = SmallChunk(trak, kTagTracks, &payload, nullptr);
    if (status.code() == Code::kIo) return status;
    if (status.ok()) status = TakeLaterTracks(trak, payload);
    if (!status.ok()) Warn(status.message());
  }
  return meta != 0 ? UseDescriptions(0, meta) : Status();
}

// Without an index, the first cluster still tells where the tracks begin.
Status Reader::GuessTotals() {
  if (closed_ || source_.seekable()) return {};
  Status status = LoadNextCluster();
  if (status.code() == Code::kIo) return status;
  if (!status.ok()) {
    if (status.code() == Code::kCorrupt) Warn(status.message());
    return {};
  }
  for (const BlockRecord& block : current_->index().blocks())
    if (block.track >= 0) totals_[static_cast<size_t>(block.track)].Add(block);
  for (TrackTotals& totals : totals_) {
    totals.blocks = totals.hidden = totals.bytes = 0;
    totals.end_pts = kNoTime;
  }
  return {};
}

bool Reader::NextWarning(std::string* text) {
  if (warnings_.empty()) return false;
  *text = std::move(warnings_.front());
  warnings_.pop_front();
  return true;
}

void Reader::Warn(std::string text) {
  if (warnings_.size() < kMaxWarnings) warnings_.push_back(std::move(text));
}

}  // namespace h4mk
