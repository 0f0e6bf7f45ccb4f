// SPDX-License-Identifier: MIT
// /hls and /dash.
#include "core/service.h"
#include "media/fmp4.h"
#include "media/hls.h"
#include "media/live.h"
#include "media/webvtt.h"

namespace h4mk::server {
namespace {

// Less than players wait for an answer (hls.js: 10 s).
constexpr std::chrono::seconds kMostWait{6};

// "t3" in a path.
size_t TrackOf(const Call& call) { return static_cast<size_t>(call.PathNumber("track")); }

// A playlist, by its name among those of the file; kept as long as the file stays what it is.
Response Playlist(MediaFile& file, const std::string& what, const char* type,
                  const std::function<std::string()>& make) {
  const std::string key = what + (IsLive(file) ? "-live" : "");
  Response response;
  response.Set("Content-Type", type);
  // A playlist has the name of its file, which may be replaced or grow: caches ask again.
  response.Set("Cache-Control", "no-cache");
  std::string etag = file.etag();
  etag.insert(etag.size() - 1, "-" + key);
  response.Set("ETag", etag);
  response.body.Append(
      file.Cached<std::string>(key, [&]() -> std::pair<std::shared_ptr<const std::string>, size_t> {
        auto text = std::make_shared<const std::string>(make());
        return {text, text->size()};
      }));
  return response;
}

constexpr const char* kHls = "application/vnd.apple.mpegurl";

Response ServeMaster(Call& call) {
  const auto file = call.File();
  return Playlist(*file, "master", kHls, [&] { return MasterPlaylist(*file); });
}

// RFC 8216bis, 6.2.5.2: a request for a part that is not there yet waits for it.
bool MustWait(const Call& call, MediaFile& file, size_t track) {
  if (call.Has("_HLS_part") && !call.Has("_HLS_msn"))
    throw HttpError(400, "_HLS_part needs _HLS_msn");
  if (!call.Has("_HLS_msn") || !IsLive(file) || file.track(track).is_subtitle() ||
      call.request.deadline_passed)
    return false;
  const uint64_t segment = call.Number("_HLS_msn", 0);
  const auto table = SegmentsOf(file, track);
  if (segment > table->segments.size() + 2) throw HttpError(400, "_HLS_msn is too far ahead");
  if (segment < table->complete) return false;
  if (!call.Has("_HLS_part") || segment >= table->segments.size()) return true;
  const uint64_t part = call.Number("_HLS_part", 0);
  return part >= PartsOf(file, track, *table, static_cast<size_t>(segment))->parts.size();
}

Response Wait() {
  Response response;
  response.wait = kMostWait;
  return response;
}

Response ServeMedia(Call& call) {
  const auto file = call.File();
  const size_t track = TrackOf(call);
  if (MustWait(call, *file, track)) return Wait();
  if (!file->track(track).is_subtitle()) CodecOf(*file, track);
  const std::string skip = call.Text("_HLS_skip", "");
  const bool is_delta = IsLive(*file) && (skip == "YES" || skip == "v2");
  return Playlist(*file, "t" + std::to_string(track) + (is_delta ? "-delta" : ""), kHls,
                  [&] { return MediaPlaylist(*file, track, is_delta); });
}

Response ServeIFrames(Call& call) {
  const auto file = call.File();
  const size_t track = TrackOf(call);
  return Playlist(*file, "i" + std::to_string(track), kHls,
                  [&] { return IFramePlaylist(*file, track); });
}

Response ServeManifest(Call& call) {
  const auto file = call.File();
  return Playlist(*file, "mpd", "application/dash+xml", [&] { return DashManifest(*file); });
}

std::shared_ptr<MediaFile> FileOfToken(Call& call) {
  auto file = call.File();
  if (file->token() != call.Path("token"))
    throw HttpError(404, "the file is another one by now: load the playlist again");
  return file;
}

Response Piece(const MediaFile& file, std::string what, const char* type, Body body) {
  Response response;
  response.Set("Content-Type", type);
  response.Set("Cache-Control", kForEver);
  response.Set("ETag", "\"" + file.token() + "-" + what + "\"");
  response.accepts_ranges = true;
  response.body = std::move(body);
  return response;
}

Body CachedBody(MediaFile& file, const std::string& key, const std::function<Body()>& make) {
  return *file.Cached<Body>(
      key,
      [&]() -> std::pair<std::shared_ptr<const Body>, size_t> {
        auto body = std::make_shared<const Body>(make());
        size_t size = 200 + body->parts().size() * sizeof(Part);
        for (const Part& part : body->parts())
          if (std::holds_alternative<MemorySpan>(part)) size += static_cast<size_t>(SizeOf(part));
        return {body, size};
      },
      file.dearest_plan());
}

const char* MediaType(const MediaFile& file, size_t track) {
  return file.track(track).is_video() ? "video/mp4" : "audio/mp4";
}

Response ServeInit(Call& call) {
  const auto file = FileOfToken(call);
  const size_t track = TrackOf(call);
  const std::string key = "init " + std::to_string(track);
  return Piece(*file, "i" + std::to_string(track), MediaType(*file, track),
               CachedBody(*file, key, [&] {
                 Body body;
                 body.Append(InitSegment(*file, track));
                 return body;
               }));
}

Body MakeSegment(MediaFile& file, size_t track, OrdinalRange blocks, uint64_t number) {
  return MediaSegment(file, track, ReadSamples(file, track, blocks),
                      static_cast<uint32_t>(number + 1));
}

Response ServeSegment(Call& call) {
  const auto file = FileOfToken(call);
  const size_t track = TrackOf(call);
  const uint64_t number = call.PathNumber("number");
  const auto table = SegmentsOf(*file, track);
  if (number >= (IsLive(*file) ? table->complete : table->segments.size()))
    throw HttpError(404, "the track has no segment " + std::to_string(number));
  const std::string key = "seg " + std::to_string(track) + " " + std::to_string(number);
  Response response =
      Piece(*file, std::to_string(track) + "-" + std::to_string(number), MediaType(*file, track),
            CachedBody(*file, key, [&] {
              OrdinalRange blocks;
              {
                MediaFile::Lease lease(*file);
                blocks = BlocksOf(lease, *file, track, *table, static_cast<size_t>(number));
              }
              return MakeSegment(*file, track, blocks, number);
            }));
  // The last segment of a file without an end may become longer.
  if (!file->is_closed() && number >= table->complete) {
    response.Set("Cache-Control", "no-cache");
    response.Set("ETag", file->etag());
  }
  return response;
}

Response ServePart(Call& call) {
  const auto file = FileOfToken(call);
  const size_t track = TrackOf(call);
  const uint64_t segment = call.PathNumber("number"), part = call.PathNumber("part");
  const auto table = SegmentsOf(*file, track);
  if (segment > table->segments.size() + 1) throw HttpError(404, "there is no such part");
  const auto list = segment < table->segments.size()
                        ? PartsOf(*file, track, *table, static_cast<size_t>(segment))
                        : std::make_shared<const PartList>();
  if (part >= list->parts.size()) {
    // The part that a playlist hinted at: it comes, unless the segment ended with the one before.
    if (!IsLive(*file) || segment < table->complete || call.request.deadline_passed)
      throw HttpError(404, "there is no such part");
    return Wait();
  }
  const std::string key =
      "part " + std::to_string(track) + " " + std::to_string(segment) + " " + std::to_string(part);
  return Piece(
      *file, std::to_string(track) + "-" + std::to_string(segment) + "." + std::to_string(part),
      MediaType(*file, track), CachedBody(*file, key, [&] {
        return MakeSegment(*file, track, list->parts[static_cast<size_t>(part)].blocks, segment);
      }));
}

Response ServeIFrame(Call& call) {
  const auto file = FileOfToken(call);
  const size_t track = TrackOf(call);
  const uint64_t number = call.PathNumber("number");
  const auto keys = KeyFramesOf(*file, track);
  if (number >= keys->times.size())
    throw HttpError(404, "the track has no key frame " + std::to_string(number));
  h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
  {
    MediaFile::Lease lease(*file);
    lease.Check(h4mk_reader_keyframe(lease.get(), static_cast<uint32_t>(track),
                                     keys->times[static_cast<size_t>(number)], &block));
  }
  return Piece(*file, "k" + std::to_string(track) + "-" + std::to_string(number),
               MediaType(*file, track),
               MakeSegment(*file, track, {block.ordinal, block.ordinal + 1}, number));
}

Response VttPiece(MediaFile& file, std::string text, std::string what) {
  Body body;
  body.Append(std::move(text));
  Response response = Piece(file, std::move(what), "text/vtt; charset=utf-8", std::move(body));
  if (!file.is_closed()) response.Set("Cache-Control", "no-cache");
  return response;
}

Response ServeVttSegment(Call& call) {
  const auto file = FileOfToken(call);
  const size_t track = TrackOf(call), grid = GridTrack(*file);
  const uint64_t number = call.PathNumber("number");
  const auto table = SegmentsOf(*file, grid);
  const TrackInfo& clock = file->track(grid);
  if (number >= table->segments.size())
    throw HttpError(404, "the track has no segment " + std::to_string(number));
  const Segment& segment = table->segments[static_cast<size_t>(number)];
  const auto us = [&](int64_t ticks) { return static_cast<int64_t>(clock.Seconds(ticks) * 1e6); };
  // Text that begins before the first picture, or stays behind the last one, is shown too.
  const bool is_last = number + 1 == table->segments.size();
  const int64_t from = number == 0 ? INT64_MIN : us(segment.start);
  const int64_t to =
      is_last ? INT64_MAX : us(table->segments[static_cast<size_t>(number) + 1].start);
  return VttPiece(*file, WebVtt(*file, track, from, to, true),
                  "v" + std::to_string(track) + "-" + std::to_string(number));
}

Response ServeVtt(Call& call) {
  const auto file = FileOfToken(call);
  const size_t track = TrackOf(call);
  return VttPiece(*file, WebVtt(*file, track, INT64_MIN, INT64_MAX, false),
                  "v" + std::to_string(track));
}

}  // namespace

void AddStreamRoutes(Router* router) {
  const std::string mp4 = "video/mp4", base = "/hls/{name...}/";
  router->Get("HLS", base + "master.m3u8", "HLS: all variants, audio tracks and subtitles", kHls,
              ServeMaster);
  router->Get("HLS", base + "t{track}-iframes.m3u8", "HLS: the key frames of a track", kHls,
              ServeIFrames);
  router->Get("HLS", base + "t{track}.m3u8", "HLS: the segments of a track", kHls, ServeMedia,
              {{"_HLS_msn", "integer", "wait for this segment of a growing file"},
               {"_HLS_part", "integer", "wait for this part of it"},
               {"_HLS_skip", "string", "YES: without the segments that have long been there"}});
  router->Get("DASH", "/dash/{name...}/manifest.mpd", "DASH: the manifest, for the same segments",
              "application/dash+xml", ServeManifest);
  const std::string piece = base + "{token}/t{track}/";
  router->Get("Segments", piece + "init.mp4", "CMAF header of a track", mp4, ServeInit);
  router->Get("Segments", piece + "seg-{number}.m4s", "CMAF segment of a track", mp4, ServeSegment);
  router->Get("Segments", piece + "part-{number}.{part}.m4s", "Part of a segment of a growing file",
              mp4, ServePart);
  router->Get("Segments", piece + "iframe-{number}.m4s", "A key frame", mp4, ServeIFrame);
  router->Get("Segments", piece + "seg-{number}.vtt", "WebVTT of a segment", "text/vtt",
              ServeVttSegment);
  router->Get("Segments", piece + "all.vtt", "WebVTT of the whole track", "text/vtt", ServeVtt);
}

}  // namespace h4mk::server
