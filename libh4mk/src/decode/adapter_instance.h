// SPDX-License-Identifier: MIT
// An adapter that was opened for a track. Every call is checked against what adapter.h asks of
// adapters, so that the rest of the library can rely on it: what is broken becomes kAdapter, with
// the adapter's name and what it did.
#ifndef H4MK_DECODE_ADAPTER_INSTANCE_H_
#define H4MK_DECODE_ADAPTER_INSTANCE_H_

#include <h4mk/adapter.h>

#include <memory>
#include <string>

#include "base/status.h"

namespace h4mk {

// kAdapter: *adapter is not what h4mk_adapter asks for.
Status CheckAdapter(const h4mk_adapter* adapter);

class AdapterInstance {
 public:
  // Given back to the adapter with the last reference, which must not outlive the instance.
  using State = std::shared_ptr<void>;

  // REQUIRES: CheckAdapter() is ok. The adapter must outlive *instance.
  static Status Open(const h4mk_adapter& adapter, const h4mk_adapter_track& track,
                     std::unique_ptr<AdapterInstance>* instance);
  ~AdapterInstance();
  AdapterInstance(const AdapterInstance&) = delete;
  AdapterInstance& operator=(const AdapterInstance&) = delete;

  Status DecodeI(const h4mk_adapter_block& block, State* state);
  Status ApplyP(const State& previous, const h4mk_adapter_block& block, State* state);
  // next may be null.
  Status ApplyB(const State& previous, const State& next, const h4mk_adapter_block& block,
                State* state);
  // *output is valid until the next call; its pts, duration and ordinal are not set.
  Status Render(const State& state, h4mk_output* output);
  // kNotFound: the adapter has nothing to say. *json is valid until the next call.
  Status Describe(const State& state, const char** json);
  void Reset();

  uint32_t preroll() const { return adapter_.preroll; }

 private:
  explicit AdapterInstance(const h4mk_adapter& adapter) : adapter_(adapter) {}
  template <typename Call>
  Status Run(const char* function, Call call);
  template <typename Call>
  Status MakeState(const char* function, State* state, Call call);
  Status Broken(const char* function, const std::string& what) const;

  const h4mk_adapter& adapter_;
  void* instance_ = nullptr;
};

}  // namespace h4mk

#endif  // H4MK_DECODE_ADAPTER_INSTANCE_H_
