// SPDX-License-Identifier: MIT
// What happens to a block between the caller and the file, one job a stage: WritePipeline knows
// stages only by this interface. The other way round: block_stage.h.
#ifndef H4MK_PIPELINE_WRITE_STAGE_H_
#define H4MK_PIPELINE_WRITE_STAGE_H_

#include "base/json.h"
#include "base/status.h"
#include "cluster/block.h"

namespace h4mk {

class WriteStage {
 public:
  virtual ~WriteStage() = default;

  // Whether a track may be added now.
  virtual Status CheckNewTrack() { return {}; }

  // Makes *out a block as it is to be stored: `in`, or one that the stage keeps until the next
  // call. On a failure nothing is written.
  virtual Status Process(const Block& in, const Block** out) = 0;

  // Adds to the metadata what readers of the blocks must know. at_end: all blocks were written.
  virtual void Describe(bool /*at_end*/, Json* /*meta*/) {}
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_WRITE_STAGE_H_
