// SPDX-License-Identifier: MIT
#include "wav.h"

#include <algorithm>

namespace h4mk::tool {
namespace {

constexpr uint16_t kPcm = 1, kExtensible = 0xFFFE;
constexpr uint64_t kUnknownSize = 0xFFFFFFFF;  // what is written to a pipe has it

bool Is(const uint8_t* at, std::string_view name) {
  return std::equal(name.begin(), name.end(), at);
}

}  // namespace

Status WavReader::Open() {
  const auto fail = [] { return Status(Code::kNotFound, "no WAV file with 16-bit samples"); };
  uint8_t head[12];
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(0, head, sizeof head, &got));
  if (got < sizeof head || !Is(head, "RIFF") || !Is(head + 8, "WAVE")) return fail();
  for (uint64_t at = sizeof head;;) {
    uint8_t chunk[8];
    H4MK_TRY(source_.ReadAt(at, chunk, sizeof chunk, &got));
    if (got < sizeof chunk) return fail();
    const uint64_t size = LoadLe<uint32_t>(chunk + 4);
    position_ = at + sizeof chunk;
    if (Is(chunk, "data")) {
      end_ = size == kUnknownSize || size == 0 ? UINT64_MAX : position_ + size;
      return channels_ > 0 ? Status() : fail();
    }
    if (Is(chunk, "fmt ")) {
      uint8_t format[16];
      H4MK_TRY(source_.ReadAt(position_, format, sizeof format, &got));
      const auto tag = LoadLe<uint16_t>(format);
      if (got < sizeof format || (tag != kPcm && tag != kExtensible) ||
          LoadLe<uint16_t>(format + 14) != 16)
        return fail();
      channels_ = LoadLe<uint16_t>(format + 2);
      sample_rate_ = LoadLe<uint32_t>(format + 4);
    }
    at = position_ + size + size % 2;
  }
}

Status WavReader::Read(std::span<float> samples, size_t* got) {
  const size_t frame = 2 * channels_;
  const uint64_t wanted = std::min<uint64_t>(samples.size() * frame, end_ - position_);
  buffer_.resize(static_cast<size_t>(wanted));
  size_t bytes = 0;
  H4MK_TRY(source_.ReadAt(position_, buffer_.data(), buffer_.size(), &bytes));
  position_ += bytes;
  *got = bytes / frame;
  for (size_t i = 0; i < *got; ++i) {
    int32_t sum = 0;
    for (uint32_t channel = 0; channel < channels_; ++channel)
      sum += static_cast<int16_t>(LoadLe<uint16_t>(&buffer_[i * frame + 2 * channel]));
    samples[i] = static_cast<float>(sum) / static_cast<float>(channels_) / 32768;
  }
  return {};
}

}  // namespace h4mk::tool
