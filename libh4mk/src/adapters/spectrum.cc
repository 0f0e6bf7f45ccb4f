// SPDX-License-Identifier: MIT
#include "adapters/spectrum.h"

#include <algorithm>
#include <cmath>
#include <kissfft/kissfft.hh>
#include <numbers>

namespace h4mk {
namespace {

// Where windows add up to less, the sum is left out: dividing by it would only make rounding loud.
constexpr double kLeastWindowSum = 1e-6;

double WindowAt(Window window, size_t k, size_t size) {
  const double n = static_cast<double>(size), at = static_cast<double>(k);
  switch (window) {
    case Window::kHann:
      return 0.5 - 0.5 * std::cos(2 * std::numbers::pi * at / (n - 1));
    case Window::kSine:
      return std::sin(std::numbers::pi * (at + 0.5) / n);
    case Window::kRectangular:
      break;
  }
  return 1;
}

}  // namespace

std::vector<float> MakeWindow(Window window, size_t size) {
  std::vector<float> values(size);
  for (size_t k = 0; k < size; ++k) values[k] = static_cast<float>(WindowAt(window, k, size));
  return values;
}

bool HasSmallFactorsOnly(uint32_t size) {
  for (const uint32_t factor : {2u, 3u, 5u})
    while (size % factor == 0) size /= factor;
  return size == 1;
}

// --------------------------------------------------------------------------------------------------------------
// analysis

struct FrameAnalysis::Fft : kissfft<double> {
  using kissfft::kissfft;
};

FrameAnalysis::FrameAnalysis(size_t size, Window window)
    : fft_(std::make_unique<Fft>(size, false)),
      window_(MakeWindow(window, size)),
      in_(size),
      out_(size) {}

FrameAnalysis::~FrameAnalysis() = default;

void FrameAnalysis::Transform(std::span<const float> samples, std::span<Bin> bins) {
  for (size_t k = 0; k < size(); ++k) in_[k] = samples[k] * window_[k];
  fft_->transform(in_.data(), out_.data());
  std::copy_n(out_.begin(), BinCount(size()), bins.begin());
  bins[0].imag(0);
  if (size() % 2 == 0) bins[size() / 2].imag(0);
}

// -------------------------------------------------------------------------------------------------------------
// synthesis

struct FrameSynthesis::Fft : kissfft<double> {
  using kissfft::kissfft;
};

FrameSynthesis::FrameSynthesis(size_t size, size_t hop, Window window, bool windowed)
    : fft_(std::make_unique<Fft>(size, true)),
      hop_(hop),
      window_(MakeWindow(window, size)),
      gain_(hop),
      sum_(size),
      in_(size),
      out_(size) {
  for (size_t k = 0; k < size; ++k)
    gain_[k % hop] += windowed ? static_cast<double>(window_[k]) * window_[k] : window_[k];
  // The inverse FFT multiplies by the size.
  for (double& gain : gain_)
    gain = gain < kLeastWindowSum ? 0 : 1 / (gain * static_cast<double>(size));
}

FrameSynthesis::FrameSynthesis(FrameSynthesis&&) noexcept = default;
FrameSynthesis::~FrameSynthesis() = default;

void FrameSynthesis::Add(std::span<const Bin> bins, std::span<float> out) {
  in_[0] = bins[0].real();
  for (size_t k = 1; k < BinCount(size()); ++k) {
    in_[k] = bins[k];
    in_[size() - k] = std::conj(bins[k]);
  }
  if (size() % 2 == 0) in_[size() / 2] = bins[size() / 2].real();
  fft_->transform(in_.data(), out_.data());
  for (size_t k = 0; k < size(); ++k) sum_[k] += out_[k].real() * window_[k];
  for (size_t k = 0; k < hop_; ++k) out[k] = static_cast<float>(sum_[k] * gain_[k]);
  std::move(sum_.begin() + static_cast<ptrdiff_t>(hop_), sum_.end(), sum_.begin());
  std::fill(sum_.end() - static_cast<ptrdiff_t>(hop_), sum_.end(), 0.0);
}

void FrameSynthesis::Reset() { std::fill(sum_.begin(), sum_.end(), 0.0); }

}  // namespace h4mk
