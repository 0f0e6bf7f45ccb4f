// SPDX-License-Identifier: MIT
// What the handles of the C ABI hold, and what all its functions do.
#ifndef H4MK_CAPI_HANDLES_H_
#define H4MK_CAPI_HANDLES_H_

#include <h4mk/h4mk.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "capi/callback_io.h"
#include "capi/guard.h"
#include "capi/value.h"
#include "file/file_writer.h"
#include "open/open_file.h"

struct h4mk_reader {
  h4mk_reader(const h4mk_io& callbacks, const h4mk_buffers& buffers)
      : io(callbacks), allocator(buffers) {}

  h4mk::CallbackIo io;
  h4mk::CallbackAllocator allocator;
  h4mk::OpenedFile file;
  std::string message;
  int64_t error_offset = -1;  // of the byte that message is about
  h4mk::Status warning;
  bool opened = false;
  bool keeps_stored = false;  // blocks may be handed out as they are stored
  // Made when the caller asks for them, null until then.
  mutable std::unique_ptr<h4mk_value> meta;
  mutable std::vector<std::unique_ptr<h4mk_value>> tracks;
  std::vector<h4mk_side_data> side_data;
  std::vector<std::string> side_data_names;
  h4mk::Bytes chunk_payload;
};

struct h4mk_writer {
  explicit h4mk_writer(const h4mk_io& callbacks) : io(callbacks) {}

  h4mk::CallbackIo io;
  std::unique_ptr<h4mk::FileWriter> writer;  // null if the options cannot be met
  std::string message;
  std::vector<h4mk::SideData> side_data;
  h4mk::Bytes front_index;
};

namespace h4mk {

inline bool IsOpen(const h4mk_writer* writer) { return writer != nullptr && writer->writer; }

// A new handle; null when out of memory.
template <typename Handle>
Handle* NewHandle() {
  Handle* handle = nullptr;
  Guard([&] {
    handle = new Handle();
    return H4MK_OK;
  });
  return handle;
}

// Keeps the message of a failure.
template <typename Handle, typename Body>
h4mk_status Call(Handle* handle, Body body) {
  return Guard([&]() -> h4mk_status {
    const Status result = body();
    if (result.ok()) return H4MK_OK;
    handle->message = result.message();
    return static_cast<h4mk_status>(result.code());
  });
}

// The same for readers, which can be cancelled and know where a failure is.
template <typename Body>
h4mk_status Call(h4mk_reader* reader, Body body) {
  reader->io.ForgetCancel();
  return Guard([&]() -> h4mk_status {
    const Status result = body();
    const bool cancelled = reader->io.cancelled();  // readers go on behind some failures
    if (result.ok() && !cancelled) return H4MK_OK;
    reader->message = cancelled ? "the caller asked to stop" : result.message();
    reader->error_offset = cancelled ? -1 : static_cast<int64_t>(result.offset().value_or(-1));
    return cancelled ? H4MK_ERR_CANCELLED : static_cast<h4mk_status>(result.code());
  });
}

// Copies the part of a struct that its caller knows.
template <typename Struct>
bool CopyStruct(const Struct* from, Struct* to) {
  if (from == nullptr) return true;
  if (from->struct_size < sizeof from->struct_size) return false;
  std::memcpy(to, from, std::min(from->struct_size, sizeof *to));
  to->struct_size = sizeof *to;
  return true;
}

// Whether a struct that will be filled says how large it is.
template <typename Struct>
bool IsSized(const Struct* to) {
  return to != nullptr && to->struct_size >= sizeof to->struct_size;
}

// The same for an array, which may be empty: the first one says it for all.
template <typename Struct>
bool IsSized(const Struct* first, size_t count) {
  return count == 0 || IsSized(first);
}

// Fills as much of a struct as its caller knows: the one at an index of an array. REQUIRES:
// IsSized(first), from.struct_size is sizeof from.
template <typename Struct>
void CopyOut(Struct from, Struct* first, size_t index = 0) {
  const size_t size = first->struct_size;
  if (size == sizeof from) {  // as nearly always: then members are written where they belong
    first[index] = from;
    return;
  }
  const Struct copy = from;
  uint8_t* to = reinterpret_cast<uint8_t*>(first) + index * size;
  std::memcpy(to, &copy, std::min(size, sizeof copy));
  std::memcpy(to, &size, sizeof size);  // struct_size comes first
}

// What was read as the C ABI hands it out. kCorrupt: it is encrypted, and nothing says how.
Status FillBlock(h4mk_reader* reader, const ReadBlock& read, h4mk_block* block);

}  // namespace h4mk

#endif  // H4MK_CAPI_HANDLES_H_
