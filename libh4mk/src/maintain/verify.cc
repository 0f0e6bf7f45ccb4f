// SPDX-License-Identifier: MIT
// Version 2. The blocks are gone over once; what they say the index must be is compared with every
// page and top.
#include "maintain/verify.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/crc32.h"
#include "chunk/container_checksum.h"
#include "index/page_builder.h"
#include "reader/external_data.h"
#include "reader/file_index.h"

namespace h4mk {
namespace {

// A file has one index top at its end and one in front. What it costs to decode one is not bounded
// by its size, so a file of nothing but tops is not looked at to its end.
constexpr size_t kMaxTops = 16;

bool SameSummary(const PageRef& a, const PageRef& b) {
  if (a.size != b.size || a.clusters != b.clusters) return false;
  for (size_t i = 0; i < a.tracks.size(); ++i) {
    const PageRef::Track &x = a.tracks[i], &y = b.tracks[i];
    if (x.blocks != y.blocks || x.hidden != y.hidden || x.keys != y.keys || x.ordered != y.ordered)
      return false;
    if (x.frames() > 0 && x.first_time != y.first_time) return false;
    if (x.keys > 0 && (x.first_key != y.first_key || x.last_key != y.last_key)) return false;
  }
  return true;
}

// What a page says of a track but for the times of frames, which it need not have.
bool SameSpans(const PageTrack& a, const PageTrack& b) {
  return a.cluster == b.cluster && a.blocks == b.blocks && a.hidden == b.hidden &&
         a.first_time == b.first_time && a.key_span == b.key_span && a.first_key == b.first_key &&
         a.last_key == b.last_key;
}

class Verifier {
 public:
  Verifier(Io& io, VerifyReport* report) : source_(io), chunks_(source_), report_(*report) {}

  Status Run(const ChunkWalk::Progress& progress);

 private:
  struct SeenPage {
    PageRef ref;
    uint32_t digest = 0;  // of what it says, wherever it stands
  };
  struct SeenTop {
    uint64_t offset = 0;
    uint64_t size = 0;  // of its chunk
    IndexTop top;
  };

  Status OpenFile();
  Status Take(const ChunkWalk& walk, const Piece& piece);
  void TakeCluster(const ChunkWalk& walk, const Piece& piece);
  void CheckOrdinal(const Piece& piece, const BlockRecord& block);
  void CheckUnderstood(const Piece& piece, const std::vector<BlockRecord>& blocks);
  void TellWarnings();
  void CheckNamesFile(const Piece& piece, uint32_t track);
  Status TakeSmall(const Piece& piece);
  Status TakeTracks(const Piece& piece, ByteSpan payload);
  Status TakeIndex(const Piece& piece, ByteSpan payload);
  bool AgreesWithClusters(const IndexPage& page) const;
  void CheckTotals(const char* what, uint64_t offset, const std::vector<TrackTotals>& totals);
  Status TakeTop(const Piece& piece, ByteSpan payload);
  void TakePage(const Piece& piece, IndexPage page);
  void CheckTops();
  void CheckTop(const SeenTop& seen);
  void CheckEnd(uint64_t position);

  Source source_;
  ChunkReader chunks_;
  VerifyReport& report_;
  TrackIds ids_;
  size_t track_count_ = 0;
  std::vector<bool> has_compression_;  // by track
  std::vector<bool> names_file_;       // by track: has "beside", or it was told that it has not
  Warnings warnings_;                  // of opening the file

  // What the pages must say, as far as no damage came in between.
  PageBuilder expected_;
  bool expected_valid_ = true;
  bool totals_valid_ = true;
  std::vector<uint64_t> next_ordinal_;
  uint64_t first_cluster_ = 0;

  IndexBudget budget_{0};                      // of the pages
  std::map<uint64_t, SeenPage> pages_;         // by offset
  std::vector<uint32_t> originals_;            // digests of the pages that are no copies
  std::vector<SeenTop> tops_;                  // of this end of the file
  size_t top_count_ = 0;                       // those that contradict themselves are counted too
  std::map<uint64_t, uint32_t> descriptions_;  // tags of TRAK and META chunks by offset
  std::optional<TrackList> last_tracks_;       // of the last TRAK that can be used
  std::optional<Tail> tail_;                   // if the chunk read last is one
  uint64_t tail_offset_ = 0;
  ContainerChecksum checksum_;
};

// Tracks and what opening the file tells.
Status Verifier::OpenFile() {
  unsigned changes = 0;
  FileIndex file(source_, warnings_, changes);
  ChunkCursor cursor(chunks_);
  const Status status = file.Open(&cursor);
  if (status.code() == Code::kIo || status.code() == Code::kNotH4mk ||
      status.code() == Code::kVersion)
    return status;
  if (!status.ok()) report_.Error(status);
  report_.closed = status.ok() && file.has_locator();
  if (status.ok())
    for (const Track& track : file.tracks()) {
      ids_.Add(track.id);
      has_compression_.push_back(track.compression != Compression::kNone);
      names_file_.push_back(NamesFileBeside(track));
      if (!track.unknown_requirement.empty())
        report_.Error(kFileHeaderSize, "track " + std::to_string(track.id) + " requires \"" +
                                           track.unknown_requirement +
                                           "\", which this version of the library does not know");
    }
  track_count_ = ids_.size();
  expected_ = PageBuilder(track_count_, SIZE_MAX);
  next_ordinal_.resize(track_count_);
  return {};
}

Status Verifier::Run(const ChunkWalk::Progress& progress) {
  report_.version = 2;
  report_.file_size = static_cast<uint64_t>(std::max<int64_t>(source_.Size(), 0));
  budget_ = IndexBudget(report_.file_size);
  H4MK_TRY(OpenFile());
  if (report_.file_size < kFileHeaderSize) {
    report_.Error(report_.file_size,
                  "file ends inside its header at byte " + std::to_string(report_.file_size));
    return {};
  }
  FileHeader file_header;
  H4MK_TRY(ReadFileHeader(source_, &file_header));
  H4MK_TRY(ReadContainerChecksum(source_, kFileHeaderSize, &checksum_));
  ChunkWalk walk(source_, ids_, 2, ChunkWalk::Depth::kAll, progress);
  H4MK_TRY(ForEachPiece(walk, [&](const Piece& piece) { return Take(walk, piece); }));
  CheckTops();
  CheckEnd(walk.position());
  TellWarnings();
  report_.index_checked = track_count_ > 0 && !tops_.empty();
  return {};
}

Status Verifier::Take(const ChunkWalk& walk, const Piece& piece) {
  tail_.reset();
  if (piece.kind != Piece::Kind::kChunk)
    report_.Error(piece.offset, piece.problem + " at byte " + std::to_string(piece.offset) +
                                    (piece.kind == Piece::Kind::kGap
                                         ? ", readable again at byte " + std::to_string(piece.end)
                                         : ""));
  if (piece.kind == Piece::Kind::kGap || piece.kind == Piece::Kind::kUnfinished) {
    expected_valid_ = totals_valid_ = false;
    return {};
  }
  checksum_.Add(piece.crc);
  if (piece.kind == Piece::Kind::kChunk) ++report_.chunks[TagText(piece.header.tag)];
  if (piece.is_cluster) {
    TakeCluster(walk, piece);
    return {};
  }
  return TakeSmall(piece);
}

void Verifier::TakeCluster(const ChunkWalk& walk, const Piece& piece) {
  ++report_.clusters;
  if (first_cluster_ == 0) first_cluster_ = piece.offset;
  expected_.AddCluster(piece.offset, walk.index().blocks());
  CheckUnderstood(piece, walk.index().blocks());
  for (const BlockRecord& block : walk.index().blocks()) {
    const bool good = piece.kind == Piece::Kind::kChunk || walk.IsGood(block);
    if (good) {
      ++report_.blocks;
      report_.payload_bytes += block.stored_size();
    }
    if (block.track < 0) continue;
    CheckOrdinal(piece, block);
    const auto track = static_cast<uint32_t>(block.track);
    if ((block.flags & kBlockCompressed) && !has_compression_[track])
      report_.Error(Corrupt(piece.offset, "compressed block " + std::to_string(block.ordinal) +
                                              " of track " + std::to_string(ids_.id(track)) +
                                              ", which does not say how, in the cluster"));
    if (block.flags & kBlockExternal) CheckNamesFile(piece, track);
  }
  if (walk.index().has_unknown_track() && track_count_ > 0)
    report_.Error(piece.offset, "cluster at byte " + std::to_string(piece.offset) +
                                    " has blocks of a track that TRAK does not have");
}

// core.md, "Cluster": ordinals must rise, so one that falls is an error. A jump upwards is only a
// note, and none behind damage: blocks may have been lost before they were written.
void Verifier::CheckOrdinal(const Piece& piece, const BlockRecord& block) {
  uint64_t& next = next_ordinal_[static_cast<size_t>(block.track)];
  const uint64_t expected = std::exchange(next, block.ordinal + 1);
  const bool falls = block.ordinal < expected;
  if (block.ordinal == expected || (!falls && !totals_valid_)) return;
  const std::string message = "track " + std::to_string(ids_.id(static_cast<size_t>(block.track))) +
                              ": block " + std::to_string(block.ordinal) + " follows where block " +
                              std::to_string(expected) + " was expected, in the cluster at byte " +
                              std::to_string(piece.offset);
  if (falls)
    report_.Error(piece.offset, message);
  else
    report_.Note(piece.offset, message);
}

// core.md, "Block flags": bits that a reader has to know.
void Verifier::CheckUnderstood(const Piece& piece, const std::vector<BlockRecord>& blocks) {
  uint32_t flags = 0;
  for (const BlockRecord& block : blocks) flags |= block.flags & kBlockMustKnow;
  if (flags != 0)
    report_.Error(piece.offset, "blocks of the cluster at byte " + std::to_string(piece.offset) +
                                    " have flags " + std::to_string(flags) +
                                    " that this version of the library does not know");
}

// Warnings of opening the file, of an attachment without a track say. After other errors they are
// left out, since they most likely say the same once more.
void Verifier::TellWarnings() {
  if (report_.errors > 0) return;
  for (Status warning; warnings_.Next(&warning);) report_.Error(warning);
}

// core.md, "External data". Tells once for each track that it names no other file. Whether that
// file is there, and has the blocks, is not checked here.
void Verifier::CheckNamesFile(const Piece& piece, uint32_t track) {
  if (names_file_[track]) return;
  names_file_[track] = true;
  report_.Error(piece.offset,
                "track " + std::to_string(ids_.id(track)) +
                    " does not name the file that its blocks are in, from the cluster at byte " +
                    std::to_string(piece.offset) + " on");
}

Status Verifier::TakeSmall(const Piece& piece) {
  const uint32_t tag = piece.header.tag;
  if (tag == kTagTracks || tag == kTagMeta) descriptions_[piece.offset] = tag;
  if (piece.header.unknown_flags() != 0) {
    report_.Error(piece.offset, UnknownFlags(piece.header, piece.offset));
    return {};
  }
  if (tag != kTagTracks && tag != kTagMeta && tag != kTagIndex && tag != kTagTail &&
      tag != kTagVeri)
    return {};
  Bytes payload;
  Status problem = chunks_.ReadPayload(piece.offset, piece.header, &payload);
  if (problem.code() == Code::kIo) return problem;
  if (problem.ok() && tag == kTagTracks) {
    problem = TakeTracks(piece, payload);
  } else if (problem.ok() && tag == kTagMeta) {
    problem = ParseMeta(AsText(payload), piece.offset).status();
  } else if (problem.ok() && tag == kTagIndex) {
    problem = TakeIndex(piece, payload);
  } else if (problem.ok() && tag == kTagVeri) {
    report_.is_signed |= IsCheckpoint(payload);
  } else if (problem.ok()) {
    tail_offset_ = piece.offset;
    tail_.emplace();
    if (!DecodeTail(payload, piece.offset, &*tail_))
      problem = Corrupt(piece.offset, "locator contradicts itself");
  }
  if (!problem.ok()) report_.Error(piece.offset, problem.message());
  return {};
}

// core.md, "TRAK": each is compared with the last one before it that can be used.
Status Verifier::TakeTracks(const Piece& piece, ByteSpan payload) {
  H4MK_ASSIGN(TrackList list, ParseTracks(AsText(payload), piece.offset));
  if (last_tracks_) H4MK_TRY(CheckLaterTracks(*last_tracks_, list, piece.offset));
  last_tracks_ = std::move(list);
  return {};
}

Status Verifier::TakeIndex(const Piece& piece, ByteSpan payload) {
  if (IsTop(payload)) return TakeTop(piece, payload);
  if (!IsPage(payload)) return {};  // something of a later revision
  IndexPage page;
  if (!DecodePage(payload, ids_, piece.offset, report_.file_size, &page, &budget_))
    return Corrupt(piece.offset, "index page contradicts itself");
  TakePage(piece, std::move(page));
  return {};
}

// Only a top that names the size of the file counts: a later end has replaced the others.
Status Verifier::TakeTop(const Piece& piece, ByteSpan payload) {
  if (FileSizeOfTop(payload, piece.offset) != report_.file_size) return {};
  if (++top_count_ > kMaxTops)
    return Status(Code::kCorrupt, "more than " + std::to_string(kMaxTops) +
                                      " index tops tell of this end of the file; the one at byte " +
                                      std::to_string(piece.offset) + " is not looked at");
  SeenTop seen{piece.offset, piece.header.size(), {}};
  if (!DecodeTop(payload, ids_, piece.offset, &seen.top))
    return Corrupt(piece.offset, "index top contradicts itself");
  tops_.push_back(std::move(seen));
  return {};
}

// Whether a page says of its clusters and of the frames in them what they say.
bool Verifier::AgreesWithClusters(const IndexPage& page) const {
  if (page.clusters != expected_.page().clusters) return false;
  for (size_t i = 0; i < track_count_; ++i) {
    if (!SameSpans(page.tracks[i], expected_.page().tracks[i])) return false;
    if (page.tracks[i].times.empty()) continue;
    Values stored;
    std::span<const int64_t> times;
    if (!page.tracks[i].DecodeTimes(&stored) || !expected_.Times(i, &times) ||
        !std::ranges::equal(stored, times))
      return false;
  }
  return true;
}

void Verifier::CheckTotals(const char* what, uint64_t offset,
                           const std::vector<TrackTotals>& totals) {
  for (size_t i = 0; i < track_count_ && totals_valid_; ++i)
    if (totals[i] != expected_.totals()[i])
      report_.Error(offset, what + (" at byte " + std::to_string(offset)) +
                                " has wrong totals for track " + std::to_string(ids_.id(i)));
}

void Verifier::TakePage(const Piece& piece, IndexPage page) {
  const bool is_original = !page.is_copy;
  if (is_original && track_count_ > 0) {
    if (expected_valid_ && !AgreesWithClusters(page))
      report_.Error(piece.offset, "index page at byte " + std::to_string(piece.offset) +
                                      " does not agree with the clusters before it");
    CheckTotals("index page", piece.offset, page.totals);
    expected_.Take();
    expected_valid_ = true;
  }
  page.is_copy = true;
  page.previous = page.trak = page.meta = 0;
  const uint32_t digest = Crc32(0, EncodePage(page, ids_, 0));
  pages_[piece.offset] = {Summarize(page, piece.offset, piece.header.size(), nullptr), digest};
  if (is_original) originals_.push_back(digest);
}

void Verifier::CheckTops() {
  for (const SeenTop& seen : tops_) CheckTop(seen);
  const std::vector<uint64_t>& unpaged = expected_.page().clusters;
  if (!tops_.empty() && !unpaged.empty() && totals_valid_)
    report_.Error(unpaged[0],
                  "clusters from byte " + std::to_string(unpaged[0]) + " on are in no index page");
}

void Verifier::CheckTop(const SeenTop& seen) {
  const std::string place = " at byte " + std::to_string(seen.offset);
  size_t next = 0;
  for (const PageRef& ref : seen.top.pages) {
    const auto page = pages_.find(ref.offset);
    if (page == pages_.end()) {
      report_.Error(seen.offset, "index top" + place + " names a page at byte " +
                                     std::to_string(ref.offset) + ", where none is");
      return;
    }
    if (!SameSummary(page->second.ref, ref))
      report_.Error(seen.offset, "index top" + place + " does not agree with the page at byte " +
                                     std::to_string(ref.offset));
    if (totals_valid_ && (next >= originals_.size() || originals_[next] != page->second.digest))
      report_.Error(ref.offset, "index page at byte " + std::to_string(ref.offset) +
                                    " is no copy of the page that it stands for");
    ++next;
  }
  if (totals_valid_ && next != originals_.size())
    report_.Error(seen.offset, "index top" + place + " has " + std::to_string(next) +
                                   " pages; expected " + std::to_string(originals_.size()));
  CheckTotals("index top", seen.offset, seen.top.totals);
  if (totals_valid_ && seen.top.first_cluster != first_cluster_)
    report_.Error(seen.offset, "index top" + place + " names another first cluster");
  const auto is_there = [&](uint64_t offset, uint32_t tag) {
    const auto found = descriptions_.find(offset);
    return found != descriptions_.end() && found->second == tag;
  };
  if (!is_there(seen.top.trak, kTagTracks))
    report_.Error(seen.offset, "index top" + place + " names a TRAK where none is");
  if (seen.top.meta != 0 && !is_there(seen.top.meta, kTagMeta))
    report_.Error(seen.offset, "index top" + place + " names a META where none is");
}

// core.md, "End of file": the locator, then the container checksum.
void Verifier::CheckEnd(uint64_t position) {
  const std::string place = " at byte " + std::to_string(position);
  if (!tail_ || report_.file_size - position != kCrcSize) {
    report_.closed = false;
    report_.Error(position, "no end" + place + ": the file was cut, or is still being written");
    return;
  }
  const bool names_top = std::any_of(tops_.begin(), tops_.end(), [&](const SeenTop& seen) {
    return seen.offset == tail_->top && seen.size == tail_->top_size;
  });
  if (!names_top)
    report_.Error(tail_offset_, "locator at byte " + std::to_string(tail_offset_) +
                                    " does not name an index top of this file");
  uint8_t stored[kCrcSize];
  size_t got = 0;
  const Status status = source_.ReadAt(position, stored, sizeof stored, &got);
  if (!status.ok() || got < sizeof stored || LoadLe<uint32_t>(stored) != checksum_.value())
    report_.Error(position,
                  "container checksum" + place +
                      " does not match the chunks: some were exchanged, replaced or removed");
}

}  // namespace

void VerifyReport::Error(uint64_t offset, std::string message) {
  ++errors;
  if (findings.size() < kMaxFindings) findings.push_back({true, offset, std::move(message)});
}

void VerifyReport::Note(uint64_t offset, std::string message) {
  if (findings.size() < kMaxFindings) findings.push_back({false, offset, std::move(message)});
}

Status VerifyV2(Io& io, const ChunkWalk::Progress& progress, VerifyReport* report) {
  return Verifier(io, report).Run(progress);
}

}  // namespace h4mk
