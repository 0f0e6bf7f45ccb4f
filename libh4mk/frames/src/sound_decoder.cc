// SPDX-License-Identifier: MIT
#include "sound_decoder.h"

extern "C" {
#include <libavutil/mathematics.h>
}

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

namespace h4mk::frames {
namespace {

constexpr uint64_t kPreroll =
    16;  // blocks: more than any bit reservoir or overlap of a codec in use
constexpr uint64_t kMaxPreroll = 4096;
// The place of a sample that is farther away is the last one: a few places can be added.
constexpr int64_t kMostSamples = INT64_MAX / 8;

// A sample as a number whose full scale is 1.
float ToFloat(uint8_t value) { return (static_cast<float>(value) - 128.0f) / 128.0f; }
float ToFloat(int16_t value) { return static_cast<float>(value) / 32768.0f; }
float ToFloat(int32_t value) {
  return static_cast<float>(static_cast<double>(value) / 2147483648.0);
}
float ToFloat(int64_t value) {
  return static_cast<float>(static_cast<double>(value) / 9223372036854775808.0);
}
float ToFloat(float value) { return value; }
float ToFloat(double value) { return static_cast<float>(value); }

// Copies `count` samples of all channels from sample `from` of a frame on.
template <typename Sample>
void Copy(const AVFrame& frame, bool is_planar, int channels, int64_t from, int64_t count,
          float* out) {
  for (int channel = 0; channel < channels; ++channel) {
    const uint8_t* data = frame.extended_data[is_planar ? channel : 0];
    const int64_t step = is_planar ? 1 : channels, first = is_planar ? 0 : channel;
    for (int64_t i = 0; i < count; ++i) {
      Sample sample;
      std::memcpy(&sample, data + sizeof sample * static_cast<size_t>(first + (from + i) * step),
                  sizeof sample);
      out[i * channels + channel] = ToFloat(sample);
    }
  }
}

}  // namespace

Outcome SoundDecoder::Open() {
  const h4mk_value* description = h4mk_reader_track(reader_, track_);
  if (description == nullptr)
    return Outcome(H4MK_ERR_ARGUMENT, "there is no track " + std::to_string(track_));
  if (!frame_) return Outcome(H4MK_ERR_MEMORY, "no memory for sound");
  H4MK_FRAMES_TRY(OpenCodec(description, 1, 0, &context_));
  H4MK_FRAMES_TRY(Of(h4mk_reader_track_info(reader_, track_, &info_), reader_));
  context_->pkt_timebase = {info_.time_base_num, info_.time_base_den};
  rate_ = context_->sample_rate;
  channels_ = context_->ch_layout.nb_channels;
  if (rate_ <= 0 || channels_ <= 0)
    return Outcome(H4MK_ERR_UNSUPPORTED,
                   "the track does not say how many channels and samples a second it has");
  const AVCodecDescriptor* known = avcodec_descriptor_get(context_->codec_id);
  const bool is_exact = known != nullptr && (known->props & AV_CODEC_PROP_LOSSLESS) &&
                        !(known->props & AV_CODEC_PROP_LOSSY);
  frame_size_ = std::clamp<int64_t>(h4mk_value_get_int(description, "frame_size", 0), 0, 1 << 24);
  const int64_t seek_preroll =
      std::clamp<int64_t>(h4mk_value_get_int(description, "seek_preroll", 0), 0, 1 << 24);
  const auto blocks = static_cast<uint64_t>(seek_preroll / std::max<int64_t>(frame_size_, 64) + 1);
  preroll_ = is_exact ? 0 : std::min(std::max(kPreroll, blocks), kMaxPreroll);
  h4mk_block_info front = H4MK_BLOCK_INFO_INIT;
  start_ =
      h4mk_reader_block_info(reader_, track_, 0, &front) == H4MK_OK && front.pts != H4MK_NO_TIME
          ? SampleOf(front.pts)
          : 0;
  return {};
}

int64_t SoundDecoder::SampleOf(int64_t ticks) const {
  const int64_t sample =
      av_rescale_q(ticks, {info_.time_base_num, info_.time_base_den}, {1, static_cast<int>(rate_)});
  return std::clamp(sample, -kMostSamples, kMostSamples);
}

Outcome SoundDecoder::Format(h4mk_sound_format* format) {
  format->sample_rate = static_cast<uint32_t>(rate_);
  format->channels = static_cast<uint32_t>(channels_);
  const h4mk_value* start = h4mk_value_get(h4mk_reader_track(reader_, track_), "start_time");
  const int64_t first = h4mk_value_int(start, info_.start_pts);
  format->start = first == H4MK_NO_TIME ? 0 : SampleOf(first);
  format->end = info_.end_pts == H4MK_NO_TIME ? format->start : SampleOf(info_.end_pts);
  return {};
}

// The block to begin with, so that sample `first` comes out right.
Outcome SoundDecoder::FindStart(int64_t first, uint64_t* ordinal, bool* found) {
  *found = info_.block_count > 0;
  *ordinal = 0;
  // One tick earlier than the sample, since times of blocks may have been rounded up.
  const int64_t shown = av_rescale_q_rnd(first, {1, static_cast<int>(rate_)},
                                         {info_.time_base_num, info_.time_base_den}, AV_ROUND_DOWN);
  const int64_t time = std::max(shown, INT64_MIN + 2) - 1;
  h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
  const h4mk_status status = h4mk_reader_frame_at(reader_, track_, time, nullptr, &block);
  if (status == H4MK_ERR_NOT_FOUND) return {};
  H4MK_FRAMES_TRY(Of(status, reader_));
  *ordinal = block.ordinal - std::min(block.ordinal, preroll_);
  return {};
}

Outcome SoundDecoder::Decode(int64_t first, uint64_t count, const std::atomic<bool>& cancelled,
                             float* out) {
  if (count > kMostSamples || first > kMostSamples || first < -kMostSamples)
    return Outcome(H4MK_ERR_ARGUMENT, "no file has so many samples");
  std::fill_n(out, count * static_cast<uint64_t>(channels_), 0.0f);
  if (count == 0) return {};
  const Request request{first, first + static_cast<int64_t>(count), out};
  uint64_t ordinal = 0;
  bool found = false, is_behind = false;
  H4MK_FRAMES_TRY(FindStart(first, &ordinal, &found));
  has_next_ = false;
  Outcome outcome;
  for (; found && outcome.ok() && !is_behind; ++ordinal) {
    if (cancelled) outcome = Outcome(H4MK_ERR_CANCELLED, "cancelled");
    h4mk_block block = H4MK_BLOCK_INIT;
    const h4mk_status status = h4mk_reader_read_block(reader_, track_, ordinal, &block);
    if (status == H4MK_ERR_NOT_FOUND) {
      h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
      if (ordinal + 1 >= info_.block_count &&
          h4mk_reader_block_info(reader_, track_, ordinal, &info) == H4MK_ERR_NOT_FOUND)
        break;
    }
    if (outcome.ok()) outcome = Of(status, reader_);
    const Packet packet = outcome.ok() ? MakePacket(block) : nullptr;
    if (outcome.ok() && !packet) outcome = Outcome(H4MK_ERR_MEMORY, "no memory for sound");
    if (!outcome.ok()) break;
    // Where blocks have one length, counting them is more exact than times, which may be rounded.
    int64_t place = SampleOf(block.pts);
    if (frame_size_ > 0 && block.ordinal < static_cast<uint64_t>(kMostSamples / frame_size_)) {
      const int64_t counted = start_ + static_cast<int64_t>(block.ordinal) * frame_size_;
      if (std::llabs(place - counted) <= SampleOf(1) + 1) place = counted;
    }
    packet->pts = block.pts == H4MK_NO_TIME ? AV_NOPTS_VALUE : place;
    packet->dts = packet->pts;
    context_->pkt_timebase = {1, static_cast<int>(rate_)};
    outcome = Send(packet.get(), request, &is_behind);
  }
  if (outcome.ok() && found && !is_behind) outcome = Send(nullptr, request, &is_behind);
  avcodec_flush_buffers(context_.get());
  return outcome;
}

Outcome SoundDecoder::Send(const AVPacket* packet, const Request& request, bool* is_behind) {
  for (;;) {
    const int error = avcodec_send_packet(context_.get(), packet);
    if (error == AVERROR(ENOMEM)) return CodecError(error, "decoding failed");
    H4MK_FRAMES_TRY(Receive(request, is_behind));
    if (error != AVERROR(EAGAIN)) return {};
  }
}

Outcome SoundDecoder::Receive(const Request& request, bool* is_behind) {
  while (avcodec_receive_frame(context_.get(), frame_.get()) >= 0) {
    const int64_t place = PlaceOf(*frame_);
    const Outcome outcome = Take(*frame_, place, request);
    *is_behind = *is_behind || next_ >= request.end;
    av_frame_unref(frame_.get());
    if (!outcome.ok()) return outcome;
  }
  return {};
}

// Sound goes on without a gap where times say so within a tick of theirs.
int64_t SoundDecoder::PlaceOf(const AVFrame& frame) {
  int64_t place = frame.pts != AV_NOPTS_VALUE ? frame.pts : has_next_ ? next_ : start_;
  if (has_next_ && std::llabs(place - next_) <= SampleOf(1) + 1) place = next_;
  has_next_ = true;
  next_ = place + frame.nb_samples;
  return place;
}

Outcome SoundDecoder::Take(const AVFrame& frame, int64_t place, const Request& request) const {
  const int64_t from = std::max(place, request.first),
                until = std::min(place + frame.nb_samples, request.end);
  if (from >= until) return {};
  if (frame.ch_layout.nb_channels != channels_)
    return Outcome(H4MK_ERR_UNSUPPORTED, "the number of channels changes from " +
                                             std::to_string(channels_) + " to " +
                                             std::to_string(frame.ch_layout.nb_channels));
  const auto format = static_cast<AVSampleFormat>(frame.format);
  const bool is_planar = av_sample_fmt_is_planar(format) != 0;
  float* out = request.out + (from - request.first) * channels_;
  const int64_t skipped = from - place, count = until - from;
  switch (av_get_packed_sample_fmt(format)) {
    case AV_SAMPLE_FMT_U8:
      Copy<uint8_t>(frame, is_planar, channels_, skipped, count, out);
      break;
    case AV_SAMPLE_FMT_S16:
      Copy<int16_t>(frame, is_planar, channels_, skipped, count, out);
      break;
    case AV_SAMPLE_FMT_S32:
      Copy<int32_t>(frame, is_planar, channels_, skipped, count, out);
      break;
    case AV_SAMPLE_FMT_S64:
      Copy<int64_t>(frame, is_planar, channels_, skipped, count, out);
      break;
    case AV_SAMPLE_FMT_FLT:
      Copy<float>(frame, is_planar, channels_, skipped, count, out);
      break;
    case AV_SAMPLE_FMT_DBL:
      Copy<double>(frame, is_planar, channels_, skipped, count, out);
      break;
    default:
      return Outcome(H4MK_ERR_UNSUPPORTED, "samples of an unknown form");
  }
  return {};
}

}  // namespace h4mk::frames
