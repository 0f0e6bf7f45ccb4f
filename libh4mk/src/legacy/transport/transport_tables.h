// SPDX-License-Identifier: MIT
// legacy.md, "Transport dialect": SEEK, the index of many tracks in META (TRAK and SEEKM), and two
// structures that stand alone.
#ifndef H4MK_LEGACY_TRANSPORT_TRANSPORT_TABLES_H_
#define H4MK_LEGACY_TRANSPORT_TRANSPORT_TABLES_H_

#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "chunk/chunk_format.h"

namespace h4mk {

inline constexpr uint32_t kTagSeek = Tag("SEEK");  // in this dialect only: TSEK elsewhere

// Whether writers of the dialect make chunks with this tag.
bool IsTransportTag(uint32_t tag);

struct TransportSeekEntry {
  uint64_t pts_us = 0;
  uint64_t offset = 0;  // in the plain blocks one behind the other, as exports write it
};

Bytes EncodeTransportSeek(std::span<const TransportSeekEntry> entries);
// seek_too_short, seek_incomplete. Bytes behind the entries are ignored.
Result<std::vector<TransportSeekEntry>> DecodeTransportSeek(ByteSpan payload);
// The last entry with pts <= t by binary search (by its steps, if the table is not sorted); null if
// there is none.
const TransportSeekEntry* FindTransportEntry(std::span<const TransportSeekEntry> entries,
                                             uint64_t t_us);

// An entry of TRAK: one for each CORE chunk, in order.
struct TransportTrackEntry {
  std::string track_id;
  uint64_t pts_us = 0;
  std::string kind;  // "I", "P" or "B"
  bool keyframe = false;
  uint64_t core_index = 0;
};

std::string EncodeTransportTrak(std::span<const TransportTrackEntry> entries);
// At most max_entries, since few bytes take much memory.
Result<std::vector<TransportTrackEntry>> DecodeTransportTrak(std::string_view text,
                                                             size_t max_entries);

// SEEKM: the keyframes of each track.
struct TransportSeekmTable {
  struct Entry {
    uint64_t pts_us = 0;
    uint32_t core_index = 0;
  };
  std::string track_id;
  std::vector<Entry> entries;
};

// Tables are written in the order of their ids. short_or_out_of_range_struct: an id longer than
// 65535 bytes.
Result<Bytes> EncodeSeekm(std::vector<TransportSeekmTable> tables);
// short_or_out_of_range_struct. Bytes behind the tables are ignored.
Result<std::vector<TransportSeekmTable>> DecodeSeekm(ByteSpan bytes);
// What SEEKM has to say of these blocks.
std::vector<TransportSeekmTable> MakeSeekm(std::span<const TransportTrackEntry> entries);
// The last entry with pts <= t; the first where t is before it; null only for a table without
// entries.
const TransportSeekmTable::Entry* FindSeekmEntry(const TransportSeekmTable& table, int64_t t_us);

// Microseconds from one block of an export to the next, by fps_hint of META; 0: not told.
int64_t TransportDuration(const Json& meta);

// Adds domain, tracks, seekm_b64 and trak_b64 to a META object.
Result<Json> AddTrackIndex(Json meta, std::span<const TransportTrackEntry> entries);

}  // namespace h4mk

#endif  // H4MK_LEGACY_TRANSPORT_TRANSPORT_TABLES_H_
