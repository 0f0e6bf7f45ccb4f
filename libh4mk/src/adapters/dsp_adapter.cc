// SPDX-License-Identifier: MIT
// adapters.md, "Adapter dsp": blocks of spectra to sound.
#include <optional>
#include <variant>

#include "adapters/adapter_shell.h"
#include "adapters/builtin_adapters.h"
#include "adapters/dsp_block.h"

namespace h4mk {
namespace {

constexpr int32_t kUsualSampleRate = 48000;

class DspDecoder {
 public:
  using State = std::variant<Dsp0Spectrum, Dsp1Spectrum>;

  static bool Claims(const h4mk_adapter_track& track) { return HasCodec(track, "dsp"); }

  explicit DspDecoder(const h4mk_adapter_track& track)
      : sample_rate_(track.sample_rate > 0 ? track.sample_rate : kUsualSampleRate) {}

  Status DecodeI(const h4mk_adapter_block& block, State* state) {
    const ByteSpan data(block.data, block.size);
    if (IsDsp1(data)) return ApplyDsp1(data, &state->emplace<Dsp1Spectrum>());
    ApplyDsp0(data, Dsp0Use::kSet, &std::get<Dsp0Spectrum>(*state));
    return {};
  }

  Status ApplyP(const State& previous, const h4mk_adapter_block& block, State* state) {
    *state = previous;
    const ByteSpan data(block.data, block.size);
    if (auto* spectrum = std::get_if<Dsp1Spectrum>(state)) return ApplyDsp1(data, spectrum);
    if (IsDsp1(data)) return ApplyDsp1(data, &state->emplace<Dsp1Spectrum>());
    ApplyDsp0(data, Dsp0Use::kAdd, &std::get<Dsp0Spectrum>(*state));
    return {};
  }

  Status Render(const State& state, h4mk_output* output) {
    const auto* spectrum = std::get_if<Dsp1Spectrum>(&state);
    Dsp1Format format{Window::kHann, 1, kDsp0Size, kDsp0Hop};
    if (spectrum != nullptr) format = spectrum->format;
    PrepareSynthesis(format, spectrum != nullptr);
    bins_.resize(BinCount(format.size));
    mono_.resize(format.hop);
    samples_.resize(size_t{format.hop} * format.channels);
    for (size_t channel = 0; channel < format.channels; ++channel) {
      if (spectrum != nullptr)
        Dsp1Bins(spectrum->channels[channel], bins_);
      else
        Dsp0Bins(std::get<Dsp0Spectrum>(state), bins_);
      synthesis_[channel].Add(bins_, mono_);
      for (size_t i = 0; i < mono_.size(); ++i) samples_[i * format.channels + channel] = mono_[i];
    }
    output->type = H4MK_OUTPUT_AUDIO;
    output->sample_rate = sample_rate_;
    output->channels = format.channels;
    output->data = reinterpret_cast<const uint8_t*>(samples_.data());
    output->size = samples_.size() * sizeof(float);
    return {};
  }

  Json Describe(const State& state) const {
    Json json = {{"type", "DSPState"}, {"sample_rate", sample_rate_}};
    if (const auto* spectrum = std::get_if<Dsp0Spectrum>(&state)) {
      json["bin_count"] = spectrum->size();
      json["time_sec"] = 0.0;
      return json;
    }
    const auto& spectrum = std::get<Dsp1Spectrum>(state);
    size_t sounding = 0;
    for (const Dsp1Channel& channel : spectrum.channels)
      for (const uint16_t magnitude : channel.magnitude) sounding += magnitude != 0;
    json["bin_count"] = sounding;
    json["layout"] = "DSP1";
    json["size"] = spectrum.format.size;
    json["hop"] = spectrum.format.hop;
    json["channels"] = spectrum.format.channels;
    return json;
  }

  void Reset() {
    for (FrameSynthesis& synthesis : synthesis_) synthesis.Reset();
  }

 private:
  // Frames of another format do not sound on in those of this one.
  void PrepareSynthesis(const Dsp1Format& format, bool windowed) {
    if (format_ == format && windowed_ == windowed) return;
    format_.reset();
    windowed_ = windowed;
    synthesis_.clear();
    for (size_t i = 0; i < format.channels; ++i)
      synthesis_.emplace_back(format.size, format.hop, format.window, windowed);
    format_ = format;
  }

  const int32_t sample_rate_;
  std::optional<Dsp1Format> format_;  // of synthesis_
  bool windowed_ = true;
  std::vector<FrameSynthesis> synthesis_;
  std::vector<Bin> bins_;
  std::vector<float> mono_, samples_;
};

}  // namespace

const h4mk_adapter kDspAdapter =
    MakeAdapter<DspDecoder>("dsp", "spectra (DSP0, DSP1) to sound", kDsp1MaxOverlap - 1);

}  // namespace h4mk
