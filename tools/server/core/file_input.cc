// SPDX-License-Identifier: MIT
#include "core/file_input.h"

#include <algorithm>

namespace h4mk::server {
namespace {

struct Input {
  std::shared_ptr<const OpenedFile> file;
  uint64_t size;
  uint64_t position = 0;
};

int64_t Read(void* opaque, uint8_t* buffer, size_t size) {
  auto& input = *static_cast<Input*>(opaque);
  if (input.position >= input.size) return 0;
  size = static_cast<size_t>(std::min<uint64_t>(size, input.size - input.position));
  const int64_t n = input.file->ReadAt(input.position, buffer, size);
  if (n > 0) input.position += static_cast<uint64_t>(n);
  return n;
}

int Seek(void* opaque, int64_t offset) {
  static_cast<Input*>(opaque)->position = static_cast<uint64_t>(offset);
  return 0;
}

int64_t Size(void* opaque) { return static_cast<int64_t>(static_cast<Input*>(opaque)->size); }

void Close(void* opaque) { delete static_cast<Input*>(opaque); }

}  // namespace

h4mk_io FileInput(std::shared_ptr<const OpenedFile> file, uint64_t size) {
  h4mk_io io = H4MK_IO_INIT;
  io.opaque = new Input{std::move(file), size};
  io.read = Read;
  io.seek = Seek;
  io.size = Size;
  io.close = Close;
  return io;
}

h4mk_status OpenInput(std::shared_ptr<const OpenedFile> file, h4mk_io* io) {
  if (file == nullptr) return H4MK_ERR_NOT_FOUND;
  const int64_t size = file->Size();
  if (size < 0) return H4MK_ERR_IO;
  *io = FileInput(std::move(file), static_cast<uint64_t>(size));
  return H4MK_OK;
}

}  // namespace h4mk::server
