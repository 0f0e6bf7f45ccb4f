// SPDX-License-Identifier: MIT
#include "media/hls.h"

#include <algorithm>

#include "core/text.h"
#include "media/fmp4.h"
#include "media/live.h"
#include "media/webvtt.h"

namespace h4mk::server {
namespace {

// A quoted string of a playlist has no quotes and no line ends, and knows no escapes.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const Character c = TakeCharacter(&text);
    quoted += c.code == '"' ? "'" : IsHidden(c.code) ? " " : c.bytes;
  }
  return quoted + '"';
}

std::string LabelOf(const TrackInfo& track) {
  if (!track.title.empty()) return track.title;
  if (!track.language.empty() && track.language != "und") return track.language;
  return "Track " + std::to_string(track.index);
}

std::string Folder(const MediaFile& file, size_t track) {
  return file.token() + "/t" + std::to_string(track) + "/";
}

// Names of a group must differ.
std::string UniqueName(const MediaFile& file, const std::vector<size_t>& group, size_t track) {
  const std::string name = LabelOf(file.tracks()[track]);
  for (const size_t other : group)
    if (other != track && LabelOf(file.tracks()[other]) == name)
      return name + " (" + std::to_string(track) + ")";
  return name;
}

void AppendMedia(MediaFile& file, const std::vector<size_t>& group, const char* type,
                 std::string* text) {
  const bool has_default = std::any_of(group.begin(), group.end(),
                                       [&](size_t i) { return file.tracks()[i].is_default; });
  bool chosen = false;
  for (const size_t index : group) {
    const TrackInfo& track = file.tracks()[index];
    const bool is_default = !chosen && (has_default ? track.is_default : *type == 'A');
    chosen |= is_default;
    *text += std::string("#EXT-X-MEDIA:TYPE=") + type +
             ",GROUP-ID=" + (*type == 'A' ? "\"audio\"" : "\"subs\"") +
             ",NAME=" + Quoted(UniqueName(file, group, index));
    if (!track.language.empty() && track.language != "und")
      *text += ",LANGUAGE=" + Quoted(track.language);
    *text += std::string(",DEFAULT=") + (is_default ? "YES" : "NO") + ",AUTOSELECT=YES";
    if (*type == 'S') *text += std::string(",FORCED=") + (track.is_forced ? "YES" : "NO");
    if (track.is_hearing_impaired)
      *text += ",CHARACTERISTICS=\"public.accessibility.describes-music-and-sound\"";
    if (track.channels > 0) *text += ",CHANNELS=\"" + std::to_string(track.channels) + "\"";
    *text += ",URI=\"t" + std::to_string(index) + ".m3u8\"\n";
  }
}

// The largest rate of a segment of the grid, all tracks together: distances of clusters in the
// file.
int64_t PeakBandwidth(MediaFile& file) {
  const auto peak =
      file.Cached<int64_t>("peak", [&]() -> std::pair<std::shared_ptr<const int64_t>, size_t> {
        const TrackInfo& track = file.track(GridTrack(file));
        MediaFile::Lease lease(file);
        std::vector<h4mk_index_entry> entries(4096, h4mk_index_entry(H4MK_INDEX_ENTRY_INIT));
        int64_t most = 0, from_time = H4MK_NO_TIME, from_offset = 0;
        for (uint64_t first = 0;;) {
          size_t copied = 0;
          lease.Check(h4mk_reader_index_entries(lease.get(), track.index, first, entries.data(),
                                                entries.size(), &copied));
          for (size_t i = 0; i < copied; ++i) {
            if (!track.IsTimeOfFilm(entries[i].time)) continue;
            if (from_time != H4MK_NO_TIME &&
                track.Seconds(entries[i].time - from_time) < static_cast<double>(kSegmentSeconds))
              continue;
            if (from_time != H4MK_NO_TIME)
              most = std::max(
                  most, static_cast<int64_t>(static_cast<double>(entries[i].offset - from_offset) *
                                             8 / track.Seconds(entries[i].time - from_time)));
            from_time = entries[i].time;
            from_offset = entries[i].offset;
          }
          first += copied;
          if (copied < entries.size()) break;
        }
        return {std::make_shared<const int64_t>(most), 16};
      });
  return *peak;
}

std::string FrameRateText(const TrackInfo& track) {
  if (track.frame_rate.num <= 0) return {};
  return ",FRAME-RATE=" + Decimal(static_cast<unsigned __int128>(track.frame_rate.num),
                                  static_cast<uint64_t>(track.frame_rate.den), 3);
}

std::string VideoRange(const TrackInfo& track) {
  if (track.color_transfer == "smpte2084") return ",VIDEO-RANGE=PQ";
  if (track.color_transfer == "arib-std-b67") return ",VIDEO-RANGE=HLG";
  return {};
}

int64_t TargetDuration(const std::vector<int64_t>& begins) {
  int64_t most = kSegmentSeconds * 1'000'000;
  for (size_t i = 0; i + 1 < begins.size(); ++i) most = std::max(most, begins[i + 1] - begins[i]);
  return (most + 999'999) / 1'000'000;
}

// When the first `count` segments begin, and when the last of them ends, in microseconds.
std::vector<int64_t> BeginsOf(const SegmentTable& table, const TrackInfo& track, size_t count) {
  std::vector<int64_t> begins(count + 1);
  for (size_t i = 0; i <= count; ++i)
    begins[i] =
        Microseconds(i < table.segments.size() ? table.segments[i].start : table.end, track);
  return begins;
}

// The segments of a text track are those of the grid.
const TrackInfo& ClockTrack(const MediaFile& file, size_t track) {
  return file.track(track).is_subtitle() ? file.track(GridTrack(file)) : file.track(track);
}

}  // namespace

int64_t BandwidthOf(const MediaFile& file, const TrackInfo& track) {
  const double seconds = track.is_subtitle() ? file.duration() : track.DurationSeconds();
  if (track.byte_count == 0 || seconds <= 0) return std::max<int64_t>(track.bit_rate, 1);
  // A file may say that many bytes last next to no time.
  return static_cast<int64_t>(std::min(static_cast<double>(track.byte_count) * 8 / seconds, 1e15)) +
         1;
}

namespace {

constexpr size_t kMostStreams = 128;  // tracks of sound and pictures, and as many of text
constexpr size_t kMostReasons = 8;    // in the message of an error

std::string TooMany() {
  return "only the first " + std::to_string(kMostStreams) + " tracks of their kind are streamed";
}

Streams FindStreams(MediaFile& file) {
  Streams streams;
  size_t looked_into = 0;
  for (const TrackInfo& track : file.tracks()) {
    try {
      if (track.is_picture || track.kind == "attachment" || track.kind == "data" ||
          track.kind == "unknown")
        continue;
      if (track.is_subtitle()) {
        if (file.is_locked()) throw HttpError(403, kLockedMessage);
        if (!IsTextCodec(track.codec))
          throw HttpError(
              415, "subtitles of " + track.codec + " are pictures, or no text that is known");
        if (streams.subtitles.size() == kMostStreams) throw HttpError(415, TooMany());
        streams.subtitles.push_back(track.index);
        continue;
      }
      if (track.block_count == 0) throw HttpError(409, "the track is empty");
      // Each may be read in another cluster.
      if (looked_into++ >= kMostStreams) throw HttpError(415, TooMany());
      CodecOf(file, track.index);
      TimelineOf(file, track.index);
      track.CheckTimesOfFilm();
      (track.is_video() ? streams.video : streams.audio).push_back(track.index);
    } catch (const HttpError& error) {
      const int status = error.status();
      if (status == kAbandoned || status == 502 || status == 503)
        throw;  // of the request, not of the track
      streams.refused.emplace_back(track.index, error.what());
    }
  }
  return streams;
}

// The reasons of some tracks, with their numbers.
std::string WhyRefused(const Streams& streams) {
  std::string text;
  for (size_t i = 0; i < std::min(streams.refused.size(), kMostReasons); ++i) {
    const auto& [track, reason] = streams.refused[i];
    text += "; ";
    if (!reason.starts_with("track ")) text += "track " + std::to_string(track) + ": ";
    text += reason;
  }
  if (streams.refused.size() > kMostReasons)
    text += "; and " + std::to_string(streams.refused.size() - kMostReasons) + " more tracks";
  return text;
}

}  // namespace

Streams StreamsOf(MediaFile& file) {
  return *file.Cached<Streams>("streams",
                               [&]() -> std::pair<std::shared_ptr<const Streams>, size_t> {
                                 auto streams = std::make_shared<const Streams>(FindStreams(file));
                                 return {streams, file.tracks().size() * 100};
                               });
}

std::string MasterPlaylist(MediaFile& file) {
  const Streams streams = StreamsOf(file);
  if (file.is_locked()) throw HttpError(403, kLockedMessage);
  if (streams.video.empty() && streams.audio.empty())
    throw HttpError(415, "nothing in the file can be streamed" + WhyRefused(streams));
  std::string text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n";
  for (const auto& [track, reason] : streams.refused)
    text += "# track " + std::to_string(track) + " is left out: " + Quoted(reason) + "\n";
  // Without video each sound is a variant of its own.
  const bool has_group = !streams.video.empty() && !streams.audio.empty();
  if (has_group) AppendMedia(file, streams.audio, "AUDIO", &text);
  AppendMedia(file, streams.subtitles, "SUBTITLES", &text);
  int64_t audio_bits = 0;
  std::string audio_codecs;
  if (has_group)
    for (const size_t i : streams.audio) {
      audio_bits = std::max(audio_bits, BandwidthOf(file, file.tracks()[i]));
      const std::string& name = CodecOf(file, i)->name;
      if (("," + audio_codecs + ",").find("," + name + ",") == std::string::npos)
        audio_codecs += (audio_codecs.empty() ? "" : ",") + name;
    }
  for (const size_t index : streams.video.empty() ? streams.audio : streams.video) {
    const TrackInfo& track = file.tracks()[index];
    const int64_t average = BandwidthOf(file, track) + audio_bits;
    text +=
        "#EXT-X-STREAM-INF:BANDWIDTH=" + std::to_string(std::max(average, PeakBandwidth(file))) +
        ",AVERAGE-BANDWIDTH=" + std::to_string(average) + ",CODECS=\"" +
        CodecOf(file, index)->name + (audio_codecs.empty() ? "" : "," + audio_codecs) + "\"";
    if (track.is_video() && track.width > 0)
      text += ",RESOLUTION=" + std::to_string(track.width) + "x" + std::to_string(track.height) +
              FrameRateText(track) + VideoRange(track);
    if (has_group) text += ",AUDIO=\"audio\"";
    if (!streams.subtitles.empty()) text += ",SUBTITLES=\"subs\"";
    text += ",CLOSED-CAPTIONS=NONE\nt" + std::to_string(index) + ".m3u8\n";
  }
  for (const size_t index : streams.video) {
    const TrackInfo& track = file.tracks()[index];
    text += "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=" + std::to_string(BandwidthOf(file, track)) +
            ",CODECS=\"" + CodecOf(file, index)->name + "\"";
    if (track.width > 0)
      text += ",RESOLUTION=" + std::to_string(track.width) + "x" + std::to_string(track.height);
    text += ",URI=\"t" + std::to_string(index) + "-iframes.m3u8\"\n";
  }
  return text;
}

std::string MediaPlaylist(MediaFile& file, size_t track, bool is_delta) {
  const TrackInfo& clock = ClockTrack(file, track);
  const std::shared_ptr<const SegmentTable> table = SegmentsOf(file, clock.index);
  const bool is_text = file.track(track).is_subtitle(), live = IsLive(file);
  const size_t count = live ? table->complete : table->segments.size();
  const std::vector<int64_t> begins = BeginsOf(*table, clock, count);
  const int64_t target = TargetDuration(begins);
  const std::string folder = Folder(file, track);
  std::string text;
  text.reserve(500 + count * (folder.size() + 40));
  text += "#EXTM3U\n#EXT-X-VERSION:" + std::string(live ? "9" : "7") +
          "\n#EXT-X-TARGETDURATION:" + std::to_string(target) +
          "\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:" + (live ? "EVENT" : "VOD") + "\n";
  if (!is_text) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  std::vector<PartList> parts;
  const int64_t skip_until = 6 * target * 1'000'000;  // the least that RFC 8216bis allows
  if (live && !is_text) {
    parts = RecentParts(file, track, *table);
    text += LiveHeader(parts, clock, skip_until);
  }
  size_t first = 0;
  if (is_delta && !is_text)
    while (first < count && begins[first + 1] < begins[count] - skip_until) ++first;
  if (first > 0)
    text += "#EXT-X-SKIP:SKIPPED-SEGMENTS=" + std::to_string(first) + "\n";
  else if (!is_text)
    text += "#EXT-X-MAP:URI=\"" + folder + "init.mp4\"\n";
  for (size_t i = first; i < count; ++i) {
    AppendParts(parts, i, folder, clock, &text);
    text += "#EXTINF:";
    AppendSeconds(begins[i + 1] - begins[i], &text);
    text.append(",\n").append(folder).append("seg-").append(std::to_string(i));
    text += is_text ? ".vtt\n" : ".m4s\n";
  }
  if (!live) return text + "#EXT-X-ENDLIST\n";
  if (!is_text) AppendParts(parts, count, folder, clock, &text);
  return text;
}

std::string IFramePlaylist(MediaFile& file, size_t track) {
  const TrackInfo& info = file.track(track);
  if (!info.is_video()) throw HttpError(404, "the track has no pictures");
  CodecOf(file, track);
  const std::shared_ptr<const KeyFrames> keys = KeyFramesOf(file, track);
  if (keys->times.empty()) throw HttpError(409, "the track has no key frames yet");
  if (keys->times.size() > kMostSegments * 8)
    throw HttpError(422, "the track has too many key frames");
  const bool live = IsLive(file);
  const size_t count = keys->times.size() - (live ? 1 : 0);
  int64_t most = 1'000'000;
  std::string list;
  const std::string folder = Folder(file, track);
  int64_t from = Microseconds(keys->times[0], info);
  for (size_t i = 0; i < count; ++i) {
    const int64_t to =
        Microseconds(i + 1 < keys->times.size() ? keys->times[i + 1] : keys->end, info);
    most = std::max(most, to - from);
    list += "#EXTINF:" + SecondsText(to - from) + ",\n" + folder + "iframe-" + std::to_string(i) +
            ".m4s\n";
    from = to;
  }
  return "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:" +
         std::to_string((most + 999'999) / 1'000'000) +
         "\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:" + (live ? "EVENT" : "VOD") +
         "\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"" + folder + "init.mp4\"\n" + list +
         (live ? "" : "#EXT-X-ENDLIST\n");
}

// ---------------------------------------------------------------------------------------------
// DASH

namespace {

void AppendTimeline(MediaFile& file, size_t track, const SegmentTable& table, size_t count,
                    std::string* xml) {
  const TrackInfo& info = file.track(track);
  const Timeline timeline = TimelineOf(file, track);
  *xml += "<SegmentTemplate timescale=\"" + std::to_string(timeline.timescale) +
          "\" initialization=\"t" + std::to_string(track) + "/init.mp4\" media=\"t" +
          std::to_string(track) + "/seg-$Number$.m4s\" startNumber=\"0\"";
  *xml += "><SegmentTimeline>";
  int64_t expected = INT64_MIN;
  for (size_t i = 0; i < count;) {
    // Times are those behind the edit list, and none is negative.
    const int64_t start = std::max<int64_t>(0, table.segments[i].start);
    const int64_t duration = table.DurationOf(i) - (start - table.segments[i].start);
    size_t same = 1;
    while (i + same < count && table.segments[i].start >= 0 &&
           table.DurationOf(i + same) == duration)
      ++same;
    *xml += "<S";
    if (start != expected) *xml += " t=\"" + std::to_string(start * info.time_base_num) + "\"";
    *xml += " d=\"" + std::to_string(duration * info.time_base_num) + "\"";
    if (same > 1) *xml += " r=\"" + std::to_string(same - 1) + "\"";
    *xml += "/>";
    i += same;
    expected = start + static_cast<int64_t>(same) * duration;
  }
  *xml += "</SegmentTimeline></SegmentTemplate>";
}

void AppendSet(MediaFile& file, const std::vector<size_t>& tracks, bool together, std::string* xml,
               bool live) {
  bool open = false;
  for (const size_t index : tracks) {
    const TrackInfo& track = file.track(index);
    const std::shared_ptr<const SegmentTable> table = SegmentsOf(file, index);
    const size_t count = live ? table->complete : table->segments.size();
    if (!open || !together) {
      if (open) *xml += "</AdaptationSet>";
      *xml += std::string("<AdaptationSet contentType=\"") +
              (track.is_video() ? "video" : "audio") + "\" mimeType=\"" +
              (track.is_video() ? "video" : "audio") + "/mp4\" startWithSAP=\"1\"";
      if (!track.language.empty() && track.language != "und")
        *xml += " lang=\"" + XmlText(track.language) + "\"";
      *xml += ">";
      if (track.is_default)
        *xml += "<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>";
      if (!track.title.empty()) *xml += "<Label>" + XmlText(track.title) + "</Label>";
      open = true;
    }
    *xml += "<Representation id=\"t" + std::to_string(index) + "\" codecs=\"" +
            CodecOf(file, index)->name + "\" bandwidth=\"" +
            std::to_string(BandwidthOf(file, track)) + "\"";
    if (track.is_video()) {
      *xml += " width=\"" + std::to_string(track.width) + "\" height=\"" +
              std::to_string(track.height) + "\"";
      if (track.frame_rate.num > 0)
        *xml += " frameRate=\"" + std::to_string(track.frame_rate.num) + "/" +
                std::to_string(track.frame_rate.den) + "\"";
    } else if (track.sample_rate > 0) {
      *xml += " audioSamplingRate=\"" + std::to_string(track.sample_rate) + "\"";
    }
    *xml += ">";
    if (track.is_audio() && track.channels > 0)
      *xml +=
          "<AudioChannelConfiguration "
          "schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"" +
          std::to_string(track.channels) + "\"/>";
    AppendTimeline(file, index, *table, count, xml);
    *xml += "</Representation>";
  }
  if (open) *xml += "</AdaptationSet>";
}

std::string Iso8601(int64_t seconds) {
  const std::time_t time = static_cast<std::time_t>(seconds);
  std::tm parts = {};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

std::string DashManifest(MediaFile& file) {
  const Streams streams = StreamsOf(file);
  if (file.is_locked()) throw HttpError(403, kLockedMessage);
  if (streams.video.empty() && streams.audio.empty())
    throw HttpError(415, "nothing in the file can be streamed" + WhyRefused(streams));
  const bool live = IsLive(file);
  std::string up = "../";  // from /dash/NAME/ to /hls/NAME/
  for (const char c : file.name())
    if (c == '/') up += "../";
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
      "profiles=\"urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019\" "
      "minBufferTime=\"PT4S\" ";
  if (live) {
    const int64_t now = file.state().modified_ns / 1'000'000'000;
    xml += "type=\"dynamic\" availabilityStartTime=\"" +
           Iso8601(now - static_cast<int64_t>(file.duration())) + "\" publishTime=\"" +
           Iso8601(now) + "\" minimumUpdatePeriod=\"PT2S\" suggestedPresentationDelay=\"PT10S\">";
  } else {
    xml += "type=\"static\" mediaPresentationDuration=\"PT" +
           SecondsText(static_cast<int64_t>(file.duration() * 1e6)) + "S\">";
  }
  if (!file.title().empty())
    xml += "<ProgramInformation><Title>" + XmlText(file.title()) + "</Title></ProgramInformation>";
  xml += "<Period id=\"0\" start=\"PT0S\"><BaseURL>" + up + "../hls/" + PercentEncode(file.name()) +
         "/" + file.token() + "/</BaseURL>";
  AppendSet(file, streams.video, true, &xml, live);
  AppendSet(file, streams.audio, false, &xml, live);
  for (const size_t index : streams.subtitles) {
    if (live) break;  // one file for the whole film: when it is closed
    const TrackInfo& track = file.track(index);
    xml += "<AdaptationSet contentType=\"text\" mimeType=\"text/vtt\"";
    if (!track.language.empty() && track.language != "und")
      xml += " lang=\"" + XmlText(track.language) + "\"";
    xml += "><Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"subtitle\"/>";
    if (!track.title.empty()) xml += "<Label>" + XmlText(track.title) + "</Label>";
    xml += "<Representation id=\"t" + std::to_string(index) + "\" bandwidth=\"" +
           std::to_string(BandwidthOf(file, track)) + "\"><BaseURL>t" + std::to_string(index) +
           "/all.vtt</BaseURL></Representation></AdaptationSet>";
  }
  return xml + "</Period></MPD>\n";
}

}  // namespace h4mk::server
