// SPDX-License-Identifier: MIT
// The index of a file without an end, and of one whose index proved wrong.
#include "reader/file_index.h"

#include <algorithm>
#include <utility>

#include "base/crc32.h"
#include "index/index_format.h"

namespace h4mk {
namespace {

constexpr size_t kFingerprint = 4 << 10;
// What looks the same but may have changed is scanned again so rarely that the scans take a ninth
// of the time at most.
constexpr int kRest = 8;

// How many bytes decide whether the chunk that begins here can be used.
uint64_t FingerprintBytes(ByteSpan front) {
  if (front.size() < kChunkHeaderSize) return 0;
  const ChunkHeader header = ParseChunkHeader(front.data());
  if (!IsPlausibleTag(header.tag)) return 0;
  if (!header.is_cluster()) return header.size();
  ByteReader reader(front.subspan(kChunkHeaderSize));
  return std::min<uint64_t>(reader.Varint(), header.length) + reader.position() + kChunkHeaderSize +
         kCrcSize;
}

}  // namespace

FileIndex::FileIndex(Source& source, Warnings& warnings, unsigned& changes)
    : source_(source),
      chunks_(source),
      warnings_(warnings),
      descriptions_(chunks_, warnings, changes),
      index_(chunks_, descriptions_.ids()),
      walk_(source_, descriptions_.ids(), 2, ChunkWalk::Depth::kScan) {}

// What offsets can be at most; more than any if it is not known.
uint64_t FileIndex::FileSize() {
  const int64_t size = source_.Size();
  return size < 0 ? INT64_MAX : static_cast<uint64_t>(size);
}

void FileIndex::UsePendingDescriptions(uint64_t until, bool is_all) {
  descriptions_.UsePending(until, is_all);
  GrowTracks();
}

void FileIndex::GrowTracks() {
  const size_t count = tracks().size();
  if (totals_.size() == count) return;
  totals_.resize(count);
  scan_.builder.GrowTo(count);
  index_.GrowTo(count);
}

void FileIndex::GuessTotals(const std::vector<BlockRecord>& blocks) {
  for (const BlockRecord& block : blocks)
    if (block.track >= 0) totals_[static_cast<size_t>(block.track)].Add(block);
  for (TrackTotals& totals : totals_) {
    totals.blocks = totals.hidden = totals.bytes = 0;
    totals.end_pts = kNoTime;
  }
}

Status FileIndex::LookUp(const std::function<Status()>& lookup) {
  if (!can_seek()) return Status(Code::kNotSeekable, "the input cannot seek");
  H4MK_TRY(FinishScan());
  if (!is_closed()) H4MK_TRY(Refresh());
  const Status status = lookup();
  if (status.code() != Code::kCorrupt || is_scanned_) return status;
  H4MK_TRY(ScanAgain(status));
  return lookup();
}

// Takes in what was written since the last scan: appended, or within the file, if that has its
// final size from the beginning (a download). What cannot be used, zeros after a power loss for
// instance, is not scanned at each lookup: the fingerprint tells that nothing has changed.
Status FileIndex::Refresh() {
  const int64_t size = source_.Size();
  if (size < 0 || static_cast<uint64_t>(size) < scan_.until + kChunkOverhead) return {};
  EndFingerprint end;
  H4MK_TRY(TakeFingerprint(size, &end));
  const auto begin = std::chrono::steady_clock::now();
  if (end == last_end_ && (end.is_all || begin < next_scan_)) return {};
  H4MK_TRY(ScanClusters());
  last_end_ = end;
  const auto now = std::chrono::steady_clock::now();
  next_scan_ = now + kRest * (now - begin);
  return {};
}

Status FileIndex::TakeFingerprint(int64_t size, EndFingerprint* fingerprint) {
  source_.Forget();
  const uint64_t left = static_cast<uint64_t>(size) - scan_.until;
  Bytes bytes(static_cast<size_t>(std::min<uint64_t>(kFingerprint, left)));
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(scan_.until, bytes.data(), bytes.size(), &got));
  uint8_t last[kCrcSize] = {};
  if (const uint64_t end = std::min(FingerprintBytes(bytes), left); end > bytes.size())
    H4MK_TRY(source_.ReadAt(scan_.until + end - sizeof last, last, sizeof last, &got));
  *fingerprint = {size, scan_.until, Crc32(Crc32(0, bytes), last), left == bytes.size()};
  return {};
}

Status FileIndex::ScanAgain(const Status& problem) {
  if (is_scanned_) return FinishScan();
  warnings_.Add(problem.Saying(problem.message() + "; the index is made again"));
  return MakeIndex(/*trust_pages=*/false);
}

Status FileIndex::MakeIndex(bool trust_pages) {
  Clear();
  scan_ = {behind_front_, PageBuilder(), false, 0, 0};
  last_end_ = {};
  index_.set_file_size(FileSize());
  if (trust_pages) H4MK_TRY(UseLastIndex());
  scan_.builder = PageBuilder(tracks().size(), /*most_times=*/0);
  scan_.builder.Resume(totals_);
  is_scanned_ = scan_.until == behind_front_;
  return ScanClusters();
}

void FileIndex::Clear() {
  index_.Clear();
  totals_.assign(tracks().size(), {});
}

Status FileIndex::UseLastIndex() {
  LastIndex last;
  Status status = FindLastIndex(&last);
  if (status.code() == Code::kIo) return status;
  if (!status.ok()) return {};
  const auto* top = std::get_if<StoredTop>(&last.what);
  status =
      top != nullptr ? UseTop(*top, last.end + kTailSize) : UsePages(std::get<LastPage>(last.what));
  if (status.code() == Code::kIo) return status;
  if (status.ok()) {
    scan_.until = last.end;
    return {};
  }
  warnings_.Add(status);
  Clear();
  return {};
}

// A page that was written as the file grew, and those before it, from the last to the first.
Status FileIndex::UsePages(const LastPage& last) {
  H4MK_TRY(descriptions_.UseNamed(last.trak, last.meta));
  std::vector<PageRef> chain;
  IndexBudget budget(FileSize());
  uint64_t earliest = first_cluster_;
  for (uint64_t offset = last.offset; offset != 0;) {
    IndexPage page;
    uint64_t size = 0;
    H4MK_TRY(
        ReadIndexPage(chunks_, offset, descriptions_.ids(), FileSize(), &page, &size, &budget));
    if (chain.empty()) totals_ = page.totals;
    if (!page.clusters.empty()) earliest = page.clusters.front();
    chain.push_back(Summarize(page, offset, size, nullptr));
    offset = page.previous;
  }
  // core.md, "A page counts": pages of a file that is carried within this one lead elsewhere.
  if (earliest != first_cluster_)
    return Corrupt(last.offset, "index pages do not lead to the first cluster");
  for (auto ref = chain.rbegin(); ref != chain.rend(); ++ref) index_.AddPage(std::move(*ref));
  return {};
}

// Copies of pages at the end of a file name no TRAK, and no page before them; a top at the front
// names the end of the file: neither is looked for.
Status FileIndex::FindLastIndex(LastIndex* last) {
  IndexBudget budget(FileSize());
  const auto check = [&](uint64_t at, const ChunkHeader& header, bool* valid) -> Status {
    Bytes payload;
    *valid = false;
    if (header.length > kMaxSmallChunk) return {};
    const Status status = chunks_.ReadPayload(at, header, &payload);
    if (!status.ok()) return status.code() == Code::kIo ? status : Status();
    last->end = at + header.size();
    if (!IsTop(payload)) {
      IndexPage page;
      *valid =
          DecodePage(payload, descriptions_.ids(), at, FileSize(), &page, &budget) && !page.is_copy;
      last->what = LastPage{at, page.trak, page.meta};
      return {};
    }
    // Without the locator behind it the end was not finished, and nothing that it says holds.
    StoredTop stored;
    IndexTop top;
    if (!DecodeTop(payload, descriptions_.ids(), at, &top, &budget) ||
        top.file_size != last->end + kTailSize)
      return {};
    const Status behind = ReadStoredTop(chunks_, top.file_size, &stored);
    *valid = behind.ok() && stored.offset == at;
    last->what = std::move(stored);
    return behind.code() == Code::kIo ? behind : Status();
  };
  const auto size = static_cast<uint64_t>(std::max<int64_t>(source_.Size(), 0));
  uint64_t found = 0;
  return chunks_.FindBackward(size, kIndexLookBack + size / kIndexLookBackShare, kTagIndex, check,
                              &found);
}

// Brings the clusters behind scan_.until into the index.
Status FileIndex::ScanClusters() {
  is_scan_due_ = true;
  walk_.Resume(scan_.until);
  ScanStep step{scan_, false, false};
  Status status;
  while (status.ok() && !step.is_done) status = ScanPiece(&step);
  // What was scanned stays so, also where reading failed behind it.
  if (step.has_clusters) {
    PutScannedPage(step.scan.builder.page(), &step.scan);
    step.scan.is_page_in_index = true;
  }
  step.scan.builder.GrowTo(tracks().size());
  totals_ = step.scan.builder.totals();
  scan_ = std::move(step.scan);
  is_scan_due_ = status.code() == Code::kIo;
  return status;
}

Status FileIndex::ScanPiece(ScanStep* step) {
  Piece piece;
  Status status = walk_.Next(&piece);
  if (status.ok() && piece.is_cluster && step->scan.has_descriptions()) {
    H4MK_TRY(UseScannedDescriptions(&step->scan));
    walk_.MoveTo(piece.offset);  // once more: its blocks may be of tracks that were added
    status = walk_.Next(&piece);
  }
  const bool is_gap = piece.kind == Piece::Kind::kGap;
  // What is not complete at the end may be so later.
  step->is_done = !status.ok() || piece.kind == Piece::Kind::kUnfinished ||
                  (is_gap && piece.end == walk_.file_size());
  if (step->is_done) return status.code() == Code::kEnd ? Status() : status;
  const uint32_t tag = piece.header.tag;
  if (piece.is_cluster) {
    ScanCluster(piece.offset, walk_.index(), step);
  } else if (is_gap && (tag == kTagTracks || tag == kTagMeta)) {
    warnings_.Add(Corrupt(piece.offset, piece.problem));  // others are met by reading on
  } else if (!is_gap && piece.header.unknown_flags() == 0) {
    if (tag == kTagTracks) step->scan.trak = piece.offset;
    if (tag == kTagMeta) step->scan.meta = piece.offset;
    if (tag == kTagTail) H4MK_TRY(UseScannedDescriptions(&step->scan));
    const bool is_end = tag == kTagTail && piece.end + kCrcSize == FileSize();
    if (!is_closed()) end_ = is_end ? End::kLocator : End::kNone;
  }
  step->scan.until = piece.end;
  return {};
}

// core.md, "Which description counts".
Status FileIndex::UseScannedDescriptions(Scan* scan) {
  H4MK_TRY(descriptions_.UseLater(scan->trak, scan->meta));
  scan->trak = scan->meta = 0;
  GrowTracks();
  return {};
}

void FileIndex::ScanCluster(uint64_t offset, const ClusterIndex& cluster, ScanStep* step) {
  Scan& scan = step->scan;
  scan.builder.GrowTo(tracks().size());
  scan.builder.AddCluster(offset, cluster.blocks());
  step->has_clusters = true;
  if (!scan.builder.is_full()) return;
  PutScannedPage(scan.builder.Take(), &scan);
  scan.is_page_in_index = step->has_clusters = false;
}

void FileIndex::PutScannedPage(IndexPage page, Scan* scan) {
  if (scan->is_page_in_index)
    index_.ReplaceLastPage(std::move(page));
  else
    index_.AddPage(std::move(page));
}

}  // namespace h4mk
