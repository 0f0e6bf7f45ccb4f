// SPDX-License-Identifier: MIT
// Lookups, chunks and conversion behind the C ABI.
#include "capi/handles.h"
#include "file/chunk_list.h"
#include "open/open_file.h"

using h4mk::Call;
using h4mk::Code;
using h4mk::CopyStruct;
using h4mk::Status;

namespace h4mk {

namespace {

void FillSideData(h4mk_reader* reader, std::span<const SideData> side_data) {
  reader->side_data_names.clear();
  reader->side_data.clear();
  for (const SideData& entry : side_data) reader->side_data_names.emplace_back(entry.name);
  for (size_t i = 0; i < side_data.size(); ++i)
    reader->side_data.push_back(
        {reader->side_data_names[i].c_str(), side_data[i].data.data(), side_data[i].data.size()});
}

Status NotReadable(const ReadBlock& read) {
  return Corrupt(static_cast<uint64_t>(read.offset),
                 read.record->flags & kBlockEncrypted
                     ? "META does not say how the block is encrypted that stands"
                     : "TRAK does not say how the block is compressed that stands");
}

}  // namespace

Status FillBlock(h4mk_reader* reader, const ReadBlock& read, h4mk_block* block) {
  const BlockRecord& record = *read.record;
  if ((record.flags & (kBlockEncrypted | kBlockCompressed | kBlockExternal)) &&
      !reader->keeps_stored)
    return NotReadable(read);
  if (!read.side_data.empty()) FillSideData(reader, read.side_data);
  // Nearly every caller knows all members; they are written where they belong.
  h4mk_block part;
  h4mk_block& known = block->struct_size >= sizeof part ? *block : part;
  known.track = static_cast<uint32_t>(record.track);
  known.flags = (record.flags & kBlockPublicFlags) | (read.corrupt ? H4MK_BLOCK_CORRUPT : 0u);
  known.pts = record.pts;
  known.dts = record.dts;
  known.duration = record.duration;
  known.data = read.data;
  known.size = record.size;
  known.side_data = read.side_data.empty() ? nullptr : reader->side_data.data();
  known.side_data_count = read.side_data.size();
  known.ordinal = record.ordinal;
  known.offset = read.offset;
  known.buffer = read.buffer;
  known.chunk = static_cast<int64_t>(read.chunk_offset);
  if (&known == &part) CopyOut(part, block);
  return {};
}

namespace {

h4mk_block_info ToC(const BlockInfo& info) {
  const BlockRecord& record = info.record;
  return {sizeof(h4mk_block_info),
          record.ordinal,
          record.pts,
          record.dts,
          record.duration,
          record.flags & kBlockPublicFlags,
          record.size,
          static_cast<int64_t>(info.chunk),
          info.offset};
}

bool HasTrack(const h4mk_reader* reader, uint32_t track) {
  return track < h4mk_reader_track_count(reader);
}

// A lookup moves what a block points to that h4mk_reader_next() still has to hand out.
template <typename Lookup>
h4mk_status Ask(h4mk_reader* reader, Lookup lookup) {
  return reader->opened && reader->file.reader->is_ready() ? H4MK_ERR_STATE : Call(reader, lookup);
}

Status LookUp(h4mk_reader* reader, const std::function<Status(Lookups&)>& ask) {
  return reader->file.reader->file().LookUp(ask);
}

// A lookup that gives one block.
template <typename Key>
h4mk_status One(h4mk_reader* reader, uint32_t track, Key key, h4mk_block_info* block,
                Status (Lookups::*find)(uint32_t, Key, BlockInfo*)) {
  if (!IsSized(block) || !HasTrack(reader, track)) return H4MK_ERR_ARGUMENT;
  return Ask(reader, [&]() -> Status {
    BlockInfo info;
    H4MK_TRY(LookUp(reader, [&](Lookups& lookups) { return (lookups.*find)(track, key, &info); }));
    CopyOut(ToC(info), block);
    return {};
  });
}

// A lookup that gives a list: find(lookups, out, &total).
template <typename Find>
h4mk_status List(h4mk_reader* reader, uint32_t track, h4mk_block_info* blocks, size_t count,
                 uint64_t* total, Find find) {
  if (total == nullptr || !IsSized(blocks, count) || !HasTrack(reader, track))
    return H4MK_ERR_ARGUMENT;
  return Ask(reader, [&]() -> Status {
    uint64_t found = 0;
    std::vector<BlockInfo> list;
    const auto fill = [&](Lookups& lookups) { return find(lookups, std::span(list), &found); };
    H4MK_TRY(LookUp(reader, fill));
    list.resize(static_cast<size_t>(std::min<uint64_t>(count, found)));
    if (!list.empty()) H4MK_TRY(LookUp(reader, fill));
    for (size_t i = 0; i < std::min<uint64_t>(list.size(), found); ++i)
      CopyOut(ToC(list[i]), blocks, i);
    *total = found;
    return {};
  });
}

}  // namespace
}  // namespace h4mk

using h4mk::BlockInfo;
using h4mk::Lookups;

h4mk_status h4mk_reader_keyframe(h4mk_reader* reader, uint32_t track, int64_t time,
                                 h4mk_block_info* block) {
  return h4mk::One(reader, track, time, block, &Lookups::FindKeyframe);
}

h4mk_status h4mk_reader_decode_chain(h4mk_reader* reader, uint32_t track, int64_t time,
                                     h4mk_block_info* blocks, size_t count, uint64_t* total) {
  return h4mk::List(reader, track, blocks, count, total,
                    [&](Lookups& lookups, std::span<BlockInfo> out, uint64_t* found) {
                      return lookups.DecodeChain(track, time, out, found);
                    });
}

h4mk_status h4mk_reader_keyframes_between(h4mk_reader* reader, uint32_t track, int64_t from,
                                          int64_t to, h4mk_block_info* blocks, size_t count,
                                          uint64_t* total) {
  return h4mk::List(reader, track, blocks, count, total,
                    [&](Lookups& lookups, std::span<BlockInfo> out, uint64_t* found) {
                      return lookups.KeyframesBetween(track, from, to, out, found);
                    });
}

h4mk_status h4mk_reader_frame_count(const h4mk_reader* reader, uint32_t track, uint64_t* count) {
  if (count == nullptr || !h4mk::HasTrack(reader, track)) return H4MK_ERR_ARGUMENT;
  *count = reader->file.reader->totals(track).frames();
  return H4MK_OK;
}

h4mk_status h4mk_reader_frame(h4mk_reader* reader, uint32_t track, uint64_t number,
                              h4mk_block_info* block) {
  return h4mk::One(reader, track, number, block, &Lookups::FindFrame);
}

h4mk_status h4mk_reader_frame_at(h4mk_reader* reader, uint32_t track, int64_t time,
                                 uint64_t* number, h4mk_block_info* block) {
  if ((block != nullptr && !h4mk::IsSized(block)) || !h4mk::HasTrack(reader, track))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Ask(reader, [&]() -> Status {
    BlockInfo info;
    uint64_t found = 0;
    H4MK_TRY(h4mk::LookUp(
        reader, [&](Lookups& lookups) { return lookups.FindFrameAt(track, time, &found, &info); }));
    if (number != nullptr) *number = found;
    if (block != nullptr) h4mk::CopyOut(h4mk::ToC(info), block);
    return {};
  });
}

h4mk_status h4mk_reader_frame_times(h4mk_reader* reader, uint32_t track, uint64_t first,
                                    int64_t* times, size_t count, size_t* copied) {
  if (copied == nullptr || (times == nullptr && count > 0) || !h4mk::HasTrack(reader, track))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Ask(reader, [&]() -> Status {
    size_t done = 0;
    H4MK_TRY(h4mk::LookUp(reader, [&](Lookups& lookups) {
      return lookups.FrameTimes(track, first, std::span(times, count), &done);
    }));
    *copied = done;
    return {};
  });
}

h4mk_status h4mk_reader_frame_chain(h4mk_reader* reader, uint32_t track, uint64_t number,
                                    h4mk_block_info* blocks, size_t count, uint64_t* total) {
  return h4mk::List(reader, track, blocks, count, total,
                    [&](Lookups& lookups, std::span<BlockInfo> out, uint64_t* found) {
                      return lookups.FrameChain(track, number, out, found);
                    });
}

h4mk_status h4mk_reader_block_info(h4mk_reader* reader, uint32_t track, uint64_t ordinal,
                                   h4mk_block_info* block) {
  return h4mk::One(reader, track, ordinal, block, &Lookups::BlockAt);
}

h4mk_status h4mk_reader_blocks(h4mk_reader* reader, uint32_t track, uint64_t first,
                               h4mk_block_info* blocks, size_t count, size_t* copied) {
  if (copied == nullptr || !h4mk::IsSized(blocks, count) || !h4mk::HasTrack(reader, track))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Ask(reader, [&]() -> Status {
    size_t done = 0;
    std::vector<BlockInfo> batch(std::min<size_t>(count, 256));
    while (done < count) {
      size_t got = 0;
      const size_t wanted = std::min(count - done, batch.size());
      H4MK_TRY(h4mk::LookUp(reader, [&](Lookups& lookups) {
        return lookups.Blocks(track, first, std::span(batch).first(wanted), &got);
      }));
      for (size_t i = 0; i < got; ++i) h4mk::CopyOut(h4mk::ToC(batch[i]), blocks, done++);
      if (got < wanted) break;
      first = batch[got - 1].record.ordinal + 1;
    }
    *copied = done;
    return {};
  });
}

h4mk_status h4mk_reader_read_block(h4mk_reader* reader, uint32_t track, uint64_t ordinal,
                                   h4mk_block* block) {
  if (!h4mk::IsSized(block) || !h4mk::HasTrack(reader, track)) return H4MK_ERR_ARGUMENT;
  return h4mk::Ask(reader, [&]() -> Status {
    h4mk::ReadBlock read;
    H4MK_TRY(reader->file.reader->ReadBlockAt(track, ordinal, &read));
    return h4mk::FillBlock(reader, read, block);
  });
}

h4mk_status h4mk_reader_chunk(h4mk_reader* reader, int64_t offset, h4mk_chunk* chunk) {
  if (reader == nullptr || !reader->file.reader || !h4mk::IsSized(chunk) || offset < 0)
    return H4MK_ERR_ARGUMENT;
  return Call(reader, [&]() -> Status {
    h4mk::ChunkInfo info;
    H4MK_TRY(h4mk::ReadChunkInfo(reader->file.reader->source(), reader->file.reader->version(),
                                 static_cast<uint64_t>(offset), &info));
    h4mk_chunk known = {sizeof known,
                        static_cast<int64_t>(info.offset),
                        static_cast<int64_t>(info.payload),
                        static_cast<int64_t>(info.next),
                        {},
                        info.flags,
                        info.length,
                        info.crc};
    h4mk::StoreLe(reinterpret_cast<uint8_t*>(known.tag), info.tag);
    h4mk::CopyOut(known, chunk);
    return {};
  });
}

h4mk_status h4mk_reader_chunk_payload(h4mk_reader* reader, const h4mk_chunk* chunk,
                                      const uint8_t** data, size_t* size) {
  h4mk_chunk known = H4MK_CHUNK_INIT;
  if (reader == nullptr || !reader->file.reader || chunk == nullptr || data == nullptr ||
      size == nullptr || !h4mk::CopyStruct(chunk, &known) || known.offset < 0)
    return H4MK_ERR_ARGUMENT;
  return Call(reader, [&]() -> Status {
    // The file says what stands there, not the caller.
    h4mk::ChunkInfo info;
    H4MK_TRY(h4mk::ReadChunkInfo(reader->file.reader->source(), reader->file.reader->version(),
                                 static_cast<uint64_t>(known.offset), &info));
    H4MK_TRY(h4mk::ReadChunkPayload(reader->file.reader->source(), reader->file.reader->version(),
                                    info, &reader->chunk_payload));
    *data = reader->chunk_payload.data();
    *size = reader->chunk_payload.size();
    return {};
  });
}
