// SPDX-License-Identifier: MIT
// Compresses the blocks of tracks that ask for it (core.md, "Compressed blocks").
#ifndef H4MK_PIPELINE_PACK_STAGE_H_
#define H4MK_PIPELINE_PACK_STAGE_H_

#include <vector>

#include "file/block_compression.h"
#include "file/tracks.h"
#include "pipeline/write_stage.h"

namespace h4mk {

class PackStage final : public WriteStage {
 public:
  // The tracks of the file, which must outlive the stage.
  explicit PackStage(const std::vector<Track>& tracks) : tracks_(tracks) {}

  Status Process(const Block& in, const Block** out) override {
    *out = &in;
    if (tracks_[in.track].compression == Compression::kNone) return {};
    *out = &packed_;
    return packer_.Pack(in, &packed_);
  }

 private:
  const std::vector<Track>& tracks_;
  BlockPacker packer_;
  Block packed_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_PACK_STAGE_H_
