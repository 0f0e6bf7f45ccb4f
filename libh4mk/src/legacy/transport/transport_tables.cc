// SPDX-License-Identifier: MIT
#include "legacy/transport/transport_tables.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/base64.h"
#include "base/fault.h"
#include "chunk/chunk_format.h"
#include "legacy/find_in_steps.h"
#include "legacy/python_json.h"

namespace h4mk {
namespace {

Status TooShort(const char* what) {
  return Fault("short_or_out_of_range_struct", std::string(what) + " ends too early");
}

// Null where there is no such member.
const Json& Member(const Json& object, const char* key) {
  static const Json null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

}  // namespace

bool IsTransportTag(uint32_t tag) {
  return tag == kTagCore || tag == kTagSeek || tag == kTagMeta || tag == kTagSafe ||
         tag == kTagVeri || tag == kTagTracks;
}

Bytes EncodeTransportSeek(std::span<const TransportSeekEntry> entries) {
  Bytes out;
  AppendBe(out, static_cast<uint32_t>(entries.size()));
  for (const TransportSeekEntry& entry : entries) {
    AppendBe(out, entry.pts_us);
    AppendBe(out, entry.offset);
  }
  return out;
}

Result<std::vector<TransportSeekEntry>> DecodeTransportSeek(ByteSpan payload) {
  ByteReader reader(payload);
  const auto count = reader.Be<uint32_t>();
  if (reader.failed()) return Fault("seek_too_short", "SEEK ends before its count");
  if (count > reader.left() / 16)
    return Fault("seek_incomplete", "SEEK of " + std::to_string(count) + " entries has only " +
                                        std::to_string(reader.left() / 16));
  std::vector<TransportSeekEntry> entries(count);
  for (TransportSeekEntry& entry : entries) {
    entry.pts_us = reader.Be<uint64_t>();
    entry.offset = reader.Be<uint64_t>();
  }
  return entries;
}

const TransportSeekEntry* FindTransportEntry(std::span<const TransportSeekEntry> entries,
                                             uint64_t t_us) {
  return FindInSteps(entries,
                     [&](const TransportSeekEntry& entry) { return entry.pts_us <= t_us; });
}

std::string EncodeTransportTrak(std::span<const TransportTrackEntry> entries) {
  Json list = Json::array();
  for (const TransportTrackEntry& entry : entries)
    list.push_back({{"track_id", entry.track_id},
                    {"pts_us", entry.pts_us},
                    {"kind", entry.kind},
                    {"keyframe", entry.keyframe},
                    {"core_index", entry.core_index}});
  return DumpPythonJson(Json{{"trak", std::move(list)}}, JsonStyle::kCompact);
}

Result<std::vector<TransportTrackEntry>> DecodeTransportTrak(std::string_view text,
                                                             size_t max_entries) {
  constexpr size_t kValuesOfEntry = 16;  // an object of five members, and some to spare
  Result<Json> root = ParseLegacyJson(text, "TRAK", kMaxJsonValues + kValuesOfEntry * max_entries);
  if (!root.ok()) return Fault("bad_json", "TRAK is no JSON text of allowed depth and size");
  const Json& list = Member(root.value(), "trak");
  const auto bad = [] { return Fault("bad_json", "TRAK has an entry of another form"); };
  if (!list.is_array()) return bad();
  std::vector<TransportTrackEntry> entries;
  for (const Json& row : list) {
    const Json& id = Member(row, "track_id");
    const Json& pts_us = Member(row, "pts_us");
    const Json& core_index = Member(row, "core_index");
    if (!id.is_string() || !pts_us.is_number_unsigned() || !core_index.is_number_unsigned())
      return bad();
    const Json& kind = Member(row, "kind");
    entries.push_back({id, pts_us, kind.is_string() ? kind.get<std::string>() : "",
                       Member(row, "keyframe") == true, core_index});
  }
  return entries;
}

Result<Bytes> EncodeSeekm(std::vector<TransportSeekmTable> tables) {
  std::ranges::stable_sort(tables, {}, &TransportSeekmTable::track_id);
  Bytes out;
  AppendBe(out, static_cast<uint32_t>(tables.size()));
  for (const TransportSeekmTable& table : tables) {
    if (table.track_id.size() > UINT16_MAX)
      return Fault("short_or_out_of_range_struct", "track id longer than 65535 bytes",
                   Code::kLimit);
    AppendBe(out, static_cast<uint16_t>(table.track_id.size()));
    AppendText(out, table.track_id);
    AppendBe(out, static_cast<uint32_t>(table.entries.size()));
    for (const TransportSeekmTable::Entry& entry : table.entries) {
      AppendBe(out, entry.pts_us);
      AppendBe(out, entry.core_index);
    }
  }
  return out;
}

Result<std::vector<TransportSeekmTable>> DecodeSeekm(ByteSpan bytes) {
  ByteReader reader(bytes);
  const auto count = reader.Be<uint32_t>();
  std::vector<TransportSeekmTable> tables;
  for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
    TransportSeekmTable& table = tables.emplace_back();
    const ByteSpan id = reader.Take(reader.Be<uint16_t>());
    table.track_id = AsText(id);
    const auto entries = reader.Be<uint32_t>();
    if (entries > reader.left() / 12) return TooShort("SEEKM");
    for (uint32_t k = 0; k < entries; ++k) {
      const auto pts_us = reader.Be<uint64_t>();
      table.entries.push_back({pts_us, reader.Be<uint32_t>()});
    }
  }
  if (reader.failed()) return TooShort("SEEKM");
  return tables;
}

std::vector<TransportSeekmTable> MakeSeekm(std::span<const TransportTrackEntry> entries) {
  std::map<std::string, TransportSeekmTable> tables;
  for (const TransportTrackEntry& entry : entries) {
    if (!entry.keyframe) continue;
    TransportSeekmTable& table = tables[entry.track_id];
    table.track_id = entry.track_id;
    table.entries.push_back({entry.pts_us, static_cast<uint32_t>(entry.core_index)});
  }
  std::vector<TransportSeekmTable> list;
  for (auto& [id, table] : tables) {
    std::ranges::stable_sort(table.entries, {}, &TransportSeekmTable::Entry::pts_us);
    list.push_back(std::move(table));
  }
  return list;
}

const TransportSeekmTable::Entry* FindSeekmEntry(const TransportSeekmTable& table, int64_t t_us) {
  if (table.entries.empty()) return nullptr;
  const TransportSeekmTable::Entry* found = &table.entries[0];
  for (const TransportSeekmTable::Entry& entry : table.entries)
    if (t_us >= 0 && entry.pts_us <= static_cast<uint64_t>(t_us)) found = &entry;
  return found;
}

int64_t TransportDuration(const Json& meta) {
  const auto fps = meta.find("fps_hint");
  if (fps == meta.end() || !fps->is_number()) return 0;
  const double step = std::trunc(1e6 / fps->get<double>());
  return step >= 1 && step <= 3.6e9 ? static_cast<int64_t>(step) : 0;
}

Result<Json> AddTrackIndex(Json meta, std::span<const TransportTrackEntry> entries) {
  std::set<std::string> ids;
  for (const TransportTrackEntry& entry : entries) ids.insert(entry.track_id);
  H4MK_ASSIGN(Bytes seekm, EncodeSeekm(MakeSeekm(entries)));
  const std::string trak = EncodeTransportTrak(entries);
  meta["domain"] = "video-transport";
  meta["tracks"] = ids;
  meta["seekm_b64"] = EncodeBase64(seekm);
  meta["trak_b64"] = EncodeBase64(AsBytes(trak));
  return meta;
}

}  // namespace h4mk
