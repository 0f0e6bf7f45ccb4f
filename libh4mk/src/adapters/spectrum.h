// SPDX-License-Identifier: MIT
// From samples to the spectrum of a frame, and from the spectra of overlapping frames back to
// samples. Shared by whatever stores sound as spectra: the DSP layouts and the audio tokens.
//
//   analysis    frame k starts at sample k * hop; its samples times the window go through a real
//   FFT synthesis   each spectrum goes through the inverse FFT and the window once more, frames are
//   added where they overlap, and the
//               sum is divided by what the squares of the windows add up to there
//
// so that spectra that nobody changed give the samples back wherever frames from both sides cover
// them. Spectra that were made of no windowed samples are windowed once only.
#ifndef H4MK_ADAPTERS_SPECTRUM_H_
#define H4MK_ADAPTERS_SPECTRUM_H_

#include <complex>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace h4mk {

using Bin = std::complex<double>;

enum class Window : uint8_t {
  kHann = 0,         // 0.5 - 0.5 cos(2 pi k / (size - 1))
  kSine = 1,         // sin(pi (k + 0.5) / size)
  kRectangular = 2,  // 1
};

// In double precision, rounded to float. size >= 2.
std::vector<float> MakeWindow(Window window, size_t size);

// Bins of a frame of real samples: 0 to size / 2.
inline size_t BinCount(size_t size) { return size / 2 + 1; }

// Whether a size that is not 0 has no prime factors other than 2, 3 and 5.
bool HasSmallFactorsOnly(uint32_t size);

// One size and window; not for two threads at once. Any size of 2 or more; those without large
// prime factors are fast.
class FrameAnalysis {
 public:
  FrameAnalysis(size_t size, Window window);
  ~FrameAnalysis();

  size_t size() const { return window_.size(); }
  // The spectrum of size() samples: forward, not scaled, e^(-i…), in double precision from float
  // products with the window. The imaginary parts of bin 0 and, of an even size, of the last bin
  // are +0. bins has room for BinCount(size()).
  void Transform(std::span<const float> samples, std::span<Bin> bins);

 private:
  struct Fft;
  std::unique_ptr<Fft> fft_;
  const std::vector<float> window_;
  std::vector<Bin> in_, out_;
};

// The way back. Frames are added one by one; each finishes the next hop() samples.
class FrameSynthesis {
 public:
  // windowed: spectra are of samples that the window was applied to. REQUIRES: size >= 2, 1 <= hop
  // <= size.
  FrameSynthesis(size_t size, size_t hop, Window window, bool windowed = true);
  FrameSynthesis(FrameSynthesis&&) noexcept;
  ~FrameSynthesis();

  size_t size() const { return window_.size(); }
  size_t hop() const { return hop_; }

  // Adds the frame that starts where the last call's samples ended. bins as FrameAnalysis gives
  // them (imaginary parts that it makes 0 do not count); out gets the hop() samples that no later
  // frame reaches. At the start, where no frames come before, sound fades in.
  void Add(std::span<const Bin> bins, std::span<float> out);
  // Forgets the frames so far.
  void Reset();

 private:
  struct Fft;
  std::unique_ptr<Fft> fft_;
  size_t hop_;
  std::vector<float> window_;
  std::vector<double> gain_;  // by position in the hop: what the sum is multiplied by
  std::vector<double> sum_;   // the frames so far from the current position on, size() samples
  std::vector<Bin> in_, out_;
};

}  // namespace h4mk

#endif  // H4MK_ADAPTERS_SPECTRUM_H_
