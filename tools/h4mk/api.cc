// SPDX-License-Identifier: MIT
#include "api.h"

#include "progress.h"

namespace h4mk::tool {

Json ToJson(const h4mk_value* value) {
  const char* text = value == nullptr ? nullptr : h4mk_value_to_json(value);
  return text == nullptr ? Json() : Json::parse(text);
}

Status ToValue(const Json& json, const char* what, Value* value) {
  const std::string text = DumpJson(json);
  h4mk_value* made = nullptr;
  const h4mk_status status = h4mk_value_from_json(text.data(), text.size(), &made);
  value->reset(made);
  if (status == H4MK_OK) return {};
  if (status != H4MK_ERR_CORRUPT) return Status(static_cast<Code>(status), h4mk_strerror(status));
  size_t values = 0;
  H4MK_TRY(MeasureJson(json, 0, what, &values));
  return Status(Code::kLimit, std::string(what) + " is larger than a file can hold");
}

h4mk_io CallbacksOf(Io& io) {
  h4mk_io callbacks = H4MK_IO_INIT;
  callbacks.opaque = &io;
  callbacks.read = [](void* opaque, uint8_t* buffer, size_t size) {
    return static_cast<Io*>(opaque)->Read(buffer, size);
  };
  callbacks.write = [](void* opaque, const uint8_t* buffer, size_t size) {
    return static_cast<Io*>(opaque)->Write(buffer, size);
  };
  callbacks.size = [](void* opaque) { return static_cast<Io*>(opaque)->Size(); };
  if (io.CanSeek())
    callbacks.seek = [](void* opaque, int64_t offset) {
      return static_cast<int>(static_cast<Io*>(opaque)->Seek(offset));
    };
  return callbacks;
}

Work::Work(const char* what) : progress_(MakeProgress(what)) {
  task_.opaque = this;
  if (progress_)
    task_.progress = [](void* opaque, int64_t done, int64_t total) {
      static_cast<Work*>(opaque)->progress_(static_cast<uint64_t>(done),
                                            static_cast<uint64_t>(total));
      return 0;
    };
  task_.problem = [](void* opaque, const h4mk_problem* told) {
    static_cast<Work*>(opaque)->problems_.push_back(
        {static_cast<Code>(told->code),
         told->offset < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(told->offset)),
         static_cast<uint64_t>(told->size), told->message});
  };
}

Status Work::Result(h4mk_status status) const {
  if (status == H4MK_OK) return {};
  const bool told = !problems_.empty() && problems_.back().code == static_cast<Code>(status);
  const Status failed(static_cast<Code>(status),
                      told ? problems_.back().message : h4mk_strerror(status));
  return told && problems_.back().offset ? failed.At(*problems_.back().offset) : failed;
}

}  // namespace h4mk::tool
