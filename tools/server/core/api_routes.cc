// SPDX-License-Identifier: MIT
// /api: what is in files, as JSON.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/cut.h"
#include "core/pictures.h"
#include "core/service.h"
#include "core/verify.h"
#include "media/hls.h"
#include "media/live.h"

namespace h4mk::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMostRows = 10'000;  // of one answer

// Times without a number of digits that nobody needs.
double Rounded(double seconds) { return std::round(seconds * 1e6) / 1e6; }

std::string Dump(const Json& json) {
  return EscapeHidden(json.dump(-1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

Response JsonOf(const MediaFile& file, const Json& json, const std::string& what) {
  Response response = TextResponse("application/json", Dump(json));
  response.Set("Cache-Control", "no-cache");
  std::string etag = file.etag();
  etag.insert(etag.size() - 1, "-" + what);
  response.Set("ETag", etag);
  return response;
}

const TrackInfo& TrackOf(Call& call, const MediaFile& file) {
  return file.track(call.PathNumber("track"));
}

// "t" of the query in ticks of the track.
int64_t TimeOf(const Call& call, const TrackInfo& track) {
  if (!call.Has("t")) throw HttpError(400, "t is missing: seconds, as in t=12.5");
  int64_t us = 0;
  if (!ParseSeconds(call.Text("t", ""), &us))
    throw HttpError(400, "t must be seconds, as in t=12.5");
  const __int128 numerator = static_cast<__int128>(us) * track.time_base_den;
  const __int128 denominator = static_cast<__int128>(track.time_base_num) * 1'000'000;
  __int128 ticks = numerator / denominator;
  if (numerator < 0 && ticks * denominator != numerator) --ticks;
  return static_cast<int64_t>(std::clamp<__int128>(ticks, INT64_MIN + 1, INT64_MAX));
}

Json TimeJson(int64_t ticks) { return ticks == H4MK_NO_TIME ? Json(nullptr) : Json(ticks); }

const char* TypeOf(uint32_t flags) {
  switch (flags & H4MK_BLOCK_TYPE_MASK) {
    case H4MK_BLOCK_TYPE_I:
      return "I";
    case H4MK_BLOCK_TYPE_B:
      return "B";
    default:
      return "P";
  }
}

Json BlockJson(const TrackInfo& track, const h4mk_block_info& block) {
  const int64_t time = block.pts != H4MK_NO_TIME ? block.pts : block.dts;
  Json json = {{"block", block.ordinal},
               {"pts", TimeJson(block.pts)},
               {"dts", TimeJson(block.dts)},
               {"duration", block.duration}};
  json["time"] = time == H4MK_NO_TIME ? Json(nullptr) : Json(Rounded(track.Seconds(time)));
  json["type"] = TypeOf(block.flags);
  json["key"] = (block.flags & H4MK_BLOCK_KEY) != 0;
  for (const auto& [bit, name] : {std::pair{H4MK_BLOCK_DISCARD, "discard"},
                                  {H4MK_BLOCK_CORRUPT, "corrupt"},
                                  {H4MK_BLOCK_DISPOSABLE, "disposable"},
                                  {H4MK_BLOCK_ENCRYPTED, "encrypted"},
                                  {H4MK_BLOCK_COMPRESSED, "compressed"},
                                  {H4MK_BLOCK_EXTERNAL, "external"}})
    if (block.flags & bit) json[name] = true;
  json["size"] = block.size;
  json["offset"] = block.offset;
  json["chunk"] = block.chunk;
  return json;
}

Json TrackJson(MediaFile& file, const TrackInfo& track) {
  Json json = Json::parse(file.descriptions()[track.index], nullptr, false);
  if (!json.is_object()) json = Json::object();
  json.erase("extradata");
  json["track"] = track.index;
  json["blocks"] = track.block_count;
  json["frames"] = track.frame_count;
  json["bytes"] = track.byte_count;
  json["start_pts"] = TimeJson(track.start_pts);
  json["end_pts"] = TimeJson(track.end_pts);
  json["duration"] = Rounded(track.DurationSeconds());
  return json;
}

// Lists may have thousands of entries: they are not made on a thread that serves connections.
std::shared_ptr<MediaFile> FileOfList(const Call& call) {
  Work::Begin();
  return call.File();
}

Json ChaptersJson(const MediaFile& file) {
  Json list = Json::array();
  for (const Chapter& chapter : file.chapters())
    list.push_back({{"start", Rounded(chapter.start)},
                    {"end", Rounded(chapter.end)},
                    {"title", chapter.title}});
  return list;
}

Json TagsJson(const MediaFile& file) {
  const Json meta = Json::parse(file.meta(), nullptr, false);
  return meta.is_object() && meta.contains("tags") ? meta["tags"] : Json::object();
}

Json LinksJson(const MediaFile& file) {
  const std::string name = PercentEncode(file.name());
  return {{"file", "/files/" + name + ".h4mk"},
          {"hls", "/hls/" + name + "/master.m3u8"},
          {"dash", "/dash/" + name + "/manifest.mpd"},
          {"mp4", "/api/files/" + name + "/range.mp4"},
          {"api", "/api/files/" + name}};
}

Response ListFiles(Call& call) {
  const uint64_t first = call.Number("first", 0),
                 count = call.Number("count", kMostRows, kMostRows);
  const std::vector<Catalogue::Entry> list = call.service.catalogue().List();
  Json files = Json::array();
  for (uint64_t i = first; i < list.size() && i - first < count; ++i) {
    const std::string name = PercentEncode(list[i].name);
    files.push_back({{"name", list[i].name},
                     {"size", list[i].size},
                     {"modified", list[i].modified_ns / 1'000'000'000},
                     {"api", "/api/files/" + name},
                     {"hls", "/hls/" + name + "/master.m3u8"}});
  }
  Response response =
      TextResponse("application/json", Dump({{"count", list.size()}, {"files", std::move(files)}}));
  response.Set("Cache-Control", "no-cache");
  return response;
}

// Somebody asked for /frames or /seek of a file, which only its tracks have: the answer says so.
void RefuseWithoutTrack(const Call& call) {
  const std::string& name = call.Path("name");
  const size_t slash = name.rfind('/');
  if (slash == std::string::npos || call.service.catalogue().Has(name)) return;
  const std::string file = name.substr(0, slash), what = name.substr(slash + 1);
  for (const char* known : {"frames", "seekpoints", "seek", "chain"})
    if (what == known && call.service.catalogue().Has(file))
      throw HttpError(404, "ask a track: /api/files/" + file + "/tracks/N/" + what +
                               ", where N is its index, from 0");
}

Response DescribeFile(Call& call) {
  RefuseWithoutTrack(call);
  const auto file = FileOfList(call);
  Json tracks = Json::array();
  for (const TrackInfo& track : file->tracks()) tracks.push_back(TrackJson(*file, track));
  Json refused = Json::array();
  for (const auto& [track, why] : StreamsOf(*file).refused)
    refused.push_back({{"track", track}, {"reason", why}});
  Json json = {{"name", file->name()},
               {"size", file->state().size},
               {"version", file->version()},
               {"closed", file->is_closed()},
               {"live", IsLive(*file)},
               {"encrypted", file->is_encrypted()},
               {"locked", file->is_locked()},
               {"title", file->title()},
               {"duration", Rounded(file->duration())}};
  json["tracks"] = std::move(tracks);
  json["chapters"] = ChaptersJson(*file);
  json["tags"] = TagsJson(*file);
  json["not_streamed"] = std::move(refused);
  json["links"] = LinksJson(*file);
  return JsonOf(*file, json, IsLive(*file) ? "info-live" : "info");
}

Response ListTracks(Call& call) {
  const auto file = FileOfList(call);
  Json tracks = Json::array();
  for (const TrackInfo& track : file->tracks()) tracks.push_back(TrackJson(*file, track));
  return JsonOf(*file, {{"tracks", std::move(tracks)}}, "tracks");
}

Response ListChapters(Call& call) {
  const auto file = FileOfList(call);
  return JsonOf(*file, {{"chapters", ChaptersJson(*file)}}, "chapters");
}

Response ListTags(Call& call) {
  const auto file = FileOfList(call);
  return JsonOf(*file, {{"tags", TagsJson(*file)}}, "tags");
}

// Frames [first, first + count) of a track, in the order in which they are shown.
Response ListFrames(Call& call) {
  const auto file = call.File();
  const TrackInfo& track = TrackOf(call, *file);
  const uint64_t first = call.Number("first", 0), count = call.Number("count", 1000, kMostRows);
  MediaFile::Lease lease(*file);
  Json frames = Json::array();
  for (uint64_t i = first; i < track.frame_count && i - first < count; ++i) {
    h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
    lease.Check(h4mk_reader_frame(lease.get(), track.index, i, &block));
    Json json = {{"frame", i}};
    json.update(BlockJson(track, block));
    frames.push_back(std::move(json));
  }
  return JsonOf(*file,
                {{"track", track.index},
                 {"time_base",
                  std::to_string(track.time_base_num) + "/" + std::to_string(track.time_base_den)},
                 {"count", track.frame_count},
                 {"first", first},
                 {"frames", std::move(frames)}},
                "frames" + std::to_string(track.index) + "-" + std::to_string(first) + "-" +
                    std::to_string(count));
}

Response ListSeekPoints(Call& call) {
  const auto file = call.File();
  const TrackInfo& track = TrackOf(call, *file);
  const uint64_t first = call.Number("first", 0),
                 count = call.Number("count", kMostRows, kMostRows);
  MediaFile::Lease lease(*file);
  uint64_t total = 0, bytes = 0;
  lease.Check(h4mk_reader_index_size(lease.get(), track.index, &total, &bytes));
  std::vector<h4mk_index_entry> entries(static_cast<size_t>(std::min(count, total)),
                                        h4mk_index_entry(H4MK_INDEX_ENTRY_INIT));
  size_t copied = 0;
  lease.Check(h4mk_reader_index_entries(lease.get(), track.index, first, entries.data(),
                                        entries.size(), &copied));
  Json points = Json::array();
  for (size_t i = 0; i < copied; ++i)
    points.push_back({{"pts", entries[i].time},
                      {"time", Rounded(track.Seconds(entries[i].time))},
                      {"offset", entries[i].offset}});
  return JsonOf(*file,
                {{"track", track.index},
                 {"count", total},
                 {"index_bytes", bytes},
                 {"first", first},
                 {"seek_points", std::move(points)}},
                "seekpoints" + std::to_string(track.index) + "-" + std::to_string(first) + "-" +
                    std::to_string(count));
}

Response DescribeBlock(Call& call) {
  const auto file = call.File();
  const TrackInfo& track = TrackOf(call, *file);
  MediaFile::Lease lease(*file);
  h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
  lease.Check(h4mk_reader_block_info(lease.get(), track.index, call.PathNumber("number"), &block));
  return JsonOf(*file, BlockJson(track, block),
                "block" + std::to_string(track.index) + "-" + std::to_string(block.ordinal));
}

// The bytes of a block, as a decoder gets them; their checksum was checked.
Response BlockBytes(Call& call) {
  const auto file = call.File();
  const TrackInfo& track = TrackOf(call, *file);
  MediaFile::Lease lease(*file);
  h4mk_block block = H4MK_BLOCK_INIT;
  lease.Check(h4mk_reader_read_block(lease.get(), track.index, call.PathNumber("number"), &block));
  Response response =
      TextResponse("application/octet-stream",
                   std::string(reinterpret_cast<const char*>(block.data), block.size));
  response.accepts_ranges = true;
  response.Set("Cache-Control", "no-cache");
  std::string etag = file->etag();
  etag.insert(etag.size() - 1,
              "-data" + std::to_string(track.index) + "-" + std::to_string(block.ordinal));
  response.Set("ETag", etag);
  return response;
}

// Where a player goes for a time: the key block, and the frame that is shown.
Response Seek(Call& call) {
  const auto file = call.File();
  const TrackInfo& track = TrackOf(call, *file);
  const int64_t time = TimeOf(call, track);
  MediaFile::Lease lease(*file);
  Json json = {{"track", track.index}, {"time", Rounded(track.Seconds(time))}};
  h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
  const h4mk_status key = h4mk_reader_keyframe(lease.get(), track.index, time, &block);
  if (key != H4MK_ERR_NOT_FOUND) lease.Check(key);
  json["key"] = key == H4MK_OK ? BlockJson(track, block) : Json(nullptr);
  uint64_t number = 0;
  const h4mk_status frame = h4mk_reader_frame_at(lease.get(), track.index, time, &number, &block);
  if (frame != H4MK_ERR_NOT_FOUND) lease.Check(frame);
  if (frame == H4MK_OK) {
    json["frame"] = {{"frame", number}};
    json["frame"].update(BlockJson(track, block));
  } else {
    json["frame"] = nullptr;
  }
  return JsonOf(*file, json, "seek" + std::to_string(track.index) + "-" + std::to_string(time));
}

// The blocks that must be decoded to show what is shown at a time.
Response Chain(Call& call) {
  const auto file = call.File();
  const TrackInfo& track = TrackOf(call, *file);
  const int64_t time = TimeOf(call, track);
  MediaFile::Lease lease(*file);
  std::vector<h4mk_block_info> blocks(static_cast<size_t>(kMostRows),
                                      h4mk_block_info(H4MK_BLOCK_INFO_INIT));
  uint64_t total = 0;
  lease.Check(h4mk_reader_decode_chain(lease.get(), track.index, time, blocks.data(), blocks.size(),
                                       &total));
  Json list = Json::array();
  for (uint64_t i = 0; i < std::min<uint64_t>(total, blocks.size()); ++i)
    list.push_back(BlockJson(track, blocks[static_cast<size_t>(i)]));
  return JsonOf(*file,
                {{"track", track.index},
                 {"time", Rounded(track.Seconds(time))},
                 {"count", total},
                 {"blocks", std::move(list)}},
                "chain" + std::to_string(track.index) + "-" + std::to_string(time));
}

}  // namespace

void AddApiRoutes(Router* router) {
  const Parameter first{"first", "integer", "the first row, from 0"};
  const Parameter count{"count", "integer", "rows, at most 10000"};
  const Parameter t{"t", "number", "seconds"};
  const std::string json = "application/json", file = "/api/files/{name...}",
                    of_track = file + "/tracks/{track}";
  router->Get("Files", "/api/files", "The files of the folder", json, ListFiles, {first, count});
  router->GetSlow("Tracks", of_track + "/frames", "Frames in the order in which they are shown",
                  json, ListFrames, {first, count});
  router->GetSlow("Tracks", of_track + "/seekpoints", "Seek points of the index", json,
                  ListSeekPoints, {first, count});
  router->Get("Tracks", of_track + "/blocks/{number}/data", "The bytes of a block",
              "application/octet-stream", BlockBytes);
  router->Get("Tracks", of_track + "/blocks/{number}", "A block by its number", json,
              DescribeBlock);
  router->Get("Tracks", of_track + "/seek", "The key block and the frame for a time", json, Seek,
              {t});
  router->GetSlow("Tracks", of_track + "/chain", "The blocks that must be decoded to show a time",
                  json, Chain, {t});
  router->Get("Files", file + "/tracks", "Tracks", json, ListTracks);
  router->Get("Files", file + "/chapters", "Chapters", json, ListChapters);
  router->Get("Files", file + "/tags", "Tags", json, ListTags);
  AddCutRoutes(router);
  AddVerifyRoutes(router);
  AddPictureRoutes(router);
  router->Get("Files", file, "All that is known of a file", json, DescribeFile);
}

}  // namespace h4mk::server
