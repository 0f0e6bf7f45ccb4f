// SPDX-License-Identifier: MIT
// The outputs of an adapter as a file: sound as WAV or as bare samples, pictures and bytes one
// behind the other.
#ifndef H4MK_TOOLS_OUTPUT_WRITER_H_
#define H4MK_TOOLS_OUTPUT_WRITER_H_

#include <h4mk/adapter.h>

#include <string>

#include "file.h"

namespace h4mk::tool {

class OutputWriter {
 public:
  // A path that ends in .wav takes sound with a header; - is standard output.
  Status Open(const std::string& path, const WriteOptions& options);
  Status Write(const h4mk_output& output);
  // Without it nothing of a path is left.
  Status Finish();
  // What to say of a failure to write.
  Status Explain(Status status) const { return file_.Explain(std::move(status)); }

 private:
  Status CheckSound(const h4mk_output& output);
  Bytes WavHeader() const;

  OutputFile file_;
  std::unique_ptr<Sink> sink_;
  bool is_wav_ = false;
  int32_t sample_rate_ = 0, channels_ = 0;  // of the sound so far; 0: there was none
  uint64_t sound_bytes_ = 0;
};

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_OUTPUT_WRITER_H_
