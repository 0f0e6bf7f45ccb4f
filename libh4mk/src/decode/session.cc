// SPDX-License-Identifier: MIT
#include "decode/session.h"

#include <algorithm>
#include <new>

namespace h4mk {
namespace {

constexpr uint32_t kTypeI = 0, kTypeB = 2;

bool IsI(uint32_t flags) { return (flags & kBlockKey) || (flags & kBlockTypeMask) == kTypeI; }
bool IsB(uint32_t flags) { return !IsI(flags) && (flags & kBlockTypeMask) == kTypeB; }

// For messages.
std::string NameOf(const h4mk_adapter_block& block) {
  if (block.ordinal != H4MK_NO_ORDINAL) return "block " + std::to_string(block.ordinal);
  const int64_t time = SeekTime(block.pts, block.dts);
  return time == kNoTime ? std::string("a block") : "the block at time " + std::to_string(time);
}

}  // namespace

Status DecodeSession::Open(const h4mk_adapter& adapter, const h4mk_adapter_track& track,
                           std::unique_ptr<DecodeSession>* session) {
  H4MK_TRY(CheckAdapter(&adapter));
  std::unique_ptr<AdapterInstance> instance;
  H4MK_TRY(AdapterInstance::Open(adapter, track, &instance));
  session->reset(new DecodeSession(std::move(instance)));
  return {};
}

// --------------------------------------------------------------------------------------------------------------
// sending

Status DecodeSession::Send(const h4mk_adapter_block& block) {
  if (Front() != nullptr) return Status(Code::kAgain, "an output is ready");
  if (block.flags & kBlockEncrypted) {
    Lose();
    return Status(Code::kKey, NameOf(block) + " is encrypted");
  }
  ended_ = false;
  Waiting entry;
  entry.block = block;
  // A block without any time is shown when it comes.
  entry.time = SeekTime(block.pts, block.dts);
  if (entry.time == kNoTime) entry.time = clock_;
  clock_ = std::max(clock_, block.dts != kNoTime ? block.dts : entry.time);
  if (waiting_.size() >= kMaxWaiting || WaitingBytes() > kMaxWaitingBytes) {
    Lose();
    return Status(Code::kLimit, "more than " + std::to_string(kMaxWaiting) + " blocks, or " +
                                    std::to_string(kMaxWaitingBytes >> 20) +
                                    " MiB of them, wait for the one behind them");
  }
  try {
    return IsB(block.flags) ? DecodeB(block, std::move(entry))
                            : DecodeAnchor(block, std::move(entry));
  } catch (const std::bad_alloc&) {
    Lose();  // else the next block would be applied to what is before this one
    throw;
  }
}

Status DecodeSession::DecodeAnchor(const h4mk_adapter_block& block, Waiting entry) {
  const bool is_i = IsI(block.flags);
  if (!is_i && !newest_.state) return {};
  const Status status = is_i ? instance_->DecodeI(block, &entry.state)
                             : instance_->ApplyP(newest_.state, block, &entry.state);
  if (!status.ok()) {
    Lose();
    return status.Saying(NameOf(block) + ": " + status.message());
  }
  older_ = std::exchange(newest_, {entry.time, entry.state});
  Insert(std::move(entry));
  return DecodeWaiting(older_, newest_.state, newest_.time);
}

Status DecodeSession::DecodeB(const h4mk_adapter_block& block, Waiting entry) {
  if (!newest_.state) return {};
  if (entry.time > newest_.time) {
    entry.data.assign(block.data, block.data + block.size);
    Insert(std::move(entry));
    return {};
  }
  // One that is shown before all that was decoded belongs to a group that was not.
  if (!older_.state || entry.time < older_.time) return {};
  H4MK_TRY(instance_->ApplyB(older_.state, newest_.state, block, &entry.state));
  Insert(std::move(entry));
  return {};
}

// Decodes the B blocks that waited for an anchor; those that cannot be decoded are lost, and the
// first failure is reported.
Status DecodeSession::DecodeWaiting(const Anchor& previous, const AdapterInstance::State& next,
                                    int64_t until) {
  Status failure;
  for (Waiting& entry : waiting_) {
    if (entry.state || entry.time > until) continue;
    entry.block.data = entry.data.data();
    Status status = instance_->ApplyB(previous.state, next, entry.block, &entry.state);
    if (failure.ok()) failure = std::move(status);
    entry.data = {};
  }
  std::erase_if(waiting_,
                [&](const Waiting& entry) { return !entry.state && entry.time <= until; });
  return failure;
}

void DecodeSession::Insert(Waiting entry) {
  const auto behind =
      std::upper_bound(waiting_.begin(), waiting_.end(), entry.time,
                       [](int64_t time, const Waiting& other) { return time < other.time; });
  waiting_.insert(behind, std::move(entry));
}

// Few blocks wait, so that they can be counted each time.
size_t DecodeSession::WaitingBytes() const {
  size_t bytes = 0;
  for (const Waiting& entry : waiting_) bytes += entry.block.size;
  return bytes;
}

void DecodeSession::SendEnd() {
  ended_ = true;
  // What fails here has no block that the failure could be reported at.
  if (newest_.state) (void)DecodeWaiting(newest_, nullptr, INT64_MAX).ok();
}

void DecodeSession::Lose() {
  older_ = newest_ = {};
  std::erase_if(waiting_, [](const Waiting& entry) { return !entry.state; });
}

void DecodeSession::Flush() {
  Lose();
  waiting_.clear();
  clock_ = INT64_MIN;
  ended_ = false;
  shown_ = nullptr;
  gap_ = false;
  instance_->Reset();
}

// ------------------------------------------------------------------------------------------------------------
// receiving

const DecodeSession::Waiting* DecodeSession::Front() {
  for (;;) {
    if (waiting_.empty()) return nullptr;
    const Waiting& front = waiting_.front();
    if (!front.state || (front.time > clock_ && !ended_)) return nullptr;
    if (!(front.block.flags & kBlockDiscard)) return &front;
    h4mk_output unused;
    if (preroll() > 0) (void)Render(front, &unused).ok();
    waiting_.pop_front();
  }
}

Status DecodeSession::Render(const Waiting& entry, h4mk_output* output) {
  if (gap_) instance_->Reset();
  gap_ = false;
  H4MK_TRY(instance_->Render(entry.state, output));
  output->pts = entry.block.pts;
  output->duration = entry.block.duration;
  output->ordinal = entry.block.ordinal;
  return {};
}

Status DecodeSession::Skip(bool is_heard) {
  if (Front() == nullptr) return Status(Code::kAgain, "no output is ready");
  const Waiting entry = std::move(waiting_.front());
  waiting_.pop_front();
  gap_ = gap_ || !is_heard;
  h4mk_output unused;
  return is_heard && preroll() > 0 ? Render(entry, &unused) : Status();
}

Status DecodeSession::Receive(h4mk_output* output) {
  if (Front() == nullptr)
    return Status(ended_ ? Code::kEnd : Code::kAgain, ended_ ? "no more" : "a block is needed");
  Waiting entry = std::move(waiting_.front());
  waiting_.pop_front();
  shown_ = std::move(entry.state);
  entry.state = shown_;
  return Render(entry, output);
}

Status DecodeSession::Describe(const char** json) {
  if (!shown_) return Status(Code::kState, "no output was received");
  return instance_->Describe(shown_, json);
}

}  // namespace h4mk
