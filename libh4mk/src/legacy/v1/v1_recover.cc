// SPDX-License-Identifier: MIT
#include <algorithm>
#include <set>

#include "base/memory_io.h"
#include "legacy/maintain.h"
#include "legacy/v1/v1_block.h"
#include "legacy/v1/v1_tracks.h"
#include "legacy/v1/v1_writer.h"

namespace h4mk {
namespace {

class V1Recovery {
 public:
  V1Recovery(ByteSpan file, RecoverReport* report) : file_(file), report_(*report) {}
  Status Run(Io& output, const ChunkWalk::Progress& progress);

 private:
  void Take(const Piece& piece);
  void TakeBlock(const Piece& piece, ByteSpan payload);
  void AddMissingTracks();

  ByteSpan file_;
  RecoverReport& report_;
  V1Contents contents_;
  bool have_tracks_ = false;
};

Status V1Recovery::Run(Io& output, const ChunkWalk::Progress& progress) {
  MemoryInput input(file_);
  Source source(input);
  const TrackIds none;
  ChunkWalk walk(source, none, 1, ChunkWalk::Depth::kAll, progress);
  H4MK_TRY(ForEachPiece(walk, [&](const Piece& piece) { Take(piece); }));
  if (walk.position() + kCrcSize > file_.size())
    report_.losses.push_back({walk.position(), 0, "the end of the file; it was made anew"});
  if (!have_tracks_ && contents_.blocks.empty())
    return Corrupt(kFileHeaderSize, "neither tracks nor blocks found; nothing to recover");
  AddMissingTracks();
  Sink sink(output);
  return WriteV1(std::move(contents_), sink);
}

void V1Recovery::Take(const Piece& piece) {
  if (piece.kind != Piece::Kind::kChunk) {
    report_.losses.push_back(
        {piece.offset, piece.end - piece.offset, piece.problem, MayHoldBlocks(piece)});
    return;
  }
  const ByteSpan payload =
      file_.subspan(static_cast<size_t>(piece.offset) + kChunkHeaderSize, piece.header.length);
  if (IsV1Sidecar(piece.header.tag)) {
    contents_.sidecars.emplace(piece.header.tag, payload);  // the first of each counts
    return;
  }
  switch (piece.header.tag) {
    case kTagTracks: {
      Result<std::vector<Json>> tracks = ParseV1Tracks(AsText(payload));
      if (have_tracks_) break;
      have_tracks_ = tracks.ok();
      if (tracks.ok())
        contents_.tracks = std::move(tracks.value());
      else
        report_.losses.push_back({piece.offset, piece.header.size(), tracks.status().message()});
      break;
    }
    case kTagCore:
      TakeBlock(piece, payload);
      break;
    case kTagIndex:
      break;  // made anew
    default:
      contents_.extra.push_back({piece.header.tag, piece.header.flags, payload});
  }
}

void V1Recovery::TakeBlock(const Piece& piece, ByteSpan payload) {
  const Result<uint16_t> track_id = ParseV1Routing(payload);
  const V1Flags flags = ParseV1Flags(piece.header.flags);
  if (!track_id.ok() || flags.type == kV1TypeReserved) {
    report_.losses.push_back(
        {piece.offset, piece.header.size(),
         track_id.ok() ? "block of the reserved type" : track_id.status().message(), true});
    return;
  }
  contents_.blocks.push_back(
      {track_id.value(), flags.pts_ms, flags.type, payload.subspan(kV1RoutingSize)});
  ++report_.clusters;
  ++report_.blocks;
  report_.payload_bytes += payload.size() - kV1RoutingSize;
}

// Blocks need a track that TRAK has.
void V1Recovery::AddMissingTracks() {
  std::set<int64_t> missing;
  for (const V1Block& block : contents_.blocks) missing.insert(block.track_id);
  for (const Json& track : contents_.tracks)
    if (track["track_id"].is_number_integer()) missing.erase(track["track_id"].get<int64_t>());
  for (const int64_t id : missing) {
    contents_.tracks.push_back(V1Track({{"track_id", id}, {"kind", "data"}, {"codec", "none"}}));
    report_.losses.push_back(
        {kFileHeaderSize, 0, "the description of track " + std::to_string(id) + "; it is made up"});
  }
}

}  // namespace

Status RecoverV1(ByteSpan file, Io& output, const ChunkWalk::Progress& progress,
                 RecoverReport* report) {
  return V1Recovery(file, report).Run(output, progress);
}

}  // namespace h4mk
