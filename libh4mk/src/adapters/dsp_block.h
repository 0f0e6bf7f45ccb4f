// SPDX-License-Identifier: MIT
// adapters.md, "DSP0" and "DSP1": spectra as blocks hold them.
#ifndef H4MK_ADAPTERS_DSP_BLOCK_H_
#define H4MK_ADAPTERS_DSP_BLOCK_H_

#include <map>
#include <vector>

#include "adapters/spectrum.h"
#include "base/bytes.h"
#include "base/status.h"

namespace h4mk {

// ------------------------------------------------------------------------------------------------------------------
// DSP0

struct Dsp0Partial {
  double magnitude = 0;
  double phase = 0;  // radians
  bool operator==(const Dsp0Partial&) const = default;
};
using Dsp0Spectrum = std::map<uint16_t, Dsp0Partial>;  // by bin

// Entries of an I block replace those of their bin, those of a P block are added to it. What is no
// DSP0 block, or a short one, changes nothing.
enum class Dsp0Use { kSet, kAdd };
void ApplyDsp0(ByteSpan block, Dsp0Use use, Dsp0Spectrum* spectrum);

// DSP0 says nothing of time and size: frames are of these.
inline constexpr size_t kDsp0Size = 2048;
inline constexpr size_t kDsp0Hop = 1024;

// As FrameSynthesis takes it: a partial of magnitude 1 is a cosine of amplitude 1. bins has
// BinCount(kDsp0Size) elements.
void Dsp0Bins(const Dsp0Spectrum& spectrum, std::span<Bin> bins);

// ------------------------------------------------------------------------------------------------------------------
// DSP1

inline constexpr uint32_t kDsp1MinSize = 16, kDsp1MaxSize = 32768;
inline constexpr uint32_t kDsp1MaxOverlap = 8;  // frames that sound at a time
inline constexpr uint8_t kDsp1MaxChannels = 8;
inline constexpr float kDsp1MaxGain = 1e9f;

struct Dsp1Format {
  Window window = Window::kHann;
  uint8_t channels = 1;
  uint32_t size = 2048;
  uint32_t hop = 1024;
  bool operator==(const Dsp1Format&) const = default;
};

// kCorrupt: what adapters.md does not allow.
Status CheckDsp1Format(const Dsp1Format& format);

struct Dsp1Channel {
  float gain = 0;                   // what a magnitude of 65535 stands for
  std::vector<uint16_t> magnitude;  // BinCount(size) of each
  std::vector<uint16_t> phase;      // in 65536ths of a turn
  bool operator==(const Dsp1Channel&) const = default;
};

struct Dsp1Spectrum {
  Dsp1Format format;
  std::vector<Dsp1Channel> channels;
  bool operator==(const Dsp1Spectrum&) const = default;
};

bool IsDsp1(ByteSpan block);
// A whole block stands alone; a difference needs the spectrum before it, which *spectrum is then
// (an empty one has no channels). kCorrupt: it is no DSP1 block; *spectrum is then of no use.
Status ApplyDsp1(ByteSpan block, Dsp1Spectrum* spectrum);

// As FrameSynthesis takes it.
void Dsp1Bins(const Dsp1Channel& channel, std::span<Bin> bins);

}  // namespace h4mk

#endif  // H4MK_ADAPTERS_DSP_BLOCK_H_
