// SPDX-License-Identifier: MIT
#include "maintain/recover.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "file/tracks.h"
#include "reader/file_index.h"
#include "writer/writer.h"

namespace h4mk {
namespace {

// Indexes of tracks, in order.
using TrackSet = std::vector<int32_t>;

bool Has(const TrackSet& tracks, int32_t track) {
  return std::ranges::binary_search(tracks, track);
}

bool CanBeKept(const ChunkWalk& walk, const BlockRecord& block) {
  return walk.IsGood(block) && !(block.flags & kBlockMustKnow);
}

template <typename Condition>
TrackSet TracksWith(const ChunkWalk& walk, Condition condition) {
  TrackSet tracks;
  for (const BlockRecord& block : walk.index().blocks())
    if (block.track >= 0 && condition(block)) tracks.push_back(block.track);
  std::ranges::sort(tracks);
  // Clang 14 cannot compile std::ranges::unique() with this standard library.
  tracks.erase(std::unique(tracks.begin(), tracks.end()), tracks.end());
  return tracks;
}

// The hash of a track's external blocks holds for all of them, in one cluster. They can stay there
// if none of the track's blocks is lost; another hash could be made only with the other file.
TrackSet TracksToKeepTogether(const ChunkWalk& walk) {
  if (!walk.index().has_external()) return {};
  const TrackSet external = TracksWith(
      walk, [](const BlockRecord& block) { return (block.flags & kBlockExternal) != 0; });
  const TrackSet broken =
      TracksWith(walk, [&](const BlockRecord& block) { return !CanBeKept(walk, block); });
  TrackSet together;
  std::ranges::set_difference(external, broken, std::back_inserter(together));
  return together;
}

class Recovery {
 public:
  Recovery(Io& io, Io& output, RecoverReport* report)
      : source_(io), chunks_(source_), output_(output), report_(*report) {}

  Status Run(const ChunkWalk::Progress& progress);

 private:
  Status ReadDescriptions();
  Status FindDescriptions();
  Status TakeDescription(const Piece& piece);
  Status MakeUpTracks();
  Status MakeUpTrack(uint32_t id, bool is_compressed);
  void LoseTracksFrom(uint32_t id);
  Status StartWriter();
  Status Take(const ChunkWalk& walk, const Piece& piece);
  Status TakeCluster(const ChunkWalk& walk, const Piece& piece);
  Status TakeGoodBlocks(const ChunkWalk& walk, const Piece& piece);
  Status TakeTogether(const ChunkWalk& walk, const TrackSet& together);
  Status AppendTogether();
  Status ReadGoodBlock(const ChunkWalk& walk, const BlockRecord& record, Block* block);
  Status TakeChunk(const Piece& piece);
  Status TakeAttachment(const Piece& piece);
  void Count(const BlockRecord& block);
  void Lose(const Piece& piece, std::string message);
  Status Read(uint64_t offset, uint64_t size);

  Source source_;
  ChunkReader chunks_;
  Io& output_;
  std::optional<Writer> writer_;
  RecoverReport& report_;
  bool have_tracks_ = false;
  TrackList list_;
  Json meta_ = Json::object();
  ClusterEncoder encoder_;  // of clusters with external blocks; made once, as it knows all tracks
  std::vector<uint64_t> next_ordinal_;  // by track
  bool had_tail_ = false;
  bool lost_signature_ = false;
  Bytes buffer_;
};

Status Recovery::Run(const ChunkWalk::Progress& progress) {
  H4MK_TRY(ReadDescriptions());
  if (!have_tracks_) H4MK_TRY(FindDescriptions());
  H4MK_TRY(StartWriter());
  ChunkWalk walk(source_, list_.ids, 2, ChunkWalk::Depth::kAll, progress);
  H4MK_TRY(ForEachPiece(walk, [&](const Piece& piece) { return Take(walk, piece); }));
  if (!had_tail_)
    report_.losses.push_back({walk.position(), 0, "the end of the file; it was made anew"});
  return writer_->Finish();
}

// Takes the descriptions that a reader takes (core.md, "Which description counts"), if one can open
// the file.
Status Recovery::ReadDescriptions() {
  Warnings warnings;
  unsigned changes = 0;
  FileIndex file(source_, warnings, changes);
  ChunkCursor cursor(chunks_);
  const Status status = file.Open(&cursor);
  if (status.code() == Code::kIo) return status;
  FileHeader header;
  if (!status.ok()) return ReadFileHeader(source_, &header);
  list_ = {file.tracks(), file.descriptions().ids()};
  meta_ = file.meta();
  have_tracks_ = true;
  return {};
}

// No reader can open the file: the last TRAK and META that can be used count.
Status Recovery::FindDescriptions() {
  const TrackIds none;
  ChunkWalk walk(source_, none, 2, ChunkWalk::Depth::kIndexes);
  bool any_cluster = false;
  H4MK_TRY(ForEachPiece(walk, [&](const Piece& piece) -> Status {
    any_cluster = any_cluster || piece.is_cluster;
    const bool is_description = piece.header.tag == kTagTracks || piece.header.tag == kTagMeta;
    return piece.kind == Piece::Kind::kChunk && is_description ? TakeDescription(piece) : Status();
  }));
  if (have_tracks_) return {};
  if (!any_cluster)
    return Corrupt(kFileHeaderSize, "neither tracks nor blocks found; nothing to recover");
  return MakeUpTracks();
}

Status Recovery::TakeDescription(const Piece& piece) {
  Bytes payload;
  if (const Status status = chunks_.ReadPayload(piece.offset, piece.header, &payload); !status.ok())
    return status.code() == Code::kIo ? status : Status();
  if (piece.header.tag == kTagTracks) {
    Result<TrackList> list = ParseTracks(AsText(payload), piece.offset);
    if (!list.ok()) return {};
    list_ = std::move(list.value());
    have_tracks_ = true;
  } else if (Result<Json> meta = ParseMeta(AsText(payload), piece.offset); meta.ok()) {
    meta_ = std::move(meta.value());
  }
  return {};
}

// Without any TRAK the blocks still say which tracks there are, but no more than that.
Status Recovery::MakeUpTracks() {
  TrackIds all;
  for (uint32_t id = 0; id <= kMaxTrackId; ++id) all.Add(id);
  std::vector<bool> seen(all.size()), compressed(all.size());
  ChunkWalk walk(source_, all, 2, ChunkWalk::Depth::kIndexes);
  H4MK_TRY(ForEachPiece(walk, [&](const Piece& piece) {
    if (!piece.is_cluster) return;
    for (const BlockRecord& block : walk.index().blocks()) {
      seen[static_cast<size_t>(block.track)] = true;
      if (block.flags & kBlockCompressed) compressed[static_cast<size_t>(block.track)] = true;
    }
  }));
  report_.losses.push_back(
      {kFileHeaderSize, 0, "the descriptions of the tracks: codecs and time bases are made up"});
  for (uint32_t id = 0; id < seen.size(); ++id) {
    if (!seen[id]) continue;
    if (list_.tracks.size() == kMaxTracks) {
      LoseTracksFrom(id);
      break;
    }
    H4MK_TRY(MakeUpTrack(id, compressed[id]));
  }
  return {};
}

Status Recovery::MakeUpTrack(uint32_t id, bool is_compressed) {
  Track track;
  Json description = {{"track_id", id},  {"name", ""},           {"kind", "data"},
                      {"codec", "none"}, {"sample_rate", 0},     {"channels", 0},
                      {"note", ""},      {"time_base", "1/1000"}};
  if (is_compressed) description[kCompressionKey] = "zstd";
  H4MK_TRY(ReadTrack(description, &track));
  list_.ids.Add(id);
  list_.tracks.push_back(std::move(track));
  return {};
}

// core.md, "Limits".
void Recovery::LoseTracksFrom(uint32_t id) {
  report_.losses.push_back({kFileHeaderSize, 0,
                            "all tracks from track_id " + std::to_string(id) +
                                " on: a file has at most " + std::to_string(kMaxTracks),
                            /*may_hold_blocks=*/true});
}

// Clusters are copied as they are, so the new file has the salt of the old one.
Status Recovery::StartWriter() {
  WriterOptions options;
  options.salt = source_.salt();
  options.any_compression = true;
  writer_.emplace(output_, options);
  encoder_.set_salt(source_.salt());
  for (const Track& track : list_.tracks) {
    uint32_t index = 0;
    H4MK_TRY(writer_->AddTrack(track.description, &index));
    encoder_.AddTrack(track.id);
  }
  next_ordinal_.resize(list_.tracks.size());
  return writer_->SetMeta(meta_);
}

Status Recovery::Take(const ChunkWalk& walk, const Piece& piece) {
  if (piece.kind != Piece::Kind::kChunk) {
    if (piece.is_cluster) return TakeGoodBlocks(walk, piece);
    Lose(piece, piece.problem);
    return {};
  }
  had_tail_ = piece.header.tag == kTagTail;
  return piece.is_cluster ? TakeCluster(walk, piece) : TakeChunk(piece);
}

Status Recovery::TakeCluster(const ChunkWalk& walk, const Piece& piece) {
  for (const BlockRecord& block : walk.index().blocks()) Count(block);
  ++report_.clusters;
  H4MK_TRY(Read(piece.offset, piece.header.size()));
  return writer_->AppendCluster(walk.index(), buffer_);
}

Status Recovery::TakeGoodBlocks(const ChunkWalk& walk, const Piece& piece) {
  const TrackSet together = TracksToKeepTogether(walk);
  H4MK_TRY(TakeTogether(walk, together));
  uint64_t lost = 0, lost_bytes = 0;
  for (const BlockRecord& record : walk.index().blocks()) {
    const bool is_together = Has(together, record.track);
    if (!CanBeKept(walk, record) || ((record.flags & kBlockExternal) && !is_together)) {
      ++lost;
      lost_bytes += record.stored_size();
      continue;
    }
    if (record.track < 0 || is_together) continue;
    Block block;
    H4MK_TRY(ReadGoodBlock(walk, record, &block));
    H4MK_TRY(writer_->SetOrdinal(block.track, record.ordinal));
    H4MK_TRY(writer_->Write(block));
  }
  report_.losses.push_back({piece.offset, lost_bytes,
                            piece.problem + "; " + std::to_string(lost) + " of " +
                                std::to_string(walk.index().blocks().size()) + " blocks lost",
                            lost > 0});
  return {};
}

// Makes a cluster of the blocks of some tracks.
Status Recovery::TakeTogether(const ChunkWalk& walk, const TrackSet& together) {
  if (together.empty()) return {};
  const ClusterIndex& index = walk.index();
  for (const BlockRecord& record : index.blocks()) {
    if (!Has(together, record.track)) continue;
    Block block;
    H4MK_TRY(ReadGoodBlock(walk, record, &block));
    // None of the track's blocks is left out, so this is its first one.
    if (encoder_.NextOrdinal(block.track) != record.ordinal)
      encoder_.SkipTo(block.track, record.ordinal);
    if (record.flags & kBlockExternal) {
      const ExternalRange& range = index.range_of(record);
      block.external_offset = range.offset;
      encoder_.AddExternalToIndex(block, range.size);
      encoder_.SetExternalHash(block.track, index.groups()[range.group].hash);
    } else {
      encoder_.Add(block);
    }
  }
  return AppendTogether();
}

Status Recovery::AppendTogether() {
  const ClusterEncoder::Encoded encoded = encoder_.Encode();
  Bytes chunk(encoded.head.begin(), encoded.head.end());
  for (ByteSpan data : encoded.data) AppendBytes(chunk, data);
  AppendLe(chunk, encoded.crc);
  encoder_.Clear();
  ClusterIndex made;
  made.set_salt(source_.salt());
  const ByteSpan payload = ByteSpan(chunk).subspan(kChunkHeaderSize, chunk.size() - kChunkOverhead);
  size_t needed = 0;
  H4MK_TRY(made.Parse(payload, kChunkHeaderSize, payload.size(), list_.ids, &needed));
  ++report_.clusters;
  return writer_->AppendCluster(made, chunk);
}

// Reads a block, whose data goes to buffer_, and counts it.
Status Recovery::ReadGoodBlock(const ChunkWalk& walk, const BlockRecord& record, Block* block) {
  H4MK_TRY(Read(walk.data_offset() + record.offset, record.stored_size()));
  block->track = static_cast<uint32_t>(record.track);
  block->flags = record.flags & kBlockPublicFlags;
  block->pts = record.pts;
  block->dts = record.dts;
  block->duration = record.duration;
  block->data = buffer_;
  block->side_data = walk.index().side_data(record);
  block->ordinal = record.ordinal;
  Count(record);
  return {};
}

// Chunks of other kinds. The writer makes descriptions, index and end itself.
Status Recovery::TakeChunk(const Piece& piece) {
  const uint32_t tag = piece.header.tag;
  if (tag == kTagCore) {
    Lose(piece, piece.header.unknown_flags() != 0 ? UnknownFlags(piece.header, piece.offset)
                                                  : "CORE chunk that is no cluster");
    return {};
  }
  if (piece.header.unknown_flags() != 0 &&
      (tag == kTagTracks || tag == kTagMeta || tag == kTagAttachment)) {
    Lose(piece, UnknownFlags(piece.header, piece.offset));
    return {};
  }
  if (tag == kTagTracks || tag == kTagMeta || tag == kTagIndex || tag == kTagTail ||
      tag == kTagFree)
    return {};
  if (tag == kTagAttachment) return TakeAttachment(piece);
  if (piece.header.length > kMaxSmallChunk) {
    Lose(piece, TagText(tag) + " chunk larger than 64 MiB");
    return {};
  }
  H4MK_TRY(Read(piece.offset + kChunkHeaderSize, piece.header.length));
  if (tag != kTagVeri || !IsCheckpoint(buffer_))
    return writer_->AddChunk(tag, piece.header.flags, buffer_);
  if (!std::exchange(lost_signature_, true))
    report_.losses.push_back({piece.offset, 0, "the signatures: they were of the old file"});
  return {};
}

// core.md, "Chunk": ATTA. The writer puts attachments in front of the first cluster, where they
// stand.
Status Recovery::TakeAttachment(const Piece& piece) {
  H4MK_TRY(Read(piece.offset + kChunkHeaderSize, piece.header.length));
  ByteReader reader{ByteSpan(buffer_)};
  const int32_t track = list_.ids.Find(reader.Varint());
  Status status(Code::kArgument, "");
  if (track >= 0 && !reader.failed())
    status = writer_->SetAttachment(static_cast<uint32_t>(track),
                                    ByteSpan(reader.data(), reader.left()));
  if (status.code() == Code::kMemory || status.code() == Code::kIo) return status;
  if (!status.ok()) Lose(piece, "attachment of no track, or out of place");
  return {};
}

// Counts a block that is taken over, and those that are missing before it.
void Recovery::Count(const BlockRecord& block) {
  ++report_.blocks;
  report_.payload_bytes += block.stored_size();
  if (block.track < 0) return;
  uint64_t& next = next_ordinal_[static_cast<size_t>(block.track)];
  if (block.ordinal > next) report_.lost_blocks += block.ordinal - next;
  next = block.ordinal + 1;
}

void Recovery::Lose(const Piece& piece, std::string message) {
  report_.losses.push_back(
      {piece.offset, piece.end - piece.offset, std::move(message), MayHoldBlocks(piece)});
}

// Reads into buffer_.
Status Recovery::Read(uint64_t offset, uint64_t size) {
  buffer_.resize(static_cast<size_t>(size));
  return source_.ReadAll(offset, buffer_);
}

}  // namespace

bool MayHoldBlocks(const Piece& piece) {
  const bool is_one_chunk =
      piece.kind == Piece::Kind::kUnfinished || piece.end == piece.offset + piece.header.size();
  return !is_one_chunk || piece.header.tag == kTagCore || !IsKnownTag(piece.header.tag);
}

bool RecoverReport::lost_any_blocks() const {
  return lost_blocks > 0 || std::any_of(losses.begin(), losses.end(),
                                        [](const Loss& loss) { return loss.may_hold_blocks; });
}

Status RecoverV2(Io& io, Io& output, const ChunkWalk::Progress& progress, RecoverReport* report) {
  return Recovery(io, output, report).Run(progress);
}

}  // namespace h4mk
