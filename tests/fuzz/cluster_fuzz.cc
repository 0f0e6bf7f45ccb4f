// SPDX-License-Identifier: MIT
//
// The index of a cluster. The input is an index; its size and CRC are added here. What can be read
// is encoded again and must come back the same.

#include "base/crc32.h"
#include "chunk/chunk_format.h"
#include "cluster/cluster_encoder.h"
#include "cluster/cluster_index.h"
#include "fuzz/fuzz.h"

using namespace h4mk;  // NOLINT: a test

namespace {

TrackIds Tracks() {
  TrackIds ids;
  for (uint32_t id = 0; id < 4; ++id) ids.Add(id);
  return ids;
}

Bytes WithSizeAndCrc(ByteSpan index) {
  Bytes payload;
  AppendVarint(payload, index.size());
  AppendBytes(payload, index);
  AppendLe(payload, Crc32(0, payload));
  return payload;
}

const ExternalGroup& GroupOf(const ClusterIndex& index, const BlockRecord& record) {
  return index.groups()[index.range_of(record).group];
}

// The index of the same blocks; ordinals begin anew, and data is not needed for it.
Bytes EncodeAgain(const ClusterIndex& index, const TrackIds& tracks) {
  ClusterEncoder encoder;
  for (size_t i = 0; i < tracks.size(); ++i) encoder.AddTrack(tracks.id(i));
  static const uint8_t none = 0;
  for (const BlockRecord& record : index.blocks()) {
    Block block{.track = static_cast<uint32_t>(record.track),
                .flags = record.flags,
                .pts = record.pts,
                .dts = record.dts,
                .duration = record.duration,
                .data = ByteSpan(&none, record.size),  // never looked into
                .side_data = index.side_data(record)};
    if (!(record.flags & kBlockExternal)) {
      encoder.AddToIndex(block);
      continue;
    }
    block.external_offset = index.range_of(record).offset;
    encoder.AddExternalToIndex(block, record.size);
    encoder.SetExternalHash(block.track, GroupOf(index, record).hash);
  }
  const ByteSpan head = encoder.Encode().head;
  return Bytes(head.begin() + kChunkHeaderSize, head.end());
}

bool Same(std::span<const SideData> a, std::span<const SideData> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.name == y.name &&
           std::equal(x.data.begin(), x.data.end(), y.data.begin(), y.data.end());
  });
}

void CheckComesBack(const ClusterIndex& index, const TrackIds& tracks) {
  ClusterIndex again;
  size_t needed = 0;
  FUZZ_CHECK(
      again.Parse(EncodeAgain(index, tracks), 0, ClusterIndex::kAnyPayload, tracks, &needed).ok());
  FUZZ_CHECK(again.blocks().size() == index.blocks().size());
  for (size_t i = 0; i < index.blocks().size(); ++i) {
    const BlockRecord& a = index.blocks()[i];
    const BlockRecord& b = again.blocks()[i];
    FUZZ_CHECK(a.track == b.track && a.size == b.size && a.duration == b.duration);
    FUZZ_CHECK(a.pts == b.pts && a.dts == b.dts);
    FUZZ_CHECK((a.flags & kBlockPublicFlags) == (b.flags & kBlockPublicFlags));
    FUZZ_CHECK(Same(index.side_data(a), again.side_data(b)));
    if (!(a.flags & kBlockExternal)) continue;
    FUZZ_CHECK(index.range_of(a).offset == again.range_of(b).offset);
    FUZZ_CHECK(GroupOf(index, a).hash == GroupOf(again, b).hash);
  }
}

// The last seek point of track 0 in file order, of equal times the first.
const BlockRecord* LastKey(const std::vector<BlockRecord>& blocks) {
  const BlockRecord* last = nullptr;
  for (const BlockRecord& block : blocks)
    if (block.track == 0 && block.is_key() && block.time() != kNoTime &&
        (!last || block.time() > last->time()))
      last = &block;
  return last;
}

// What an outline finds does not depend on whether it is complete, nor lies it outside the data.
// One of external data finds nothing before. size: of the cluster's payload, which bounds what an
// index may ask for.
void CheckOutline(ByteSpan payload, uint64_t size, const TrackIds& tracks) {
  ClusterIndex parsed, index;
  size_t needed = 0;
  const ClusterIndex* whole = parsed.Parse(payload, 0, size, tracks, &needed).ok() &&
                                      parsed.data_start() + parsed.data_size() == size
                                  ? &parsed
                                  : nullptr;
  const bool ok = index.ParseOutline(payload, 0, size, tracks, &needed).ok();
  BlockRecord key;
  const bool found = ok && index.FindKey(0, INT64_MAX, true, &key);
  FUZZ_CHECK(!found || uint64_t{key.offset} + key.size <= index.data_size());
  FUZZ_CHECK((ok && index.Complete().ok()) == (whole != nullptr));
  if (!whole) return;
  const BlockRecord* last = LastKey(whole->blocks());
  FUZZ_CHECK(found == (last != nullptr && !whole->has_external()));
  FUZZ_CHECK(index.FindKey(0, INT64_MAX, true, &key) == (last != nullptr));
  FUZZ_CHECK(!last ||
             (key.offset == last->offset && key.pts == last->pts && key.ordinal == last->ordinal));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const TrackIds tracks = Tracks();
  const Bytes payload = WithSizeAndCrc({data, size});
  ClusterIndex index;
  size_t needed = 0;
  const bool ok = index.Parse(payload, 0, payload.size(), tracks, &needed).ok();
  CheckOutline(payload, ok ? index.data_start() + index.data_size() : payload.size() + 100, tracks);
  if (!ok) return 0;
  FUZZ_CHECK(index.data_start() == payload.size());
  uint64_t data_size = 0;
  for (const BlockRecord& block : index.blocks()) {
    FUZZ_CHECK(uint64_t{block.offset} + block.stored_size() <= index.data_size());
    data_size += block.stored_size();
    for (const SideData& entry : index.side_data(block)) h4mk_fuzz::Touch(entry.data);
  }
  FUZZ_CHECK(data_size == index.data_size());
  if (!index.has_unknown_track()) CheckComesBack(index, tracks);
  return 0;
}
