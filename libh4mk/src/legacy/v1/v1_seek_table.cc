// SPDX-License-Identifier: MIT
#include "legacy/v1/v1_seek_table.h"

#include "base/fault.h"
#include "chunk/chunk_format.h"

namespace h4mk {
namespace {

constexpr uint32_t kTableMagic = Tag("H4TS");
constexpr uint32_t kEntriesMagic = Tag("H4SK");
constexpr size_t kMaxEntries = 65535;

bool IsU32(int64_t value) { return value >= 0 && value <= UINT32_MAX; }

Status TooShort(const std::string& what) {
  return Fault("short_or_out_of_range_struct", "seek table " + what);
}

}  // namespace

Result<Bytes> EncodeV1Entries(std::span<const V1SeekEntry> entries) {
  if (entries.size() > kMaxEntries)
    return Fault("too_many_seek_entries",
                 std::to_string(entries.size()) +
                     " I blocks in a track; a seek table of version 1 holds 65535",
                 Code::kLimit);
  Bytes out;
  AppendLe(out, kEntriesMagic);
  AppendLe(out, static_cast<uint16_t>(entries.size()));
  AppendLe(out, uint16_t{0});
  for (const V1SeekEntry& entry : entries) {
    if (!IsU32(entry.pts_ms) || !IsU32(entry.offset))
      return Fault("short_or_out_of_range_struct",
                   "seek table entry of " + std::to_string(entry.pts_ms) + " ms at byte " +
                       std::to_string(entry.offset) + "; version 1 has 32 bits (4 GiB) for each",
                   Code::kLimit)
          .At(entry.offset);
    AppendLe(out, static_cast<uint32_t>(entry.pts_ms));
    AppendLe(out, static_cast<uint32_t>(entry.offset));
  }
  return out;
}

Result<std::vector<V1SeekEntry>> DecodeV1Entries(ByteSpan bytes) {
  if (bytes.size() < 4 || LoadLe<uint32_t>(bytes.data()) != kEntriesMagic)
    return Fault("bad_seek_magic", "seek table without H4SK");
  ByteReader reader(bytes.subspan(4));
  const auto count = reader.Le<uint16_t>();
  reader.Le<uint16_t>();  // reserved
  if (reader.failed()) return TooShort("ends before its count");
  if (reader.left() < size_t{count} * 8)
    return TooShort("of " + std::to_string(count) + " entries ends inside them");
  std::vector<V1SeekEntry> entries(count);
  for (V1SeekEntry& entry : entries) {
    entry.pts_ms = reader.Le<uint32_t>();
    entry.offset = reader.Le<uint32_t>();
  }
  return entries;
}

Result<Bytes> EncodeV1SeekTable(int64_t track_id, std::span<const V1SeekEntry> entries) {
  Result<Bytes> table = EncodeV1Entries(entries);
  if (!table.ok()) return table;
  if (track_id < 0 || track_id > UINT16_MAX)
    return Fault(
        "short_or_out_of_range_struct",
        "track_id " + std::to_string(track_id) + " does not fit the 16 bits of a seek table",
        Code::kLimit);
  Bytes out;
  AppendLe(out, kTableMagic);
  AppendLe(out, static_cast<uint16_t>(track_id));
  AppendLe(out, uint16_t{0});
  AppendBytes(out, table.value());
  return out;
}

Result<std::optional<V1SeekTable>> DecodeV1SeekTable(ByteSpan payload) {
  if (payload.size() < 4 || LoadLe<uint32_t>(payload.data()) != kTableMagic)
    return std::optional<V1SeekTable>();
  if (payload.size() < 8) return TooShort("ends before its track");
  H4MK_ASSIGN(std::vector<V1SeekEntry> entries, DecodeV1Entries(payload.subspan(8)));
  return std::optional(V1SeekTable{LoadLe<uint16_t>(payload.data() + 4), std::move(entries)});
}

}  // namespace h4mk
