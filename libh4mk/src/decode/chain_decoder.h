// SPDX-License-Identifier: MIT
// Outputs of one track of a file, at a time and from there on: finds the blocks that must be
// decoded, on files of every version, and feeds a session with them.
#ifndef H4MK_DECODE_CHAIN_DECODER_H_
#define H4MK_DECODE_CHAIN_DECODER_H_

#include <atomic>
#include <deque>
#include <memory>

#include "decode/session.h"
#include "pipeline/block_pipeline.h"

namespace h4mk {

// Blocks that are decoded for one output, at most.
inline constexpr uint64_t kMaxChain = 65536;

class ChainDecoder {
 public:
  // Begins with the first block of the track. The reader must outlive the decoder.
  ChainDecoder(BlockPipeline& reader, uint32_t track, std::unique_ptr<DecodeSession> session)
      : reader_(reader), track_(track), session_(std::move(session)) {}

  // The next output is the one that belongs to the last block of the decode chain for a time.
  // Nothing is decoded yet. kNotFound: all seek points are later. kLimit: the chain has
  // more than kMaxChain blocks.
  Status Seek(int64_t time);
  // *output is valid until the next call. kEnd, kAgain: no more blocks (yet). kCorrupt, kAdapter: a
  // block cannot be decoded, the next call goes on behind it. *cancel, which another thread may
  // set, ends it with kState; then Seek() must follow.
  Status Next(h4mk_output* output, const std::atomic<bool>* cancel = nullptr);
  Status Describe(const char** json) { return session_->Describe(json); }

  // Reads one more block ahead. False: enough is read, that is the whole next group or kMaxPrefetch
  // bytes.
  bool Prefetch();

 private:
  static constexpr size_t kMaxPrefetch = 8 << 20;  // bytes
  static constexpr size_t kMaxPrefetchBlocks = 4096;

  struct StoredBlock {
    BlockRecord record;
    Bytes data;
    Status status;  // what reading it gave
  };

  Status SendNext();
  Status PassLost(const Status& status);
  Status ReadStored(uint64_t ordinal, StoredBlock* block);
  bool IsHeardAtTarget(const DecodeSession::Waiting& entry) const;
  const DecodeSession::Waiting* FrontFromTarget();
  void Restart(uint64_t ordinal);
  StoredBlock TakePrefetched();

  BlockPipeline& reader_;
  const uint32_t track_;
  const std::unique_ptr<DecodeSession> session_;

  uint64_t run_start_ = 0, next_ = 0;  // ordinals: the session was fed [run_start_, next_)
  bool drained_ = false;               // the session was told that there are no more blocks
  // Outputs before this one are passed over.
  bool has_target_ = false;
  uint64_t target_ordinal_ = 0;
  int64_t target_time_ = 0;
  bool late_ = false;  // the target was given; what is before it may still be decoded
  // The last output.
  bool has_last_ = false;
  int64_t last_time_ = 0;

  std::deque<StoredBlock> prefetched_;  // from next_ on
  size_t prefetched_bytes_ = 0;
  size_t prefetched_keys_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_DECODE_CHAIN_DECODER_H_
