// SPDX-License-Identifier: MIT
#include "media/progressive.h"

#include <algorithm>

#include "media/boxes.h"
#include "media/fmp4.h"
#include "media/hls.h"

namespace h4mk::server {
namespace {

constexpr size_t kMostSamples = 8'000'000;  // about 40 hours of pictures and sound

// What a segment has of a track is one chunk of MP4.
struct Chunk {
  size_t samples = 0;
  Body data;
};

struct OutTrack {
  size_t index = 0;
  std::vector<Sample> samples;
  std::vector<Chunk> chunks;
  std::vector<size_t> offset_places;  // in the moov, of each chunk's offset
};

// Of all tracks so far.
struct Total {
  size_t samples = 0;
  uint64_t copied = 0;
  uint64_t most_copied = kMostCopied;
};

OutTrack ReadTrack(MediaFile& file, size_t track, double from, double to, Total* total) {
  OutTrack out;
  out.index = track;
  const TrackInfo& info = file.track(track);
  const auto table = SegmentsOf(file, track);
  for (size_t i = 0; i < table->segments.size(); ++i) {
    const double start = info.Seconds(table->segments[i].start);
    const double end =
        info.Seconds(i + 1 < table->segments.size() ? table->segments[i + 1].start : table->end);
    if (end <= from || start >= to) continue;
    OrdinalRange blocks;
    {
      MediaFile::Lease lease(file);
      blocks = BlocksOf(lease, file, track, *table, i);
    }
    Samples samples = ReadSamples(file, track, blocks, total->most_copied - total->copied);
    total->copied += samples.copied;
    total->samples += samples.list.size();
    if (total->samples > kMostSamples)
      throw HttpError(422, "the range has too many samples for one MP4");
    out.chunks.push_back({samples.list.size(), std::move(samples.data)});
    out.samples.insert(out.samples.end(), samples.list.begin(), samples.list.end());
  }
  return out;
}

template <typename Value>
void WriteRuns(BoxWriter* w, const char* type, uint8_t version, const std::vector<Sample>& samples,
               Value value) {
  w->BeginFull(type, version, 0);
  const size_t count_place = w->size();
  w->U32(0);
  uint32_t runs = 0;
  for (size_t i = 0; i < samples.size();) {
    size_t j = i;
    while (j < samples.size() && value(samples[j]) == value(samples[i])) ++j;
    w->U32(j - i);
    w->U32(static_cast<uint32_t>(value(samples[i])));
    ++runs;
    i = j;
  }
  w->Patch32(count_place, runs);
  w->End();
}

void WriteTables(BoxWriter* w, OutTrack* track, bool is_video) {
  const std::vector<Sample>& samples = track->samples;
  WriteRuns(w, "stts", 0, samples, [](const Sample& s) { return s.duration; });
  if (is_video) {
    WriteRuns(w, "ctts", 1, samples, [](const Sample& s) { return s.pts - s.dts; });
    w->BeginFull("stss", 0, 0);
    const size_t place = w->size();
    w->U32(0);
    uint32_t count = 0;
    for (size_t i = 0; i < samples.size(); ++i)
      if (samples[i].is_key) {
        w->U32(i + 1);
        ++count;
      }
    w->Patch32(place, count);
    w->End();
  }
  w->BeginFull("stsc", 0, 0);
  w->U32(track->chunks.size());
  for (size_t i = 0; i < track->chunks.size(); ++i) {
    w->U32(i + 1);
    w->U32(track->chunks[i].samples);
    w->U32(1);
  }
  w->End();
  w->BeginFull("stsz", 0, 0);
  w->U32(0);
  w->U32(samples.size());
  for (const Sample& sample : samples) w->U32(sample.size);
  w->End();
  w->BeginFull("co64", 0, 0);
  w->U32(track->chunks.size());
  for (size_t i = 0; i < track->chunks.size(); ++i) {
    track->offset_places.push_back(w->size());
    w->U64(0);
  }
  w->End();
}

int64_t FirstPts(const OutTrack& track) {
  int64_t first = INT64_MAX;  // pictures are reordered by a few places only
  for (size_t i = 0; i < std::min<size_t>(track.samples.size(), 64); ++i)
    first = std::min(first, track.samples[i].pts);
  return first;
}

// Seconds of the film.
double FirstShown(const OutTrack& track, const Timeline& timeline) {
  const int64_t lead = timeline.lead * timeline.tick;
  return static_cast<double>(std::max(FirstPts(track), lead) - lead) /
         static_cast<double>(timeline.timescale);
}

}  // namespace

Body ProgressiveMp4(MediaFile& file, double from, double to) {
  const Streams streams = StreamsOf(file);
  std::vector<size_t> indexes(
      streams.video.begin(),
      streams.video.begin() + std::min<ptrdiff_t>(1, static_cast<ptrdiff_t>(streams.video.size())));
  indexes.insert(indexes.end(), streams.audio.begin(), streams.audio.end());
  if (indexes.empty()) throw HttpError(415, "nothing in the file can be put into MP4");
  std::vector<OutTrack> tracks;
  Total total;
  // A recording from a transport stream is copied as a whole: memory may grow with the file.
  total.most_copied = std::max(kMostCopied, file.state().size);
  double start = 1e18;  // of the presentation, seconds: the earliest begin of the chosen segments
  for (const size_t index : indexes) {
    OutTrack track = ReadTrack(file, index, from, to, &total);
    if (track.samples.empty()) continue;
    const Timeline timeline = TimelineOf(file, index);
    start = std::min(start, FirstShown(track, timeline));
    tracks.push_back(std::move(track));
  }
  if (tracks.empty()) throw HttpError(404, "nothing is shown in this range");
  BoxWriter w;
  w.Begin("ftyp");
  w.Bytes("isom");
  w.U32(0x200);
  w.Bytes("isomiso6mp41");
  w.End();
  w.Begin("moov");
  w.BeginFull("mvhd", 1, 0);
  w.U64(0);
  w.U64(0);
  w.U32(1000);
  const size_t film_duration_place = w.size();
  w.U64(0);
  w.U32(0x10000);
  w.U16(0x100);
  w.Zeros(10);
  for (const uint32_t v : {0x10000u, 0u, 0u, 0u, 0x10000u, 0u, 0u, 0u, 0x40000000u}) w.U32(v);
  w.Zeros(24);
  w.U32(tracks.size() + 1);
  w.End();
  uint64_t film_ms = 0;
  for (size_t i = 0; i < tracks.size(); ++i) {
    OutTrack& track = tracks[i];
    const Timeline timeline = TimelineOf(file, track.index);
    int64_t duration = 0;
    for (const Sample& sample : track.samples) duration += sample.duration;
    // Sample tables begin at 0: what the first sample is shown behind the start of the film becomes
    // an edit that shows nothing; what comes before its presentation is not shown.
    const double shown = FirstShown(track, timeline);
    const int64_t media_time =
        std::max(FirstPts(track), timeline.lead * timeline.tick) - track.samples.front().dts;
    const auto empty_ms = static_cast<uint64_t>(std::max(0.0, (shown - start) * 1000 + 0.5));
    film_ms = std::max(film_ms,
                       empty_ms + static_cast<uint64_t>(static_cast<double>(duration) * 1000 /
                                                        static_cast<double>(timeline.timescale)));
    WriteTrackWithEdit(
        &w, file, track.index, static_cast<uint32_t>(i + 1),
        [&](BoxWriter* out) { WriteTables(out, &track, file.track(track.index).is_video()); },
        duration, {empty_ms, media_time});
  }
  w.Patch64(film_duration_place, film_ms);
  w.End();
  Body data;
  std::vector<uint64_t> places;
  size_t rounds = 0;
  for (const OutTrack& track : tracks) rounds = std::max(rounds, track.chunks.size());
  uint64_t data_size = 0;
  for (const OutTrack& track : tracks)
    for (const Chunk& chunk : track.chunks) data_size += chunk.data.size();
  const uint64_t begin = w.size() + 16;
  uint64_t offset = begin;
  for (size_t round = 0; round < rounds; ++round)
    for (OutTrack& track : tracks) {
      if (round >= track.chunks.size()) continue;
      w.Patch64(track.offset_places[round], offset);
      offset += track.chunks[round].data.size();
      data.Append(track.chunks[round].data);
    }
  w.U32(1);
  w.Bytes("mdat");
  w.U64(data_size + 16);
  Body body;
  body.Append(w.Take());
  body.Append(data);
  return body;
}

}  // namespace h4mk::server
