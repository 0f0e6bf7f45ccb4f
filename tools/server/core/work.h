// SPDX-License-Identifier: MIT
// What a request may cost. A small file can ask for much: thousands of tracks, blocks that lie far
// apart. So nothing of a file is worked out on a thread that serves connections, and no request
// gets more CPU time than its file is worth.
#ifndef H4MK_SERVER_CORE_WORK_H_
#define H4MK_SERVER_CORE_WORK_H_

#include <cstdint>

namespace h4mk::server {

// Thrown on a thread that serves connections: this belongs on another one.
struct TakesLong {};

// The answer to one request, on this thread, until its destructor.
class Work {
 public:
  explicit Work(bool may_take_long);
  ~Work();
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  // Before what may take long. Throws TakesLong.
  static void Begin();
  // True if Begin() would throw.
  static bool MustBeQuick();
  // In the midst of it. Throws HttpError if the request had its time, or the program ends.
  static void Check(uint64_t file_size);
  // The program ends: so does all work, at its next Check().
  static void StopAll();
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_WORK_H_
