// SPDX-License-Identifier: MIT
#include "core/work.h"

#include <atomic>
#include <ctime>

#include "core/message.h"

namespace h4mk::server {
namespace {

// For a file of 1 MiB 1.7 s. Larger ones may cost more: a cut of a long film reads all of it.
constexpr int64_t kLeastNanoseconds = 1'200'000'000;
constexpr int64_t kNanosecondsPerKiB = 500'000;

std::atomic<bool> stopping{false};
thread_local bool must_be_quick = false;
// Asking for the CPU time is a system call: for each block of a segment it cost as much as the
// rest.
constexpr unsigned kChecksBetweenLooks = 16;
thread_local unsigned checks = 0;
thread_local int64_t started = -1;  // CPU time of this thread; -1: no request is answered

int64_t CpuNanoseconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace

Work::Work(bool may_take_long) {
  must_be_quick = !may_take_long;
  started = CpuNanoseconds();
}

Work::~Work() {
  must_be_quick = false;
  started = -1;
}

void Work::Begin() {
  if (must_be_quick) throw TakesLong();
}

bool Work::MustBeQuick() { return must_be_quick; }

void Work::Check(uint64_t file_size) {
  if (stopping) throw HttpError(503, "the server stops");
  if (++checks % kChecksBetweenLooks != 0) return;
  const int64_t most =
      kLeastNanoseconds + static_cast<int64_t>(file_size >> 10) * kNanosecondsPerKiB;
  if (started >= 0 && CpuNanoseconds() - started > most)
    throw HttpError(503, "this costs more time than a file of this size gets");
}

void Work::StopAll() { stopping = true; }

}  // namespace h4mk::server
