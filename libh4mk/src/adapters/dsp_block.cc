// SPDX-License-Identifier: MIT
#include "adapters/dsp_block.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace h4mk {
namespace {

constexpr uint32_t kDsp0Magic = 0x30505344, kDsp1Magic = 0x31505344;  // "DSP0", "DSP1"
constexpr double kDsp0Turn = 2 * 3.14159265359;  // as the first implementation has it
constexpr double kFullMagnitude = 65535, kTurn = 65536;

enum class Dsp1Form : uint8_t { kWhole = 0, kDifference = 1 };

Status ReadChannel(ByteReader& reader, Dsp1Channel* channel) {
  channel->gain = std::bit_cast<float>(reader.Le<uint32_t>());
  if (!(channel->gain >= 0 && channel->gain <= kDsp1MaxGain))
    return Status(Code::kCorrupt, "DSP1: a gain that is none");
  const uint16_t count = reader.Le<uint16_t>();
  ByteReader entries(reader.Take(6u * count));
  if (reader.failed()) return Status(Code::kCorrupt, "DSP1: the block is too short");
  for (uint16_t i = 0; i < count; ++i) {
    const uint16_t bin = entries.Le<uint16_t>();
    if (bin >= channel->magnitude.size())
      return Status(Code::kCorrupt, "DSP1: bin " + std::to_string(bin) + " of " +
                                        std::to_string(channel->magnitude.size()));
    // Modulo 65536: a whole block starts from 0.
    channel->magnitude[bin] =
        static_cast<uint16_t>(channel->magnitude[bin] + entries.Le<uint16_t>());
    channel->phase[bin] = static_cast<uint16_t>(channel->phase[bin] + entries.Le<uint16_t>());
  }
  return {};
}

}  // namespace

// ------------------------------------------------------------------------------------------------------------------
// DSP0

void ApplyDsp0(ByteSpan block, Dsp0Use use, Dsp0Spectrum* spectrum) {
  ByteReader reader(block);
  const bool is_dsp0 = reader.Le<uint32_t>() == kDsp0Magic;
  const uint16_t count = reader.Le<uint16_t>();
  reader.Le<uint16_t>();  // reserved
  ByteReader entries(reader.Take(6u * count));
  if (!is_dsp0 || reader.failed()) return;
  for (uint16_t i = 0; i < count; ++i) {
    Dsp0Partial& partial = (*spectrum)[entries.Le<uint16_t>()];
    if (use == Dsp0Use::kSet) partial = {};
    partial.magnitude += entries.Le<uint16_t>() / 65535.0;
    partial.phase += entries.Le<uint16_t>() / 65535.0 * kDsp0Turn;
  }
}

void Dsp0Bins(const Dsp0Spectrum& spectrum, std::span<Bin> bins) {
  std::fill(bins.begin(), bins.end(), Bin());
  const size_t last = bins.size() - 1;
  for (const auto& [bin, partial] : spectrum) {
    if (bin > last) break;
    // Bins between the first and the last stand for a second one with the same amplitude, at the
    // negative frequency.
    const double share = bin == 0 || bin == last ? 1 : 0.5;
    bins[bin] = std::polar(partial.magnitude * share * kDsp0Size, partial.phase);
  }
}

// ------------------------------------------------------------------------------------------------------------------
// DSP1

Status CheckDsp1Format(const Dsp1Format& format) {
  const auto bad = [](const char* name, uint64_t value) {
    return Status(Code::kCorrupt, std::string("DSP1: ") + name + " " + std::to_string(value));
  };
  if (format.window > Window::kRectangular)
    return bad("window", static_cast<uint8_t>(format.window));
  if (format.channels < 1 || format.channels > kDsp1MaxChannels)
    return bad("channels", format.channels);
  if (format.size < kDsp1MinSize || format.size > kDsp1MaxSize || format.size % 2 != 0 ||
      !HasSmallFactorsOnly(format.size))
    return bad("size", format.size);
  if (format.hop < 1 || format.hop > format.size || format.size > format.hop * kDsp1MaxOverlap)
    return bad("hop", format.hop);
  return {};
}

bool IsDsp1(ByteSpan block) {
  return block.size() >= 4 && LoadLe<uint32_t>(block.data()) == kDsp1Magic;
}

Status ApplyDsp1(ByteSpan block, Dsp1Spectrum* spectrum) {
  ByteReader reader(block);
  if (reader.Le<uint32_t>() != kDsp1Magic) return Status(Code::kCorrupt, "no DSP1 block");
  const uint8_t form = reader.Le<uint8_t>();
  if (form == static_cast<uint8_t>(Dsp1Form::kWhole)) {
    Dsp1Format& format = spectrum->format;
    format.window = static_cast<Window>(reader.Le<uint8_t>());
    format.channels = reader.Le<uint8_t>();
    format.size = reader.Le<uint32_t>();
    format.hop = reader.Le<uint32_t>();
    if (reader.failed()) return Status(Code::kCorrupt, "DSP1: the block is too short");
    H4MK_TRY(CheckDsp1Format(format));
    const std::vector<uint16_t> silence(BinCount(format.size));
    spectrum->channels.assign(format.channels, {0, silence, silence});
  } else if (form != static_cast<uint8_t>(Dsp1Form::kDifference)) {
    return Status(Code::kCorrupt, "DSP1: form " + std::to_string(form));
  } else if (spectrum->channels.empty()) {
    return Status(Code::kCorrupt, "DSP1: a difference without a spectrum before it");
  }
  for (Dsp1Channel& channel : spectrum->channels) H4MK_TRY(ReadChannel(reader, &channel));
  if (reader.left() != 0) return Status(Code::kCorrupt, "DSP1: bytes behind the last channel");
  return {};
}

void Dsp1Bins(const Dsp1Channel& channel, std::span<Bin> bins) {
  for (size_t k = 0; k < bins.size(); ++k)
    bins[k] = channel.magnitude[k] == 0
                  ? Bin()
                  : std::polar(channel.gain * (channel.magnitude[k] / kFullMagnitude),
                               channel.phase[k] / kTurn * 2 * std::numbers::pi);
}

}  // namespace h4mk
