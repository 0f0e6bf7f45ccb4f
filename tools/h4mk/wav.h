// SPDX-License-Identifier: MIT
// WAV files with 16-bit samples, from files and pipes.
#ifndef H4MK_TOOLS_WAV_H_
#define H4MK_TOOLS_WAV_H_

#include <span>

#include "base/io.h"

namespace h4mk::tool {

// Reads sound as one channel, the mean of those that there are.
class WavReader {
 public:
  // The input is at its start, and must outlive the reader.
  explicit WavReader(Io& io) : source_(io) {}

  // kNotFound: no WAV file with 16-bit samples.
  Status Open();
  uint32_t sample_rate() const { return sample_rate_; }
  // Fills `samples` (-1 to 1); *got is smaller at the end of the sound.
  Status Read(std::span<float> samples, size_t* got);

 private:
  Source source_;
  uint32_t sample_rate_ = 0;
  uint32_t channels_ = 0;
  uint64_t position_ = 0, end_ = 0;  // of the samples in the file
  Bytes buffer_;
};

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_WAV_H_
