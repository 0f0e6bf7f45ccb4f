// SPDX-License-Identifier: MIT
// Writes DSP1 blocks (adapters.md, "DSP1"). The library only reads them.
#ifndef H4MK_TESTS_SUPPORT_DSP_ENCODER_H_
#define H4MK_TESTS_SUPPORT_DSP_ENCODER_H_

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <span>

#include "adapters/dsp_block.h"

namespace h4mk {

// Bins whose magnitude is 0 are left out.
inline void AppendDsp1Channel(const Dsp1Channel& channel, Bytes* block) {
  AppendLe(*block, std::bit_cast<uint32_t>(channel.gain));
  const size_t count_at = block->size();
  AppendLe(*block, uint16_t{0});
  uint16_t count = 0;
  for (size_t bin = 0; bin < channel.magnitude.size(); ++bin) {
    if (channel.magnitude[bin] == 0 && channel.phase[bin] == 0) continue;
    AppendLe(*block, static_cast<uint16_t>(bin));
    AppendLe(*block, channel.magnitude[bin]);
    AppendLe(*block, channel.phase[bin]);
    ++count;
  }
  StoreLe(block->data() + count_at, count);
}

inline Bytes Dsp1Front(uint8_t form) { return {'D', 'S', 'P', '1', form}; }

// The spectrum that FrameAnalysis gave of one channel, in 16-bit values.
inline Dsp1Channel QuantizeDsp1(std::span<const Bin> bins) {
  double largest = 0;
  for (const Bin& bin : bins) largest = std::max(largest, std::abs(bin));
  Dsp1Channel channel;
  channel.gain = static_cast<float>(std::min<double>(largest, kDsp1MaxGain));
  channel.magnitude.resize(bins.size());
  channel.phase.resize(bins.size());
  if (channel.gain == 0) return channel;
  for (size_t k = 0; k < bins.size(); ++k) {
    const double magnitude = std::abs(bins[k]) / channel.gain * 65535.0;
    channel.magnitude[k] = static_cast<uint16_t>(std::min(std::round(magnitude), 65535.0));
    if (channel.magnitude[k] == 0) continue;
    const double turns = std::arg(bins[k]) / (2 * std::numbers::pi);
    channel.phase[k] = static_cast<uint16_t>(std::llround(turns * 65536));  // modulo a turn
  }
  return channel;
}

inline Bytes EncodeDsp1Whole(const Dsp1Spectrum& spectrum) {
  Bytes block = Dsp1Front(0);
  block.push_back(static_cast<uint8_t>(spectrum.format.window));
  block.push_back(spectrum.format.channels);
  AppendLe(block, spectrum.format.size);
  AppendLe(block, spectrum.format.hop);
  for (const Dsp1Channel& channel : spectrum.channels) AppendDsp1Channel(channel, &block);
  return block;
}

// REQUIRES: the same format as before.
inline Bytes EncodeDsp1Difference(const Dsp1Spectrum& before, const Dsp1Spectrum& spectrum) {
  Bytes block = Dsp1Front(1);
  for (size_t i = 0; i < spectrum.channels.size(); ++i) {
    Dsp1Channel change = spectrum.channels[i];
    for (size_t bin = 0; bin < change.magnitude.size(); ++bin) {
      const Dsp1Channel& was = before.channels[i];
      // The phase of silence does not sound: no entry is needed for it.
      if (change.magnitude[bin] == 0) change.phase[bin] = was.phase[bin];
      change.magnitude[bin] = static_cast<uint16_t>(change.magnitude[bin] - was.magnitude[bin]);
      change.phase[bin] = static_cast<uint16_t>(change.phase[bin] - was.phase[bin]);
    }
    AppendDsp1Channel(change, &block);
  }
  return block;
}

}  // namespace h4mk

#endif  // H4MK_TESTS_SUPPORT_DSP_ENCODER_H_
