// SPDX-License-Identifier: MIT
// Reads the blocks of a file through stages: verified, decrypted, unpacked; and begins tracks
// earlier after a seek where their decoders need that. Lookups go straight to the file.
//
//   file().Next() --> stored block --> Check() of all stages --> Process() of all stages --> caller
#ifndef H4MK_PIPELINE_BLOCK_PIPELINE_H_
#define H4MK_PIPELINE_BLOCK_PIPELINE_H_

#include <memory>
#include <string>
#include <vector>

#include "file/file_reader.h"
#include "pipeline/block_memory.h"
#include "pipeline/block_stage.h"
#include "pipeline/preroll.h"

namespace h4mk {

class BlockPipeline {
 public:
  // The allocator must outlive the pipeline.
  BlockPipeline(std::unique_ptr<FileReader> file, BufferAllocator& allocator)
      : file_(std::move(file)), memory_(allocator) {}

  // Adds a stage behind those that are there.
  void Add(std::shared_ptr<BlockStage> stage) { stages_.push_back(std::move(stage)); }
  // Opens the file, then the stages.
  Status Open();

  // The file as it is stored: lookups, and what no stage changes.
  FileReader& file() { return *file_; }
  const FileReader& file() const { return *file_; }
  int version() const { return file_->version(); }
  bool is_closed() const { return file_->is_closed(); }
  const std::vector<Track>& tracks() const { return file_->tracks(); }
  Source& source() { return file_->source(); }

  // The rest is as in FileReader.
  const Json& meta() const;
  TrackTotals totals(uint32_t track) const;
  Status Attachment(uint32_t track, ByteSpan* bytes);
  void Discard(uint32_t track, bool discard);
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any);
  Status Rewind();
  bool NextWarning(Status* warning);

  // What h4mk_reader_set_preroll() promises.
  void SetPreroll(uint32_t track, uint32_t blocks) {
    preroll_.Set(file_->tracks().size(), track, blocks);
  }

  Status Next(ReadBlock* block) {
    const ReadBlock* next = nullptr;
    H4MK_TRY(Peek(&next));
    Pop();
    *block = *next;
    return {};
  }
  // The same in two steps: a block stays the next one until Pop(), so that a caller who runs out of
  // memory does not lose it. **block is valid until the next call of the pipeline or the file, if
  // all went well.
  Status Peek(const ReadBlock** block) {
    *block = &block_;
    if (is_ready()) return {};
    return stages_.empty() && preroll_.is_unused() ? TakeNext() : MakeReady();
  }
  void Pop() { state_ = State::kNone; }
  // Peek() has given a block that was not taken.
  bool is_ready() const { return state_ == State::kReady; }

  // REQUIRES: !is_ready().
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block);

 private:
  // How far the next block is. What may go well the next time, such as running out of memory,
  // leaves the state as it is.
  enum class State {
    kNone,     // not read
    kRead,     // in stored_
    kChecked,  // … and may be used
    kReady,    // in block_, as the caller gets it
  };

  Status MakeReady();
  Status MakeNextReady();
  // Of a file without stages, which most are.
  Status TakeNext() {
    Status status = file_->Next(&block_);
    if (status.ok()) state_ = State::kReady;
    return status;
  }
  Status ReadStored();
  Status CheckStored();
  Status ReadEarlier();
  Status Process(ReadBlock* block);
  Status Judge(Status status) const;
  Status JudgeNext(Status status, size_t first_stage) const;
  void NoteLost(const LostBlocks& lost, size_t first_stage) const;

  std::unique_ptr<FileReader> file_;
  std::vector<std::shared_ptr<BlockStage>> stages_;
  Preroll preroll_;
  State state_ = State::kNone;
  ReadBlock stored_, block_;
  BlockMemory memory_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_BLOCK_PIPELINE_H_
