// SPDX-License-Identifier: MIT
#include "maintain/reindex.h"

#include <algorithm>

#include "file/end_writer.h"
#include "index/index_format.h"
#include "index/page_builder.h"

namespace h4mk {
namespace {

void Append(Values* to, const Values& from, size_t shift = 0) {
  for (const int64_t value : from) to->push_back(value + static_cast<int64_t>(shift));
}

// The times of frames of two pages one after the other, where both have them.
Bytes JoinTimes(const PageTrack& a, const PageTrack& b) {
  Values times, more;
  Bytes joined;
  if ((a.frames() > 0 && !a.DecodeTimes(&times)) || (b.frames() > 0 && !b.DecodeTimes(&more)))
    return joined;
  Append(&times, more);
  AppendDeltas(joined, std::move(times));
  return joined;
}

// Adds the clusters of a page behind those of another.
void Append(IndexPage* to, const IndexPage& from) {
  const size_t clusters = to->clusters.size();
  to->clusters.insert(to->clusters.end(), from.clusters.begin(), from.clusters.end());
  for (size_t t = 0; t < to->tracks.size(); ++t) {
    const PageTrack& source = from.tracks[t];
    PageTrack& track = to->tracks[t];
    track.times = JoinTimes(track, source);
    Append(&track.key_span, source.key_span, track.spans());
    Append(&track.cluster, source.cluster, clusters);
    Append(&track.blocks, source.blocks);
    Append(&track.hidden, source.hidden);
    Append(&track.first_time, source.first_time);
    Append(&track.first_key, source.first_key);
    Append(&track.last_key, source.last_key);
  }
}

// Whether a page that was read says what the clusters say. It need not have the times of frames.
bool IsSamePage(IndexPage stated, const IndexPage& actual) {
  for (size_t t = 0; t < std::min(stated.tracks.size(), actual.tracks.size()); ++t)
    if (stated.tracks[t].times.empty()) stated.tracks[t].times = actual.tracks[t].times;
  return stated.clusters == actual.clusters && stated.tracks == actual.tracks;
}

// Reads the pages that the end of a file names.
template <typename Take>
Status ForEachPage(ChunkReader& chunks, const FileEnd& end, Take take) {
  IndexBudget budget(end.top.file_size);
  for (const PageRef& ref : end.top.pages) {
    Bytes payload;
    IndexPage page;
    H4MK_TRY(chunks.ReadChunk(ref.offset, kTagIndex, &payload));
    if (!DecodePage(payload, end.tracks.ids, ref.offset, end.top.file_size, &page, &budget))
      return Corrupt(ref.offset, "index page contradicts itself");
    take(ref, std::move(payload), std::move(page));
  }
  return {};
}

// Finds the current TRAK and META. What follows the end of a file is current only if a cluster or a
// new index follows it: else it is left over from an edit that was interrupted.
class CurrentDescriptions {
 public:
  void Take(const Piece& piece) {
    const uint32_t tag = piece.header.tag;
    if (tag == kTagTracks) new_trak_ = piece.offset;
    if (tag == kTagMeta) new_meta_ = piece.offset;
    if (tag == kTagTracks || tag == kTagMeta) new_end_ = piece.end;
    if (tag == kTagTail) behind_end_ = true;
    if (behind_end_ && !piece.is_cluster && tag != kTagIndex) return;
    if (piece.is_cluster) behind_end_ = false;
    trak = new_trak_;
    meta = new_meta_;
    end = new_end_;
  }
  bool behind_end() const { return behind_end_; }

  uint64_t trak = 0, meta = 0;  // offsets
  uint64_t end = 0;             // of the later one

 private:
  uint64_t new_trak_ = 0, new_meta_ = 0, new_end_ = 0;
  bool behind_end_ = false;
};

class Rebuilder {
 public:
  explicit Rebuilder(EditableFile& file)
      : file_(file), source_(SourceFromStart(file)), chunks_(source_) {}
  Status Run(const ChunkWalk::Progress& progress, bool* changed);

 private:
  struct KnownPage {
    IndexPage page;
    PageRef ref;
  };

  Status FindTracks();
  Status Walk(const ChunkWalk::Progress& progress);
  Status Take(const ChunkWalk& walk, const Piece& piece);
  void AddPage(IndexPage page, uint64_t offset, uint64_t size);
  Status TakePage(const Piece& piece);
  Status AddLastPage(ChunksInMemory* chunks);
  Status MakeEnd(Bytes* bytes);
  Status CheckEnd(bool* agrees);

  EditableFile& file_;
  Source source_;
  ChunkReader chunks_;
  TrackList list_;
  CurrentDescriptions descriptions_;

  uint64_t file_size_ = 0;
  IndexBudget budget_{0};         // of pages_ and their copies
  std::vector<KnownPage> pages_;  // that stand among the clusters
  PageBuilder open_page_;         // the clusters behind them
  uint64_t first_cluster_ = 0;
  uint64_t content_end_ = kFileHeaderSize;  // behind it there is nothing but index and end
  size_t content_pages_ = 0;                // those of pages_ before content_end_
};

Status Rebuilder::Run(const ChunkWalk::Progress& progress, bool* changed) {
  H4MK_TRY(FindTracks());
  H4MK_TRY(Walk(progress));
  bool agrees = false;
  H4MK_TRY(CheckEnd(&agrees));
  *changed = !agrees;
  if (agrees) return {};
  Bytes end;
  H4MK_TRY(MakeEnd(&end));
  if (file_.Truncate(content_end_) < 0) return Status(Code::kIo, "cannot shorten the file");
  const Status status = AppendEnd(file_, content_end_, end);
  if (status.ok()) return status;
  (void)file_.Truncate(content_end_);  // nothing that is half written stays
  return status.Saying(status.message() +
                       "; the file is left without an end: h4mk index puts that right");
}

Status Rebuilder::FindTracks() {
  FileHeader file_header;
  H4MK_TRY(ReadFileHeader(source_, &file_header));
  const TrackIds none;
  ChunkWalk walk(source_, none, 2, ChunkWalk::Depth::kIndexes);
  H4MK_TRY(ForEachPiece(walk, [&](const Piece& piece) {
    if (piece.kind == Piece::Kind::kChunk) descriptions_.Take(piece);
  }));
  const uint64_t offset = descriptions_.trak;
  if (offset == 0) return Corrupt(kFileHeaderSize, "no TRAK chunk found; expected one");
  Bytes payload;
  H4MK_TRY(chunks_.ReadChunk(offset, kTagTracks, &payload));
  H4MK_ASSIGN(list_, ParseTracks(AsText(payload), offset));
  open_page_ = PageBuilder(list_.tracks.size());
  file_size_ = static_cast<uint64_t>(std::max<int64_t>(source_.Size(), 0));
  budget_ = IndexBudget(file_size_);
  descriptions_ = CurrentDescriptions();
  return {};
}

Status Rebuilder::Walk(const ChunkWalk::Progress& progress) {
  ChunkWalk walk(source_, list_.ids, 2, ChunkWalk::Depth::kIndexes, progress);
  Status damage;
  return ForEachPiece(walk, [&](const Piece& piece) -> Status {
    if (piece.kind != Piece::Kind::kChunk) {  // at the end it is no harm
      if (damage.ok()) damage = Corrupt(piece.offset, piece.problem);
      return {};
    }
    const bool is_content = piece.header.tag != kTagIndex && piece.header.tag != kTagTail;
    if (is_content && !damage.ok())
      return Status(Code::kCorrupt, damage.message() + "; h4mk recover saves what is behind it");
    return damage.ok() ? Take(walk, piece) : Status();
  });
}

Status Rebuilder::Take(const ChunkWalk& walk, const Piece& piece) {
  descriptions_.Take(piece);
  if (piece.is_cluster) {
    if (first_cluster_ == 0) first_cluster_ = piece.offset;
    open_page_.AddCluster(piece.offset, walk.index().blocks());
  }
  if (piece.header.tag == kTagIndex) H4MK_TRY(TakePage(piece));
  const bool is_index = piece.header.tag == kTagIndex || piece.header.tag == kTagTail;
  const uint64_t end = is_index || descriptions_.behind_end() ? descriptions_.end : piece.end;
  if (end <= content_end_) return {};
  content_end_ = end;
  content_pages_ = pages_.size();
  return {};
}

// A page that stands among the clusters stays where it is.
Status Rebuilder::TakePage(const Piece& piece) {
  Bytes payload;
  H4MK_TRY(chunks_.ReadPayload(piece.offset, piece.header, &payload));
  IndexPage page;
  if (!DecodePage(payload, list_.ids, piece.offset, file_size_, &page, &budget_) || page.is_copy ||
      page.clusters != open_page_.page().clusters)
    return {};
  AddPage(open_page_.Take(), piece.offset, piece.header.size());
  return {};
}

void Rebuilder::AddPage(IndexPage page, uint64_t offset, uint64_t size) {
  PageRef ref = Summarize(page, offset, size, pages_.empty() ? nullptr : &pages_.back().ref);
  pages_.push_back({std::move(page), std::move(ref)});
}

// The clusters that are in no page before content_end_.
Status Rebuilder::AddLastPage(ChunksInMemory* chunks) {
  IndexPage last(list_.tracks.size());
  for (size_t i = content_pages_; i < pages_.size(); ++i) Append(&last, pages_[i].page);
  Append(&last, open_page_.Take());
  pages_.resize(content_pages_);
  if (last.clusters.size() > kMaxPageClusters || last.span_count() > kMaxPageSpans)
    return Status(Code::kLimit,
                  "too many clusters without an index page; h4mk recover makes a new file");
  if (last.clusters.empty() && !pages_.empty()) return {};
  last.previous = pages_.empty() ? 0 : pages_.back().ref.offset;
  last.trak = descriptions_.trak;
  last.meta = descriptions_.meta;
  last.totals = open_page_.totals();
  const uint64_t at = chunks->position();
  const Bytes payload = EncodePage(last, list_.ids, at);
  H4MK_TRY(chunks->writer().WriteChunk(kTagIndex, 0, payload));
  AddPage(std::move(last), at, payload.size() + kChunkOverhead);
  return {};
}

// core.md, "End of file": the last page, copies of the others, top, locator, checksum.
Status Rebuilder::MakeEnd(Bytes* bytes) {
  ContainerChecksum checksum;
  H4MK_TRY(ReadContainerChecksum(source_, content_end_, &checksum));
  ChunksInMemory chunks(content_end_, source_.salt(), checksum);
  std::vector<StoredPage> earlier;
  for (size_t i = 0; i < content_pages_; ++i)
    earlier.push_back(
        {pages_[i].ref.offset, EncodePage(pages_[i].page, list_.ids, pages_[i].ref.offset)});
  H4MK_TRY(AddLastPage(&chunks));
  uint64_t all = 0;
  IndexTop top;
  for (const KnownPage& page : pages_) {
    all += page.ref.size - kChunkOverhead;
    top.pages.push_back(page.ref);
  }
  if (all <= kMaxPageCopies)
    H4MK_TRY(WritePageCopies(chunks.writer(), earlier, /*clusters_moved=*/0, top.pages));
  top.totals = open_page_.totals();
  top.first_cluster = first_cluster_;
  top.trak = descriptions_.trak;
  top.meta = descriptions_.meta;
  H4MK_TRY(WriteEnd(chunks.writer(), list_.ids, &top));
  *bytes = chunks.bytes();
  return {};
}

// Whether the file has an end whose index says what the clusters say.
Status Rebuilder::CheckEnd(bool* agrees) {
  *agrees = false;
  FileEnd end;
  size_t pages = 0;
  bool are_same = true;
  Status status = ReadFileEnd(source_, &end);
  if (status.ok())
    status = ForEachPage(chunks_, end, [&](const PageRef&, Bytes, IndexPage page) {
      are_same =
          are_same && pages < pages_.size() && IsSamePage(std::move(page), pages_[pages].page);
      ++pages;
    });
  if (status.code() == Code::kIo) return status;
  if (!status.ok() || end.tracks.tracks.size() != list_.tracks.size() ||
      end.top.trak != descriptions_.trak || end.top.meta != descriptions_.meta ||
      end.top.first_cluster != first_cluster_)
    return {};
  *agrees = open_page_.page().clusters.empty() && are_same && pages == pages_.size() &&
            end.top.totals == open_page_.totals();
  return {};
}

// ------------------------------------------------------------------------------------------------
// index at the front

class FrontCopier {
 public:
  FrontCopier(Io& io, Io& output) : source_(SourceFromStart(io)), chunks_(source_), sink_(output) {}
  Status Run(const ChunkWalk::Progress& progress);

 private:
  Status FindRest();
  Status PreferFront(uint32_t tag, uint64_t* offset);
  Status MakeFront(uint64_t moved, Bytes* front) const;
  Status CopyRest(const ChunkWalk::Progress& progress);

  Source source_;
  ChunkReader chunks_;
  Sink sink_;
  FileEnd end_;
  std::vector<StoredPage> pages_;
  uint64_t rest_ = kFileHeaderSize;  // behind an index at the front that is there already
};

Status FrontCopier::Run(const ChunkWalk::Progress& progress) {
  H4MK_TRY(ReadFileEnd(source_, &end_));
  H4MK_TRY(ForEachPage(chunks_, end_, [&](const PageRef& ref, Bytes payload, const IndexPage&) {
    pages_.push_back({ref.offset, std::move(payload)});
  }));
  H4MK_TRY(FindRest());
  H4MK_TRY(PreferFront(kTagTracks, &end_.top.trak));
  if (end_.top.meta != 0) H4MK_TRY(PreferFront(kTagMeta, &end_.top.meta));
  Bytes front;
  H4MK_TRY(MakeFront(0, &front));  // its size does not depend on how far it moves the rest
  H4MK_TRY(MakeFront(front.size() + kFileHeaderSize - rest_, &front));
  if (front.size() > kMaxPageCopies) return Status(Code::kLimit, "the index is larger than 4 MiB");
  uint8_t header[kFileHeaderSize];
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(0, header, sizeof header, &got));
  ContainerChecksum checksum(source_.salt(), header);
  checksum.AddChunks(front);
  H4MK_TRY(checksum.AddChunks(source_, rest_, end_.top.file_size - kCrcSize));
  H4MK_TRY(sink_.Write(header));
  H4MK_TRY(sink_.Write(front));
  H4MK_TRY(CopyRest(progress));
  uint8_t stored[kCrcSize];
  StoreLe(stored, checksum.value());
  return sink_.Write(stored);
}

// An index that is at the front already, and space that was left for one, are replaced.
Status FrontCopier::FindRest() {
  for (;;) {
    ChunkHeader header;
    H4MK_TRY(chunks_.ReadHeader(rest_, &header));
    if (header.tag != kTagIndex && header.tag != kTagFree) return {};
    rest_ += header.size();
  }
}

// What stands at the front already, and is the same, need not be read at the end.
Status FrontCopier::PreferFront(uint32_t tag, uint64_t* offset) {
  ChunkHeader wanted, header;
  Bytes payload;
  uint32_t wanted_crc = 0, crc = 0;
  H4MK_TRY(chunks_.ReadHeader(*offset, &wanted));
  H4MK_TRY(chunks_.ReadPayload(*offset, wanted, &payload, &wanted_crc));
  for (uint64_t at = rest_;; at += header.size()) {
    H4MK_TRY(chunks_.ReadHeader(at, &header));
    if (header.tag == kTagCore || header.tag == kTagTail) return {};
    if (header.tag != tag) continue;
    const Status status = chunks_.ReadPayload(at, header, &payload, &crc);
    if (status.code() == Code::kIo) return status;
    if (status.ok() && header.length == wanted.length && crc == wanted_crc) *offset = at;
    return {};
  }
}

Status FrontCopier::MakeFront(uint64_t moved, Bytes* front) const {
  return MakeFrontIndex(pages_, end_.top, end_.tracks.ids, source_.salt(), moved, front);
}

Status FrontCopier::CopyRest(const ChunkWalk::Progress& progress) {
  const uint64_t until = end_.top.file_size - kCrcSize;
  uint64_t at = rest_;
  return ForBytes(source_, rest_, until, [&](ByteSpan bytes) -> Status {
    H4MK_TRY(sink_.Write(bytes));
    at += bytes.size();
    if (progress) progress(at, until);
    return {};
  });
}

}  // namespace

Status RebuildIndex(EditableFile& file, const ChunkWalk::Progress& progress, bool* changed) {
  return Rebuilder(file).Run(progress, changed);
}

Status MoveIndexToFront(Io& io, Io& output, const ChunkWalk::Progress& progress) {
  return FrontCopier(io, output).Run(progress);
}

}  // namespace h4mk
