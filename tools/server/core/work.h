// SPDX-License-Identifier: MIT
// What a request may cost. A small file can ask for much: thousands of tracks, blocks that lie far
// apart. So nothing of a file is worked out on a thread that serves connections, no request gets
// more CPU time than its file is worth, and none that nobody waits for.
#ifndef H4MK_SERVER_CORE_WORK_H_
#define H4MK_SERVER_CORE_WORK_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

namespace h4mk::server {

// Thrown on a thread that serves connections: this belongs on another one.
struct TakesLong {};

// Whether nobody waits for an answer any more. Asked by the thread that works at it.
using IsAbandoned = std::function<bool()>;

// The answer to one request, on this thread, until its destructor.
class Work {
 public:
  // An answer that must be quick.
  Work();
  // One that may take long. is_abandoned must outlive it; may be empty.
  explicit Work(const IsAbandoned& is_abandoned);
  ~Work();
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  // What the dearest piece of work of a kind has cost, in nanoseconds of CPU time. Each that costs
  // less takes an eighth off, since time is also lost to others. Thread safe.
  using Dearest = std::atomic<int64_t>;
  static constexpr int64_t kUnknown = INT64_MAX;

  // Work of a kind that is repeated, until its destructor. Handing it to another thread costs more
  // than a little work does: if its kind has cost little so far, it is done on this one, until it
  // has cost more than that.
  class Piece {
   public:
    explicit Piece(Dearest& dearest);
    ~Piece();
    Piece(const Piece&) = delete;
    Piece& operator=(const Piece&) = delete;

   private:
    Dearest& dearest_;
    const int64_t started_;
  };

  // Call before work that may take long. Throws TakesLong on a thread that serves connections, but
  // for a piece that is done there.
  static void Begin();
  // Call before waiting for another thread, and before what always takes long. Throws TakesLong on
  // a thread that serves connections.
  static void BeginLong();
  // True if BeginLong() would throw.
  static bool MustBeQuick();
  // Call now and then during that work. Throws HttpError if the request had its time, the program
  // ends, or nobody waits any more; TakesLong if a piece costs more than was expected.
  static void Check(uint64_t file_size);
  // The same while this thread waits for another one, which takes it no CPU time. Throws HttpError
  // if the program ends, or nobody waits for the answer any more.
  static void CheckWaiting();
  // How long a request waits for another one at most, and after what time it looks whether somebody
  // still waits for it.
  static constexpr std::chrono::seconds kLongestWait{30};
  static constexpr std::chrono::milliseconds kBetweenLooks{50};
  // Locks what another request may hold for long, as it reads from storage that gives nothing.
  // Throws TakesLong on a thread that serves connections if it is not free, HttpError as
  // CheckWaiting(), and HttpError 503 after the longest wait.
  static std::unique_lock<std::timed_mutex> Lock(std::timed_mutex& mutex,
                                                 std::chrono::milliseconds longest = kLongestWait);
  // The program ends: so does all work, at its next Check().
  static void StopAll();
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_WORK_H_
