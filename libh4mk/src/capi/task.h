// SPDX-License-Identifier: MIT
// h4mk_task: progress, cancelling and problems of long work.
#ifndef H4MK_CAPI_TASK_H_
#define H4MK_CAPI_TASK_H_

#include <h4mk/h4mk.h>

#include <algorithm>
#include <optional>

#include "capi/callback_io.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "file/chunk_walk.h"

namespace h4mk {

// Copies the callbacks of a file that is read, or written. False: they are not there.
inline bool ReadInput(const h4mk_io* io, h4mk_io* copy) {
  return io != nullptr && CopyStruct(io, copy) && copy->read != nullptr;
}
inline bool ReadOutput(const h4mk_io* io, h4mk_io* copy) {
  return io != nullptr && CopyStruct(io, copy) && copy->write != nullptr;
}

class Task {
 public:
  // False: a struct without its size.
  bool Read(const h4mk_task* task) { return CopyStruct(task, &task_); }

  ChunkWalk::Progress Progress() {
    return [this](uint64_t done, uint64_t total) { Step(done, total); };
  }
  void Step(uint64_t done, uint64_t total) {
    done_ = done;
    total_ = total;
    Ask();
  }
  // The caller is asked before each read and write too, and these fail once it wants to stop: so
  // all work ends, that of opening a file whose end has to be looked for as well.
  void Watch(CallbackIo& io) {
    total_ = static_cast<uint64_t>(std::max<int64_t>(static_cast<int64_t>(total_), io.Size()));
    io.SetCancel([this] {
      Ask();
      return cancelled_;
    });
  }

  void Tell(h4mk_status code, std::optional<uint64_t> offset, uint64_t size,
            const std::string& message) {
    if (task_.problem == nullptr) return;
    const h4mk_problem problem = {sizeof problem, code, offset ? static_cast<int64_t>(*offset) : -1,
                                  static_cast<int64_t>(size), message.c_str()};
    CallBack([&] { task_.problem(task_.opaque, &problem); });
  }
  void Tell(const Status& status) {
    Tell(static_cast<h4mk_status>(status.code()), status.offset(), 0, status.message());
  }

  // Does the work, and tells why it failed.
  template <typename Body>
  h4mk_status Run(Body body) {
    return Guard([&]() -> h4mk_status {
      Status status = body();
      if (cancelled_) status = Status(Code::kCancelled, h4mk_strerror(H4MK_ERR_CANCELLED));
      if (!status.ok()) Tell(status);
      return static_cast<h4mk_status>(status.code());
    });
  }

 private:
  void Ask() {
    if (task_.progress != nullptr && !cancelled_)
      cancelled_ = CallBack(1, [&] {
                     return task_.progress(task_.opaque, static_cast<int64_t>(done_),
                                           static_cast<int64_t>(total_));
                   }) != 0;
  }

  h4mk_task task_ = H4MK_TASK_INIT;
  bool cancelled_ = false;
  uint64_t done_ = 0, total_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_CAPI_TASK_H_
