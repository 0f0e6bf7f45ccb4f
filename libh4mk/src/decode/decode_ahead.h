// SPDX-License-Identifier: MIT
// A chain decoder with a thread of its own that keeps outputs ready, and blocks of the next group
// when it has enough of them.
#ifndef H4MK_DECODE_DECODE_AHEAD_H_
#define H4MK_DECODE_DECODE_AHEAD_H_

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "decode/chain_decoder.h"

namespace h4mk {

inline constexpr size_t kMaxDecodeAhead = 1024;  // outputs
inline constexpr size_t kMaxDecodeAheadBytes = 64 << 20;

// Seek() and Next() are for one thread at a time. The decoder, and the reader that it reads from,
// belong to the worker from the constructor to the end of the destructor.
class DecodeAhead {
 public:
  // Keeps `depth` outputs ready, 1 to kMaxDecodeAhead.
  DecodeAhead(std::unique_ptr<ChainDecoder> decoder, size_t depth);
  ~DecodeAhead();

  // As those of ChainDecoder. What is being decoded for the old place is given up.
  Status Seek(int64_t time);
  Status Next(h4mk_output* output);

 private:
  // What one call of ChainDecoder::Next() gave.
  struct Ready {
    Status status;
    h4mk_output output;
    Bytes data;
    std::string pixel_format;
  };

  void Work();
  bool Prefetch();
  void DoSeek(std::unique_lock<std::mutex>& lock);
  void DecodeOne(std::unique_lock<std::mutex>& lock);
  bool HasRoom() const {
    return !stopped_ && ready_.size() < depth_ && bytes_ < kMaxDecodeAheadBytes;
  }

  const std::unique_ptr<ChainDecoder> decoder_;  // the worker's
  const size_t depth_;
  Ready shown_;  // the caller's

  std::mutex mutex_;
  std::condition_variable to_worker_, to_caller_;
  std::atomic<bool> cancel_ = false;  // what the worker decodes now is not wanted any more
  // The rest is under the mutex.
  bool quit_ = false;
  bool seeking_ = false;  // the worker has not yet done what seek_time_ asks for
  int64_t seek_time_ = 0;
  Code seek_code_ = Code::kOk;  // what that gave, with…
  std::string seek_message_;
  bool stopped_ = false;    // the last of ready_ is an end, or a failure that would come again
  bool no_memory_ = false;  // … or there was no memory for it
  std::list<Ready> ready_;
  size_t bytes_ = 0;  // of ready_
  std::thread worker_;
};

}  // namespace h4mk

#endif  // H4MK_DECODE_DECODE_AHEAD_H_
