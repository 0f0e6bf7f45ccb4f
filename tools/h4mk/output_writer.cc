// SPDX-License-Identifier: MIT
#include "output_writer.h"

#include <fmt/format.h>

namespace h4mk::tool {
namespace {

constexpr uint64_t kWavHeaderSize = 58;
constexpr uint16_t kWavFloat = 3;

}  // namespace

Status OutputWriter::Open(const std::string& path, const WriteOptions& options) {
  is_wav_ = path.ends_with(".wav");
  H4MK_TRY(file_.Open(path, options));
  sink_ = std::make_unique<Sink>(file_.io());
  return {};
}

Status OutputWriter::CheckSound(const h4mk_output& output) {
  if (output.type != H4MK_OUTPUT_AUDIO)
    return Status(Code::kArgument,
                  "a .wav file takes sound only, and the track has something else");
  if (channels_ != 0 && (output.channels != channels_ || output.sample_rate != sample_rate_))
    return Status(Code::kArgument,
                  fmt::format("the sound changes to {} Hz, {} channels; a .wav file cannot",
                              output.sample_rate, output.channels));
  channels_ = output.channels;
  sample_rate_ = output.sample_rate;
  return {};
}

// RIFF with fmt, fact and data; "fact" is asked for where samples are no integers.
Bytes OutputWriter::WavHeader() const {
  const auto size =
      static_cast<uint32_t>(std::min<uint64_t>(sound_bytes_, UINT32_MAX - kWavHeaderSize));
  const auto frame = static_cast<uint16_t>(channels_ * 4);
  Bytes header;
  AppendText(header, "RIFF");
  AppendLe(header, static_cast<uint32_t>(size + kWavHeaderSize - 8));
  AppendText(header, "WAVEfmt ");
  AppendLe(header, uint32_t{18});
  AppendLe(header, kWavFloat);
  AppendLe(header, static_cast<uint16_t>(channels_));
  AppendLe(header, static_cast<uint32_t>(sample_rate_));
  AppendLe(header, static_cast<uint32_t>(sample_rate_) * frame);
  AppendLe(header, frame);
  AppendLe(header, uint16_t{32});
  AppendLe(header, uint16_t{0});
  AppendText(header, "fact");
  AppendLe(header, uint32_t{4});
  AppendLe(header, frame == 0 ? 0u : size / frame);
  AppendText(header, "data");
  AppendLe(header, size);
  return header;
}

Status OutputWriter::Write(const h4mk_output& output) {
  if (is_wav_) {
    const bool is_first = channels_ == 0;
    H4MK_TRY(CheckSound(output));
    // The header is written again when it is known how much there is.
    if (is_first) H4MK_TRY(sink_->Write(WavHeader()));
    sound_bytes_ += output.size;
  }
  return sink_->Write({output.data, output.size});
}

Status OutputWriter::Finish() {
  if (sound_bytes_ > 0) {
    H4MK_TRY(sink_->Seek(0));
    H4MK_TRY(sink_->Write(WavHeader()));
  }
  return file_.Commit();
}

}  // namespace h4mk::tool
