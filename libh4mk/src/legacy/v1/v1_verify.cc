// SPDX-License-Identifier: MIT
// Version 1: every chunk, then what its first reader checks, then the seek tables against the
// blocks.
#include <algorithm>
#include <map>

#include "legacy/maintain.h"
#include "legacy/v1/v1_file.h"

namespace h4mk {
namespace {

Status WalkChunks(Io& io, const ChunkWalk::Progress& progress, VerifyReport* report) {
  Source source(io);
  const TrackIds none;
  ChunkWalk walk(source, none, 1, ChunkWalk::Depth::kAll, progress);
  return ForEachPiece(walk, [&](const Piece& piece) {
    if (piece.kind == Piece::Kind::kChunk) {
      ++report->chunks[TagText(piece.header.tag)];
      return;
    }
    if (piece.kind == Piece::Kind::kUnfinished) report->closed = false;
    report->Error(Corrupt(piece.offset, piece.problem));
  });
}

std::string At(uint64_t offset) { return " at byte " + std::to_string(offset); }

// The table must have the I blocks of its track, all and no others, in file order.
void CheckTable(const V1SeekTable& table, const std::vector<V1Core>& keys, VerifyReport* report) {
  const std::string track = "seek table of track " + std::to_string(table.track_id);
  size_t i = 0;
  for (; i < std::min(keys.size(), table.entries.size()); ++i) {
    const V1Core& core = keys[i];
    const V1SeekEntry& entry = table.entries[i];
    if (entry.offset != static_cast<int64_t>(core.offset) || entry.pts_ms != core.flags.pts_ms)
      return report->Error(core.offset, track + " has " + std::to_string(entry.pts_ms) + " ms" +
                                            At(static_cast<uint64_t>(entry.offset)) +
                                            "; the I block it should be has " +
                                            std::to_string(core.flags.pts_ms) + " ms" +
                                            At(core.offset));
  }
  if (i < keys.size())
    report->Error(keys[i].offset, track + " ends before the I block" + At(keys[i].offset));
  if (i < table.entries.size())
    report->Error(static_cast<uint64_t>(table.entries[i].offset),
                  track + " has entries for which there are no I blocks");
}

void CheckContents(const V1File& file, VerifyReport* report) {
  Result<std::vector<Json>> tracks = file.Tracks();
  if (!tracks.ok()) report->Error(tracks.status());
  Result<std::vector<V1Core>> cores = file.Cores();
  if (!cores.ok()) return report->Error(cores.status());
  report->blocks = cores.value().size();
  std::map<uint16_t, std::vector<V1Core>> keys;  // of each track
  for (const V1Core& core : cores.value()) {
    report->payload_bytes += core.size;
    if (core.flags.type == kV1TypeI) keys[core.track_id].push_back(core);
  }
  Result<std::vector<V1SeekTable>> tables = file.SeekTables();
  if (!tables.ok()) return report->Error(tables.status());
  for (const V1SeekTable& table : tables.value()) CheckTable(table, keys[table.track_id], report);
  report->index_checked = true;
}

}  // namespace

Status VerifyV1(Io& io, const ChunkWalk::Progress& progress, VerifyReport* report) {
  report->version = 1;
  report->file_size = static_cast<uint64_t>(std::max<int64_t>(io.Size(), 0));
  report->closed = true;
  H4MK_TRY(WalkChunks(io, progress, report));
  if (io.Seek(0) < 0) return Status(Code::kIo, "cannot seek");
  Source source(io);
  Result<V1File> file = V1File::Open(source, /*check=*/true);
  if (!file.ok()) {
    const Status& status = file.status();
    if (status.code() == Code::kTruncated) report->closed = false;
    if (status.code() == Code::kIo || status.code() == Code::kNotH4mk) return status;
    if (report->ok()) report->Error(status);
    return {};
  }
  CheckContents(file.value(), report);
  return {};
}

}  // namespace h4mk
