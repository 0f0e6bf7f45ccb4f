// SPDX-License-Identifier: MIT
#include "decode/decode_ahead.h"

#include <new>
#include <system_error>

namespace h4mk {
namespace {

// Failures behind which there is more to decode.
bool GoesOn(Code code) {
  return code == Code::kOk || code == Code::kCorrupt || code == Code::kAdapter ||
         code == Code::kLimit;
}

}  // namespace

DecodeAhead::DecodeAhead(std::unique_ptr<ChainDecoder> decoder, size_t depth)
    : decoder_(std::move(decoder)), depth_(depth) {
  try {
    worker_ = std::thread([this] { Work(); });
  } catch (const std::system_error&) {
    throw std::bad_alloc();  // the system has no room for another thread
  }
}

DecodeAhead::~DecodeAhead() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
    cancel_ = true;
  }
  to_worker_.notify_one();
  worker_.join();
}

// ---------------------------------------------------------------------------------------------------------------
// caller

Status DecodeAhead::Seek(int64_t time) {
  std::unique_lock lock(mutex_);
  seeking_ = true;
  seek_time_ = time;
  cancel_ = true;
  ready_.clear();
  bytes_ = 0;
  to_worker_.notify_one();
  to_caller_.wait(lock, [&] { return !seeking_; });
  return seek_code_ == Code::kOk ? Status() : Status(seek_code_, seek_message_);
}

Status DecodeAhead::Next(h4mk_output* output) {
  {
    std::unique_lock lock(mutex_);
    if (ready_.empty()) {
      stopped_ = false;  // a file that grows may have more now
      to_worker_.notify_one();
    }
    to_caller_.wait(lock, [&] { return !ready_.empty() || no_memory_; });
    if (ready_.empty()) {
      no_memory_ = false;
      return Status(Code::kMemory, "out of memory");
    }
    shown_ = std::move(ready_.front());
    ready_.pop_front();
    bytes_ -= shown_.data.size();
  }
  to_worker_.notify_one();
  H4MK_TRY(shown_.status);
  *output = shown_.output;
  output->data = shown_.data.data();
  if (output->pixel_format != nullptr) output->pixel_format = shown_.pixel_format.c_str();
  return {};
}

// ---------------------------------------------------------------------------------------------------------------
// worker

void DecodeAhead::Work() {
  bool may_prefetch = true;
  std::unique_lock lock(mutex_);
  while (!quit_) {
    if (seeking_) {
      DoSeek(lock);
      may_prefetch = true;
    } else if (HasRoom()) {
      DecodeOne(lock);
      may_prefetch = true;
    } else if (may_prefetch) {
      lock.unlock();
      may_prefetch = Prefetch();
      lock.lock();
    } else {
      to_worker_.wait(lock, [&] { return quit_ || seeking_ || HasRoom(); });
    }
  }
}

bool DecodeAhead::Prefetch() {
  try {
    return decoder_->Prefetch();
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void DecodeAhead::DoSeek(std::unique_lock<std::mutex>& lock) {
  const int64_t time = seek_time_;
  cancel_ = false;
  lock.unlock();
  Code code = Code::kMemory;
  std::string message;
  try {
    const Status status = decoder_->Seek(time);
    message = status.message();
    code = status.code();
  } catch (const std::bad_alloc&) {
  }
  lock.lock();
  seek_code_ = code;
  seek_message_ = std::move(message);
  stopped_ = no_memory_ = false;
  seeking_ = false;
  to_caller_.notify_one();
}

void DecodeAhead::DecodeOne(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  std::list<Ready> made;  // so that handing it over takes no memory
  try {
    Ready& ready = made.emplace_back();
    ready.output = H4MK_OUTPUT_INIT;
    ready.status = decoder_->Next(&ready.output, &cancel_);
    if (ready.status.ok()) {
      ready.data.assign(ready.output.data, ready.output.data + ready.output.size);
      if (ready.output.pixel_format != nullptr) ready.pixel_format = ready.output.pixel_format;
    }
  } catch (const std::bad_alloc&) {
    made.clear();
  }
  lock.lock();
  if (seeking_ || quit_) return;
  if (made.empty()) {
    no_memory_ = stopped_ = true;
  } else {
    bytes_ += made.back().data.size();
    stopped_ = !GoesOn(made.back().status.code());
    ready_.splice(ready_.end(), made);
  }
  to_caller_.notify_one();
}

}  // namespace h4mk
