// SPDX-License-Identifier: MIT
#include "media/fmp4.h"

#include <algorithm>
#include <utility>

#include "media/boxes.h"

namespace h4mk::server {
namespace {

constexpr uint64_t kMostSegmentBytes = 1u << 30;  // sizes in a moof are 32 bits
constexpr size_t kLongText = 4 << 20;

void WriteVideoEntry(BoxWriter* w, const TrackInfo& track, const CodecInfo& codec) {
  w->Begin(codec.sample_entry);
  w->Zeros(6);
  w->U16(1);  // data_reference_index
  w->Zeros(16);
  w->U16(static_cast<uint64_t>(track.width));
  w->U16(static_cast<uint64_t>(track.height));
  w->U32(0x00480000);  // 72 dpi
  w->U32(0x00480000);
  w->U32(0);
  w->U16(1);  // frames a sample
  w->Zeros(32);
  w->U16(24);
  w->U16(0xFFFF);
  w->Bytes(codec.config);
  const Rational& sar = track.sample_aspect_ratio;
  if (sar.num > 0 && sar.num <= UINT32_MAX && sar.den <= UINT32_MAX && sar.num != sar.den) {
    w->Begin("pasp");
    w->U32(static_cast<uint64_t>(sar.num));
    w->U32(static_cast<uint64_t>(sar.den));
    w->End();
  }
  w->End();
}

void WriteAudioEntry(BoxWriter* w, const TrackInfo& track, const CodecInfo& codec) {
  w->Begin(codec.sample_entry);
  w->Zeros(6);
  w->U16(1);
  w->Zeros(8);
  w->U16(static_cast<uint64_t>(std::clamp<int64_t>(track.channels, 1, 65535)));
  w->U16(16);
  w->U32(0);
  // A rate beyond 16 bits does not fit here; decoders take it from their configuration.
  w->U32(static_cast<uint64_t>(track.sample_rate < 65536 ? track.sample_rate : 0) << 16);
  w->Bytes(codec.config);
  w->End();
}

void WriteMatrix(BoxWriter* w) {
  for (const uint32_t v : {0x10000u, 0u, 0u, 0u, 0x10000u, 0u, 0u, 0u, 0x40000000u}) w->U32(v);
}

uint16_t PackedLanguage(const std::string& language) {
  std::string code = language.size() == 3 ? language : "und";
  for (const char c : code)
    if (c < 'a' || c > 'z') code = "und";
  return static_cast<uint16_t>((code[0] - 0x60) << 10 | (code[1] - 0x60) << 5 | (code[2] - 0x60));
}

void WriteMediaHeader(BoxWriter* w, const TrackInfo& track, const Timeline& timeline,
                      int64_t duration) {
  w->BeginFull("mdhd", 1, 0);
  w->U64(0);
  w->U64(0);
  w->U32(timeline.timescale);
  w->U64(static_cast<uint64_t>(duration));
  w->U16(PackedLanguage(track.language));
  w->U16(0);
  w->End();
  w->BeginFull("hdlr", 0, 0);
  w->U32(0);
  w->Bytes(track.is_video() ? "vide" : "soun");
  w->Zeros(12);
  w->Bytes(std::string_view("\0", 1));
  w->End();
}

void WriteEmptyTables(BoxWriter* w) {
  for (const char* type : {"stts", "stsc", "stco"}) {
    w->BeginFull(type, 0, 0);
    w->U32(0);
    w->End();
  }
  w->BeginFull("stsz", 0, 0);
  w->U64(0);
  w->End();
}

}  // namespace

Timeline TimelineOf(MediaFile& file, size_t track) {
  const TrackInfo& info = file.track(track);
  Timeline timeline;
  if (info.time_base_den > UINT32_MAX || info.time_base_num > 1'000'000)
    throw HttpError(415, "the time base of the track does not fit MP4");
  timeline.timescale = static_cast<uint64_t>(info.time_base_den);
  timeline.tick = info.time_base_num;
  int64_t start = std::min<int64_t>(0, info.start_pts == H4MK_NO_TIME ? 0 : info.start_pts);
  const auto first = file.Cached<int64_t>(
      "first " + std::to_string(track), [&]() -> std::pair<std::shared_ptr<const int64_t>, size_t> {
        MediaFile::Lease lease(file);
        h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
        int64_t pts = 0;
        if (h4mk_reader_block_info(lease.get(), info.index, 0, &block) == H4MK_OK &&
            block.pts != H4MK_NO_TIME)
          pts = block.pts;
        return {std::make_shared<const int64_t>(pts), 16};
      });
  start = std::min(start, *first);
  if (info.first_dts != H4MK_NO_TIME) start = std::min(start, info.first_dts);
  timeline.lead = -info.TimeOfFilm(start);
  return timeline;
}

namespace {

// The first blocks of a recording that began anywhere (in a transport stream) may be cut: the
// description comes from the first one that has it.
CodecInfo DescribeByBlocks(MediaFile& file, const TrackInfo& track) {
  constexpr uint64_t kMostTries = 8;
  MediaFile::Lease lease(file);
  for (uint64_t i = 0;; ++i) {
    h4mk_block block = H4MK_BLOCK_INIT;
    lease.Check(h4mk_reader_read_block(lease.get(), track.index, i, &block));
    try {
      return DescribeCodec(track, {reinterpret_cast<const char*>(block.data),
                                   std::min<size_t>(block.size, 1 << 16)});
    } catch (const HttpError&) {
      if (i + 1 >= std::min(kMostTries, track.block_count)) throw;
    }
  }
}

}  // namespace

std::shared_ptr<const CodecInfo> CodecOf(MediaFile& file, size_t track) {
  return file.Cached<CodecInfo>(
      "codec " + std::to_string(track),
      [&]() -> std::pair<std::shared_ptr<const CodecInfo>, size_t> {
        const TrackInfo& info = file.track(track);
        if (file.is_locked()) throw HttpError(403, kLockedMessage);
        auto codec = std::make_shared<const CodecInfo>(
            NeedsFirstBlock(info) ? DescribeByBlocks(file, info) : DescribeCodec(info, {}));
        return {codec, codec->config.size() + 200};
      });
}

Samples ReadSamples(MediaFile& file, size_t track, OrdinalRange range, uint64_t most_copied) {
  const TrackInfo& info = file.track(track);
  const std::shared_ptr<const CodecInfo> codec = CodecOf(file, track);
  const Timeline timeline = TimelineOf(file, track);
  MediaFile::Lease lease(file);
  Samples samples;
  std::string copied;  // what stands behind each other and is not sent from the file
  bool has_dts = true;
  int64_t last_duration = 0;
  for (uint64_t ordinal = range.first; ordinal < range.last; ++ordinal) {
    h4mk_reader* reader = lease.get();
    h4mk_block block = H4MK_BLOCK_INIT;
    const h4mk_status status = h4mk_reader_read_block(reader, info.index, ordinal, &block);
    if (status == H4MK_ERR_NOT_FOUND) continue;  // lost before the file was written
    lease.Check(status);
    h4mk_block_info place = H4MK_BLOCK_INFO_INIT;
    lease.Check(h4mk_reader_block_info(reader, info.index, ordinal, &place));
    const int64_t time = block.pts != H4MK_NO_TIME ? block.pts : block.dts;
    // FLAC's encoder ends with a block that has nothing but side data: no sample of MP4 is empty.
    if (time == H4MK_NO_TIME || block.size == 0) continue;
    Sample sample;
    sample.pts = info.TimeOfFilm(time) + timeline.lead;
    sample.dts =
        block.dts == H4MK_NO_TIME ? sample.pts : info.TimeOfFilm(block.dts) + timeline.lead;
    if (!info.is_video()) sample.dts = sample.pts;
    has_dts &= block.dts != H4MK_NO_TIME || !info.is_video();
    sample.is_key = block.flags & H4MK_BLOCK_KEY;
    last_duration = info.TimeOfFilm(block.duration);
    const bool in_place =
        codec->repack == CodecInfo::kNone && file.version() != H4MK_VERSION_TRANSPORT &&
        !(place.flags & (H4MK_BLOCK_COMPRESSED | H4MK_BLOCK_EXTERNAL | H4MK_BLOCK_ENCRYPTED)) &&
        place.size == block.size;
    const std::string_view bytes(reinterpret_cast<const char*>(block.data), block.size);
    if (in_place) {
      sample.size = place.size;
      samples.data.Append(std::exchange(copied, {}));
      samples.data.Append(FileSpan{file.file(), static_cast<uint64_t>(place.offset), place.size});
    } else {
      const std::string repacked = RepackBlock(codec->repack, bytes);
      sample.size = static_cast<uint32_t>(repacked.size());
      samples.copied += repacked.size();
      if (samples.copied > most_copied)
        throw HttpError(422, "too much of this must be copied: ask for a shorter range");
      copied += repacked;
      // A long text would be copied anew as it grows.
      if (copied.size() > kLongText) samples.data.Append(std::exchange(copied, {}));
    }
    if (samples.data.size() + copied.size() > kMostSegmentBytes)
      throw HttpError(422, "a segment is larger than 1 GiB");
    samples.list.push_back(sample);
  }
  samples.data.Append(std::move(copied));
  if (samples.list.empty()) throw HttpError(422, "the blocks of the segment are lost");
  std::vector<Sample>& list = samples.list;
  if (!has_dts) {  // blocks without dts are decoded in the order of their times
    std::vector<int64_t> times;
    for (const Sample& sample : list) times.push_back(sample.pts);
    std::sort(times.begin(), times.end());
    for (size_t i = 0; i < list.size(); ++i) list[i].dts = times[i];
  }
  int64_t next = list.back().dts + last_duration;
  h4mk_block_info after = H4MK_BLOCK_INFO_INIT;
  after.dts = range.next_dts;
  if (after.dts != H4MK_NO_TIME ||
      (h4mk_reader_block_info(lease.get(), info.index, range.last, &after) == H4MK_OK &&
       after.dts != H4MK_NO_TIME))
    next = info.TimeOfFilm(after.dts) + timeline.lead;
  else if (last_duration == 0 && list.size() > 1)
    next = list.back().dts + (list.back().dts - list[list.size() - 2].dts);
  for (size_t i = 0; i < list.size(); ++i) {
    const int64_t end = i + 1 < list.size() ? list[i + 1].dts : next;
    const int64_t duration = (end - list[i].dts) * timeline.tick;
    list[i].duration = static_cast<uint32_t>(std::clamp<int64_t>(duration, 0, UINT32_MAX));
  }
  for (Sample& sample : list) {
    sample.dts *= timeline.tick;
    sample.pts *= timeline.tick;
  }
  return samples;
}

void WriteTrackWithEdit(BoxWriter* w, MediaFile& file, size_t track, uint32_t number,
                        const std::function<void(BoxWriter*)>& tables, int64_t duration,
                        Edit edit) {
  const TrackInfo& info = file.track(track);
  const std::shared_ptr<const CodecInfo> codec = CodecOf(file, track);
  const Timeline timeline = TimelineOf(file, track);
  // Durations of the film are in milliseconds.
  const uint64_t film_ms = static_cast<uint64_t>(static_cast<__int128>(duration) * 1000 /
                                                 static_cast<int64_t>(timeline.timescale));
  w->Begin("trak");
  w->BeginFull("tkhd", 1, 7);
  w->U64(0);
  w->U64(0);
  w->U32(number);
  w->U32(0);
  w->U64(film_ms);
  w->Zeros(8);
  w->U16(0);
  w->U16(info.is_video() ? 0 : 1);  // tracks of one group are alternatives
  w->U16(info.is_audio() ? 0x0100 : 0);
  w->U16(0);
  WriteMatrix(w);
  w->U32(static_cast<uint64_t>(info.width) << 16);
  w->U32(static_cast<uint64_t>(info.height) << 16);
  w->End();
  if (edit.empty_ms > 0 || edit.media_time != 0) {
    w->Begin("edts");
    w->BeginFull("elst", 1, 0);
    w->U32(edit.empty_ms > 0 ? 2 : 1);
    if (edit.empty_ms > 0) {
      w->U64(edit.empty_ms);
      w->U64(UINT64_MAX);
      w->U32(0x10000);
    }
    w->U64(film_ms);
    w->U64(static_cast<uint64_t>(edit.media_time));
    w->U32(0x10000);
    w->End();
    w->End();
  }
  w->Begin("mdia");
  WriteMediaHeader(w, info, timeline, duration);
  w->Begin("minf");
  if (info.is_video()) {
    w->BeginFull("vmhd", 0, 1);
    w->Zeros(8);
  } else {
    w->BeginFull("smhd", 0, 0);
    w->Zeros(4);
  }
  w->End();
  w->Begin("dinf");
  w->BeginFull("dref", 0, 0);
  w->U32(1);
  w->BeginFull("url ", 0, 1);
  w->End();
  w->End();
  w->End();
  w->Begin("stbl");
  w->BeginFull("stsd", 0, 0);
  w->U32(1);
  if (info.is_video())
    WriteVideoEntry(w, info, *codec);
  else
    WriteAudioEntry(w, info, *codec);
  w->End();
  if (tables)
    tables(w);
  else
    WriteEmptyTables(w);
  w->End();
  w->End();
  w->End();
  w->End();
}

std::string InitSegment(MediaFile& file, size_t track) {
  BoxWriter w;
  w.Begin("ftyp");
  w.Bytes("iso6");
  w.U32(0);
  w.Bytes("iso6cmfcmp41");
  w.End();
  w.Begin("moov");
  w.BeginFull("mvhd", 1, 0);
  w.U64(0);
  w.U64(0);
  w.U32(1000);
  w.U64(0);
  w.U32(0x10000);
  w.U16(0x100);
  w.Zeros(10);
  WriteMatrix(&w);
  w.Zeros(24);
  w.U32(2);
  w.End();
  // Presentation begins behind what decoders need to begin.
  const Timeline timeline = TimelineOf(file, track);
  WriteTrackWithEdit(&w, file, track, 1, nullptr, 0, {0, timeline.lead * timeline.tick});
  w.Begin("mvex");
  w.BeginFull("trex", 0, 0);
  w.U32(1);
  w.U32(1);
  w.Zeros(12);
  w.End();
  w.End();
  w.End();
  return w.Take();
}

Body MediaSegment(MediaFile& file, size_t track, const Samples& samples, uint32_t number) {
  const bool is_video = file.track(track).is_video();
  BoxWriter w;
  w.Begin("moof");
  w.BeginFull("mfhd", 0, 0);
  w.U32(number);
  w.End();
  w.Begin("traf");
  w.BeginFull("tfhd", 0, 0x020000);  // default-base-is-moof
  w.U32(1);
  w.End();
  w.BeginFull("tfdt", 1, 0);
  w.U64(static_cast<uint64_t>(std::max<int64_t>(0, samples.list.front().dts)));
  w.End();
  w.BeginFull("trun", 1, is_video ? 0x000F01 : 0x000301);
  w.U32(samples.list.size());
  const size_t data_offset = w.size();
  w.U32(0);
  for (const Sample& sample : samples.list) {
    w.U32(sample.duration);
    w.U32(sample.size);
    if (!is_video) continue;
    w.U32(sample.is_key ? 0x02000000 : 0x01010000);
    w.U32(static_cast<uint32_t>(sample.pts - sample.dts));
  }
  w.End();
  w.End();
  w.End();
  w.Patch32(data_offset, static_cast<uint32_t>(w.size() + 8));
  w.U32(samples.data.size() + 8);
  w.Bytes("mdat");
  Body body;
  body.Append(w.Take());
  body.Append(samples.data);
  return body;
}

}  // namespace h4mk::server
