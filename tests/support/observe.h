// SPDX-License-Identifier: MIT
// All that who reads a protected file gets to see, as one text. "" where not all of it counts as
// good. So a changed file that still counts as good shows by another text.
#ifndef H4MK_TESTS_SUPPORT_OBSERVE_H_
#define H4MK_TESTS_SUPPORT_OBSERVE_H_

#include <set>
#include <string>

#include "base/json.h"
#include "support/container.h"

namespace h4mk_test {

inline void AppendBlock(std::string* text, const Block& block) {
  for (const int64_t number :
       {int64_t{block.track}, int64_t{block.flags}, block.pts, block.dts, block.duration})
    *text += std::to_string(number) + " ";
  text->append(block.data.begin(), block.data.end());
  for (const SideData& side : block.side_data) {
    *text += side.name + "=";
    text->append(side.data.begin(), side.data.end());
  }
  *text += "\n";
}

inline bool IsGood(Reader& reader, const Reading& reading) {
  return reading.end == H4MK_END && reading.damage.empty() && reader.Warnings().empty();
}

// With the key of a signature: everything. With that of encryption as well: what is decrypted.
inline std::string ObserveSigned(const Bytes& bytes, h4mk_reader_options options) {
  TestFile file(bytes);
  options.refuse_unsigned = 1;
  Reader reader(&file, options);
  if (reader.status() != H4MK_OK || !reader.is_closed()) return "";
  std::string seen = h4mk_value_to_json(h4mk_reader_meta(reader.get()));
  const uint32_t tracks = h4mk_reader_track_count(reader.get());
  for (uint32_t i = 0; i < tracks; ++i) {
    seen += h4mk_value_to_json(h4mk_reader_track(reader.get(), i));
    h4mk_track_info info = H4MK_TRACK_INFO_INIT;
    h4mk_reader_track_info(reader.get(), i, &info);
    for (const int64_t number :
         {info.start_pts, info.first_dts, info.end_pts, static_cast<int64_t>(info.block_count)})
      seen += " " + std::to_string(number);
    const uint8_t* data = nullptr;
    size_t size = 0;
    if (h4mk_reader_attachment(reader.get(), i, &data, &size) == H4MK_OK)
      seen.append(data, data + size);
  }
  // A refusal is the last word.
  Reading reading;
  Block read;
  while ((reading.end = reader.Next(&read)) == H4MK_OK) AppendBlock(&seen, read);
  for (uint32_t i = 0; i < tracks; ++i)
    for (const int64_t time : {0, 3, 5000}) {
      Block block;
      const h4mk_status status = reader.Seek(i, time, H4MK_SEEK_BACKWARD);
      if (status != H4MK_OK && status != H4MK_ERR_NOT_FOUND) return "";
      if (status == H4MK_OK && reader.Next(&block) == H4MK_OK) AppendBlock(&seen, block);
    }
  return IsGood(reader, reading) ? seen : "";
}

// With the key of encryption alone. What that does not cover is left out: words, attachments, the
// index, the order between tracks.
inline std::string ObserveEncrypted(const Bytes& bytes, const h4mk_reader_options& options) {
  TestFile file(bytes);
  Reader reader(&file, options);
  if (reader.status() != H4MK_OK || !reader.is_closed()) return "";
  const auto meta = h4mk::Json::parse(h4mk_value_to_json(h4mk_reader_meta(reader.get())));
  std::set<std::string> members;
  for (const auto& [key, value] : meta.items())
    if (key != "tags" && key != "chapters" && !value.is_string())
      members.insert(key + value.dump());
  std::string seen;
  for (const std::string& member : members) seen += member;
  const uint32_t tracks = h4mk_reader_track_count(reader.get());
  for (uint32_t i = 0; i < tracks; ++i) {
    auto track = h4mk::Json::parse(h4mk_value_to_json(h4mk_reader_track(reader.get(), i)));
    for (const char* words : {"name", "note", "tags"}) track.erase(words);
    seen += track.dump();
  }
  const Reading reading = reader.ReadOn();
  for (uint32_t track = 0; track < tracks; ++track)
    for (const Block& block : reading.blocks)
      if (block.track == track) AppendBlock(&seen, block);
  return IsGood(reader, reading) ? seen : "";
}

}  // namespace h4mk_test

#endif  // H4MK_TESTS_SUPPORT_OBSERVE_H_
