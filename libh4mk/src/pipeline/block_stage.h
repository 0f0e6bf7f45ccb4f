// SPDX-License-Identifier: MIT
// What happens to a block between the file and the caller, one job a stage: BlockPipeline knows
// stages only by this interface.
#ifndef H4MK_PIPELINE_BLOCK_STAGE_H_
#define H4MK_PIPELINE_BLOCK_STAGE_H_

#include <string>

#include "base/json.h"
#include "base/status.h"
#include "file/file_reader.h"
#include "pipeline/block_memory.h"

namespace h4mk {

class BlockStage {
 public:
  // How a block came to be read.
  enum class Order { kNext, kLookup };

  virtual ~BlockStage() = default;

  // The file was opened; it outlives the stage's work.
  virtual Status Open(const FileReader&) { return {}; }

  // Called before descriptions are used that stand behind blocks of the file. After a failure they
  // are left out, and a warning says why.
  virtual Status UseDescriptions(const std::vector<Track>&, const Json& /*meta*/) { return {}; }

  // What the caller gets of what a call of the file returned.
  virtual Status Judge(Status status) { return status; }
  // The same for Next(), which also tells of damage and of the end.
  virtual Status JudgeNext(Status status) { return Judge(std::move(status)); }

  // Blocks that the file, or a stage before this one, has left out.
  virtual void NoteLost(const LostBlocks&) {}

  // Whether a block may be used where it was read. If not, *usable becomes false and the block is
  // left out; a failure is reported once in both cases.
  virtual Status Check(const ReadBlock&, Order, bool* /*usable*/) { return {}; }

  // Makes *block what the caller gets. New data goes into `memory`. On a failure *block is as it
  // was; kCorrupt costs the block, other errors (memory, I/O) do not.
  virtual Status Process(ReadBlock*, BlockMemory&) { return {}; }

  // Reading goes on elsewhere, or (from_start) at the first block of the file.
  virtual void Restart(bool /*from_start*/) {}
  virtual void Discard(uint32_t /*track*/, bool /*discard*/) {}

  // Metadata and totals as they are without what the stage takes away.
  virtual const Json& Meta(const Json& stored) const { return stored; }
  virtual void CorrectTotals(TrackTotals*) const {}

  // As FileReader::NextWarning().
  virtual bool NextWarning(Status*) { return false; }
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_BLOCK_STAGE_H_
