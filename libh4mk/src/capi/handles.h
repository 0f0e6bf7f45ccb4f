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
#include "file/file_reader.h"
#include "file/file_writer.h"
#include "open/open_file.h"
#include "pipeline/preroll_reader.h"

struct h4mk_reader {
  h4mk_reader(const h4mk_io& callbacks, const h4mk_reader_options& options)
      : io(callbacks), allocator(options.buffers) {}

  h4mk::CallbackIo io;
  h4mk::CallbackAllocator allocator;
  h4mk::OpenedFile file;
  h4mk::PrerollReader* preroll = nullptr;  // file.reader, once a track has one
  std::string message;
  std::string warning;
  bool opened = false;
  h4mk::ReadBlock read;   // the block that is handed out
  bool has_read = false;  // … but was not yet, for want of memory
  bool keep_encrypted = false;
  unsigned changes = 0;  // of the descriptions, not told yet
  std::unique_ptr<h4mk_value> meta;
  std::vector<std::unique_ptr<h4mk_value>> tracks;
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

// Keeps the message of a failure; running out of memory has a fixed one.
template <typename Handle, typename Body>
h4mk_status Call(Handle* handle, Body body) {
  const h4mk_status status = Guard([&]() -> h4mk_status {
    const Status result = body();
    if (result.ok()) return H4MK_OK;
    handle->message = result.message();
    return static_cast<h4mk_status>(result.code());
  });
  if (status == H4MK_ERR_MEMORY && handle->message.empty()) handle->message.clear();
  return status;
}

// Copies the part of an options struct that its caller knows.
template <typename Struct>
bool CopyStruct(const Struct* from, Struct* to) {
  if (from == nullptr) return true;
  if (from->struct_size < sizeof from->struct_size) return false;
  std::memcpy(to, from, std::min(from->struct_size, sizeof *to));
  to->struct_size = sizeof *to;
  return true;
}

// What was read as the C ABI hands it out. kCorrupt: it is encrypted, and nothing says how.
Status FillBlock(h4mk_reader* reader, const ReadBlock& read, h4mk_block* block);

}  // namespace h4mk

#endif  // H4MK_CAPI_HANDLES_H_
