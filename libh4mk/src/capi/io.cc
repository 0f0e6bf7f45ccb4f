// SPDX-License-Identifier: MIT
// The implementations of h4mk_io that come with the library: memory here, files in file_io.cc.
#include <h4mk/h4mk.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/bytes.h"
#include "capi/guard.h"

namespace {

struct Memory {
  const uint8_t* data = nullptr;  // a reader's bytes
  size_t size = 0;
  h4mk::Bytes written;  // a writer's
  size_t position = 0;
};

int64_t MemoryRead(void* opaque, uint8_t* buffer, size_t size) {
  auto* memory = static_cast<Memory*>(opaque);
  const size_t left = memory->size - std::min(memory->size, memory->position);
  const size_t count = std::min(size, left);
  if (count > 0) std::memcpy(buffer, memory->data + memory->position, count);
  memory->position += count;
  return static_cast<int64_t>(count);
}

int64_t MemoryWrite(void* opaque, const uint8_t* buffer, size_t size) {
  auto* memory = static_cast<Memory*>(opaque);
  const h4mk_status status = h4mk::Guard([&] {
    if (memory->written.size() < memory->position + size)
      memory->written.resize(memory->position + size);
    std::memcpy(memory->written.data() + memory->position, buffer, size);
    return H4MK_OK;
  });
  if (status != H4MK_OK) return -ENOMEM;
  memory->position += size;
  return static_cast<int64_t>(size);
}

int MemorySeek(void* opaque, int64_t offset) {
  if (offset < 0) return -EINVAL;
  static_cast<Memory*>(opaque)->position = static_cast<size_t>(offset);
  return 0;
}

int64_t MemorySize(void* opaque) {
  auto* memory = static_cast<Memory*>(opaque);
  return static_cast<int64_t>(std::max(memory->size, memory->written.size()));
}

void MemoryClose(void* opaque) { delete static_cast<Memory*>(opaque); }

}  // namespace

h4mk_status h4mk_io_open_memory(const void* data, size_t size, h4mk_io* io) {
  if (io == nullptr || (data == nullptr && size > 0)) return H4MK_ERR_ARGUMENT;
  auto* memory = new (std::nothrow) Memory();
  if (memory == nullptr) return H4MK_ERR_MEMORY;
  memory->data = static_cast<const uint8_t*>(data);
  memory->size = size;
  *io = H4MK_IO_INIT;
  io->opaque = memory;
  io->read = MemoryRead;
  io->seek = MemorySeek;
  io->size = MemorySize;
  io->close = MemoryClose;
  return H4MK_OK;
}

h4mk_status h4mk_io_new_memory(h4mk_io* io) {
  if (io == nullptr) return H4MK_ERR_ARGUMENT;
  auto* memory = new (std::nothrow) Memory();
  if (memory == nullptr) return H4MK_ERR_MEMORY;
  *io = H4MK_IO_INIT;
  io->opaque = memory;
  io->write = MemoryWrite;
  io->seek = MemorySeek;
  io->size = MemorySize;
  io->close = MemoryClose;
  return H4MK_OK;
}

h4mk_status h4mk_io_memory(const h4mk_io* io, const uint8_t** data, size_t* size) {
  if (io == nullptr || io->write != MemoryWrite || data == nullptr || size == nullptr)
    return H4MK_ERR_ARGUMENT;
  const auto* memory = static_cast<const Memory*>(io->opaque);
  *data = memory->written.data();
  *size = memory->written.size();
  return H4MK_OK;
}

void h4mk_io_close(h4mk_io* io) {
  if (io == nullptr) return;
  if (io->close != nullptr) io->close(io->opaque);
  *io = H4MK_IO_INIT;
}
