// SPDX-License-Identifier: MIT
// adapters.md, "Decoding with an adapter": one track's decoder, which takes blocks in decoding
// order and gives outputs in presentation order. What the chain decoder and applications without a
// file build on.
#ifndef H4MK_DECODE_SESSION_H_
#define H4MK_DECODE_SESSION_H_

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "cluster/block.h"
#include "decode/adapter_instance.h"

namespace h4mk {

// B blocks that wait for the I or P block behind them, and states that wait to be shown.
inline constexpr size_t kMaxWaiting = 64;
// … and so many bytes, beside the last of them.
inline constexpr size_t kMaxWaitingBytes = 64u << 20;

class DecodeSession {
 public:
  // The adapter must outlive *session.
  static Status Open(const h4mk_adapter& adapter, const h4mk_adapter_track& track,
                     std::unique_ptr<DecodeSession>* session);

  // Decodes the next block. kAgain: an output is ready and must be received first. After another
  // failure the block is lost; if it was no B block, so is all up to the next I block.
  Status Send(const h4mk_adapter_block& block);
  // No more blocks, or none for now: all that waits is shown.
  void SendEnd();
  // A block is missing in what is sent.
  void Lose();

  // Outputs up to a time need not wait for blocks that would be shown before them.
  void ReleaseUntil(int64_t time) { clock_ = std::max(clock_, time); }

  // What Receive() gives next; null if it has nothing.
  struct Waiting {
    int64_t time = 0;              // by which outputs are ordered
    h4mk_adapter_block block;      // without its data
    AdapterInstance::State state;  // null: a B block that waits for the anchor behind it
    Bytes data;                    // of such a block
  };
  const Waiting* Front();
  // Takes it without showing it. is_heard: it may sound into one that will be shown (of adapters
  // whose outputs overlap).
  Status Skip(bool is_heard);
  // kAgain: more must be sent. kEnd. *output is valid until the next call.
  Status Receive(h4mk_output* output);

  // What comes next may be any block of the track.
  void Flush();
  // Of the state that was received last. kState: none was.
  Status Describe(const char** json);

  uint32_t preroll() const { return instance_->preroll(); }

 private:
  // A state that later blocks are decoded from.
  struct Anchor {
    int64_t time = 0;
    AdapterInstance::State state;
  };

  explicit DecodeSession(std::unique_ptr<AdapterInstance> instance)
      : instance_(std::move(instance)) {}

  Status DecodeAnchor(const h4mk_adapter_block& block, Waiting entry);
  Status DecodeB(const h4mk_adapter_block& block, Waiting entry);
  Status DecodeWaiting(const Anchor& previous, const AdapterInstance::State& next, int64_t until);
  void Insert(Waiting entry);
  size_t WaitingBytes() const;
  Status Render(const Waiting& entry, h4mk_output* output);

  const std::unique_ptr<AdapterInstance> instance_;
  Anchor older_, newest_;        // null states: not decoded yet
  std::deque<Waiting> waiting_;  // by time
  int64_t clock_ = INT64_MIN;    // no block to come is shown before this
  bool ended_ = false;
  bool gap_ = false;  // an output was left out since the last one that was rendered
  AdapterInstance::State shown_;
};

}  // namespace h4mk

#endif  // H4MK_DECODE_SESSION_H_
