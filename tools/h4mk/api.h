// SPDX-License-Identifier: MIT
// The public API as commands use it: values as JSON, files as callbacks, long work with a progress
// bar.
#ifndef H4MK_TOOLS_API_H_
#define H4MK_TOOLS_API_H_

#include <h4mk/h4mk.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/io.h"
#include "base/json.h"
#include "base/status.h"

namespace h4mk::tool {

struct ValueFree {
  void operator()(h4mk_value* value) const { h4mk_value_free(value); }
};
using Value = std::unique_ptr<h4mk_value, ValueFree>;

Json ToJson(const h4mk_value* value);
// kLimit: it is more than a file can hold. what names it for the message.
Status ToValue(const Json& json, const char* what, Value* value);

// Callbacks that call io, which must outlive them.
h4mk_io CallbacksOf(Io& io);

// A long piece of work of the library, and what it tells.
class Work {
 public:
  // what: a word for the progress bar.
  explicit Work(const char* what);
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  struct Problem {
    Code code;  // kOk: a note
    std::optional<uint64_t> offset;
    uint64_t size = 0;
    std::string message;
  };
  const h4mk_task* task() const { return &task_; }
  const std::vector<Problem>& problems() const { return problems_; }
  // What the library returned, with the message that it told last.
  Status Result(h4mk_status status) const;

 private:
  h4mk_task task_ = H4MK_TASK_INIT;
  std::function<void(uint64_t done, uint64_t total)> progress_;
  std::vector<Problem> problems_;
};

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_API_H_
