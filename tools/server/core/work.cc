// SPDX-License-Identifier: MIT
#include "core/work.h"

#include <algorithm>
#include <ctime>

#include "core/message.h"

namespace h4mk::server {
namespace {

// For a file of 1 MiB 1.7 s. Larger ones may cost more: a cut of a long film reads all of it.
constexpr int64_t kLeastNanoseconds = 1'200'000'000;
constexpr int64_t kNanosecondsPerKiB = 500'000;
constexpr uint64_t kMostKiB = 1u << 30;  // of sparse files, whose sizes say little

std::atomic<bool> stopping{false};
thread_local bool must_be_quick = false;
// Of a piece that is done on a thread that serves connections: CPU time when it began; else -1.
thread_local int64_t piece_started = -1;
constexpr int64_t kLittleNanoseconds = 500'000;
// Asking for the CPU time is a system call: for each block of a segment it cost as much as the
// rest.
constexpr unsigned kChecksBetweenLooks = 16;
thread_local unsigned checks = 0;
thread_local int64_t started = -1;  // CPU time of this thread; -1: no request is answered
// What is done sooner is not worth the system call that asks whether the client is still there.
constexpr int64_t kLongNanoseconds = 10'000'000;
thread_local const IsAbandoned* is_abandoned = nullptr;

int64_t CpuNanoseconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace

Work::Work() { must_be_quick = true; }

Work::Work(const IsAbandoned& asks) {
  if (asks) is_abandoned = &asks;
  started = CpuNanoseconds();
}

Work::~Work() {
  must_be_quick = false;
  started = -1;
  is_abandoned = nullptr;
}

Work::Piece::Piece(Dearest& dearest) : dearest_(dearest), started_(CpuNanoseconds()) {
  if (must_be_quick && dearest_ <= kLittleNanoseconds) piece_started = started_;
}

Work::Piece::~Piece() {
  if (must_be_quick && piece_started < 0) return;  // it was not done
  piece_started = -1;
  const int64_t cost = CpuNanoseconds() - started_;
  const int64_t known = dearest_;
  dearest_ = known == kUnknown ? cost : std::max(cost, known - known / 8);
}

void Work::Begin() {
  if (must_be_quick && piece_started < 0) throw TakesLong();
}

void Work::BeginLong() {
  if (must_be_quick) throw TakesLong();
}

bool Work::MustBeQuick() { return must_be_quick; }

void Work::Check(uint64_t file_size) {
  if (stopping) throw HttpError(503, "the server stops");
  if (++checks % kChecksBetweenLooks != 0) return;
  if (piece_started >= 0 && CpuNanoseconds() - piece_started > kLittleNanoseconds)
    throw TakesLong();
  if (started < 0) return;
  const int64_t used = CpuNanoseconds() - started;
  const int64_t most =
      kLeastNanoseconds +
      static_cast<int64_t>(std::min(file_size >> 10, kMostKiB)) * kNanosecondsPerKiB;
  if (used > most) throw HttpError(503, "this costs more time than a file of this size gets");
  if (used > kLongNanoseconds) CheckWaiting();
}

void Work::CheckWaiting() {
  if (stopping) throw HttpError(503, "the server stops");
  if (is_abandoned != nullptr && (*is_abandoned)())
    throw HttpError(kAbandoned, "nobody waits for this any more");
}

std::unique_lock<std::timed_mutex> Work::Lock(std::timed_mutex& mutex,
                                              std::chrono::milliseconds longest) {
  const auto deadline = std::chrono::steady_clock::now() + longest;
  std::unique_lock lock(mutex, std::try_to_lock);
  while (!lock) {
    BeginLong();
    CheckWaiting();
    if (std::chrono::steady_clock::now() >= deadline)
      throw HttpError(503, "another request opens this file, which takes long; try again");
    (void)lock.try_lock_for(kBetweenLooks);
  }
  return lock;
}

void Work::StopAll() { stopping = true; }

}  // namespace h4mk::server
