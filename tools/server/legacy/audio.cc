// SPDX-License-Identifier: MIT
#include "legacy/audio.h"

#include <h4mk/token.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <kissfft/kissfft.hh>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "core/message.h"
#include "core/text.h"
#include "core/work.h"
#include "legacy/python_text.h"

namespace h4mk::server {
namespace {

// An event is about 12 times as large as its token, and all tokens of small frames are four times
// as large as the sound.
constexpr size_t kMostTokenBytes = 16 << 20;

// round(value, digits) of Python is that of the decimal that the double is nearest to; the printed
// digits of printf are the same.
std::string Rounded(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return PythonFloat(std::strtod(text, nullptr));
}

}  // namespace

std::string AudioTokenEvents(const AudioForm& form, std::string_view pcm) {
  const size_t size = form.frame_size, bins = size / 2 + 1,
               top = std::min<size_t>(form.top_k, bins);
  const size_t samples = pcm.size() / 2;
  // The tokens' bytes are those of the library; the values beside them are computed in the same
  // way.
  size_t needed = 0;
  const auto* bytes = reinterpret_cast<const uint8_t*>(pcm.data());
  if (h4mk_audio_tokens(bytes, pcm.size(), form.rate, form.frame_size, form.top_k, nullptr, 0,
                        &needed) != H4MK_OK)
    throw std::runtime_error("tokens cannot be made");
  if (needed > kMostTokenBytes)
    throw HttpError(
        413, "these are more than 2,097,152 tokens: send less sound, or ask for fewer (top_k)");
  std::vector<uint8_t> tokens(needed);
  if (h4mk_audio_tokens(bytes, pcm.size(), form.rate, form.frame_size, form.top_k, tokens.data(),
                        tokens.size(), &needed) != H4MK_OK)
    throw std::runtime_error("tokens cannot be made");
  std::vector<float> window(size);
  for (size_t k = 0; k < size; ++k)
    window[k] =
        static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(k) /
                                                static_cast<double>(size - 1)));
  kissfft<double> fft(size, false);
  std::vector<std::complex<double>> in(size), out(size);
  std::vector<size_t> order(bins);
  std::vector<double> magnitudes(bins);
  std::string text;
  size_t token = 0;
  for (size_t start = 0; start + size <= samples; start += size / 2) {
    Work::Check(pcm.size());
    for (size_t k = 0; k < size; ++k) {
      const size_t at = 2 * (start + k);
      const auto sample = static_cast<int16_t>(bytes[at] | bytes[at + 1] << 8);
      in[k] = static_cast<double>(static_cast<float>(sample) / 32768.0f * window[k]);
    }
    fft.transform(in.data(), out.data());
    for (size_t k = 0; k < bins; ++k) magnitudes[k] = std::abs(out[k]);
    const double scale = *std::max_element(magnitudes.begin(), magnitudes.end());
    std::iota(order.begin(), order.end(), size_t{0});
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(top), order.end(),
                      [&](size_t a, size_t b) {
                        return magnitudes[a] != magnitudes[b] ? magnitudes[a] > magnitudes[b]
                                                              : a < b;
                      });
    for (size_t i = 0; i < top && (token + 1) * H4MK_AUDIO_TOKEN_SIZE <= tokens.size();
         ++i, ++token) {
      const size_t bin = order[i];
      const bool is_real = bin == 0 || 2 * bin == size;
      const double phase = is_real ? (out[bin].real() < 0 ? std::numbers::pi : 0)
                                   : std::atan2(out[bin].imag(), out[bin].real());
      text += "event:token\ndata:{\"bin_hz\":" +
              Rounded(static_cast<double>(bin) * form.rate / static_cast<double>(size), 1) +
              ",\"magnitude\":" + Rounded(scale > 0 ? magnitudes[bin] / scale : 0, 4) +
              ",\"phase\":" + Rounded(phase, 4) + ",\"token_hex\":\"";
      for (size_t b = 0; b < H4MK_AUDIO_TOKEN_SIZE; ++b)
        text += Hex(tokens[token * H4MK_AUDIO_TOKEN_SIZE + b], 2);
      text += "\"}\n\n";
    }
  }
  return text;
}

}  // namespace h4mk::server
