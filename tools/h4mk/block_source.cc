// SPDX-License-Identifier: MIT
#include "block_source.h"

#include "file/chunk_walk.h"
#include "text.h"

namespace h4mk::tool {
namespace {

// Version 2: the indexes of the clusters say it all.
void ForEachIndexed(InputFile& file, BlockPipeline& reader, Output& output,
                    const std::function<void(const BlockRow&)>& visit) {
  TrackIds ids;
  for (const Track& track : reader.tracks()) ids.Add(track.id);
  Source source = file.NewSource();
  ChunkWalk walk(source, ids, 2, ChunkWalk::Depth::kIndexes);
  const Status status = ForEachPiece(walk, [&](const Piece& piece) {
    if (!piece.problem.empty()) output.Problem(Corrupt(piece.offset, piece.problem));
    if (!piece.is_cluster || piece.kind == Piece::Kind::kUnfinished) return;
    for (const BlockRecord& record : walk.index().blocks())
      if (record.track >= 0)
        visit(MakeRow(record,
                      record.flags & kBlockExternal ? walk.index().range_of(record).offset
                                                    : walk.data_offset() + record.offset,
                      piece.offset));
  });
  if (!status.ok()) output.Problem(status);
}

}  // namespace

BlockRow MakeRow(const BlockRecord& record, uint64_t offset, uint64_t cluster) {
  return {static_cast<uint32_t>(record.track),
          record.ordinal,
          record.pts,
          record.dts,
          record.duration,
          record.flags,
          record.size,
          offset,
          cluster};
}

BlockRow MakeRow(const BlockInfo& info) {
  return MakeRow(info.record, static_cast<uint64_t>(info.offset), info.chunk);
}

uint32_t TypeOf(uint32_t flags, const Track& track) {
  const uint32_t type = flags & kBlockTypeMask;
  if (type == H4MK_BLOCK_TYPE_I || type == H4MK_BLOCK_TYPE_B) return type;
  const auto types = track.description.find("block_types");
  return types != track.description.end() && *types == "key" ? 3 : H4MK_BLOCK_TYPE_P;
}

char TypeLetter(uint32_t flags, const Track& track) { return "IPB?"[TypeOf(flags, track)]; }

Json BlockJson(const BlockRow& row, const Track& track) {
  const auto time = [](int64_t value) { return value == kNoTime ? Json(nullptr) : Json(value); };
  Json object = Json::object();
  object["track_id"] = track.id;
  object["ordinal"] = row.ordinal;
  object["pts"] = time(row.pts);
  object["dts"] = time(row.dts);
  object["duration"] = row.duration;
  object["time"] =
      row.time() == kNoTime ? Json(nullptr) : Json(Seconds(row.time(), track.time_base));
  object["type"] = std::string(1, TypeLetter(row.flags, track));
  object["key"] = row.is_key();
  if (row.flags & kBlockDiscard) object["discard"] = true;
  if (row.flags & kBlockCorrupt) object["corrupt"] = true;
  if (row.flags & kBlockEncrypted) object["encrypted"] = true;
  if (row.flags & kBlockCompressed) object["compressed"] = true;
  if (row.flags & kBlockExternal) object["external"] = true;
  object["size"] = row.size;
  object["offset"] = row.offset;
  if (row.cluster != 0) object["cluster"] = row.cluster;
  return object;
}

void ForEachRead(BlockPipeline& reader, Output& output,
                 const std::function<Status(const ReadBlock&)>& visit) {
  for (;;) {
    ReadBlock block;
    const Status status = reader.Next(&block);
    if (status.ok()) {
      if (const Status stop = visit(block); !stop.ok()) return output.Problem(stop);
    } else if (CostsBlock(status.code())) {
      output.Problem(status);
    } else {
      if (status.code() != Code::kEnd && status.code() != Code::kAgain) output.Problem(status);
      return;
    }
  }
}

void ForEachBlock(InputFile& file, BlockPipeline& reader, Output& output,
                  const std::function<void(const BlockRow&)>& visit) {
  if (reader.version() == 2)
    ForEachIndexed(file, reader, output, visit);
  else
    ForEachRead(reader, output, [&](const ReadBlock& block) {
      visit(MakeRow(*block.record, static_cast<uint64_t>(block.offset), 0));
      return Status();
    });
  ReportWarnings(reader, output);
}

void ReportWarnings(BlockPipeline& reader, Output& output) {
  Status warning;
  bool any = false;
  while (reader.NextWarning(&warning)) {
    output.Problem(warning.offset(), reader.is_closed() ? Code::kCorrupt : Code::kAgain,
                   warning.message());
    any = true;
  }
  if (!reader.is_closed() && !any)
    output.Problem(
        Status(Code::kAgain, "the file has no end: it was cut, or is still being written"));
}

}  // namespace h4mk::tool
