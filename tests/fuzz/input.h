// SPDX-License-Identifier: MIT
//
// The bytes of a file as h4mk.h reads them.

#ifndef H4MK_TESTS_FUZZ_INPUT_H_
#define H4MK_TESTS_FUZZ_INPUT_H_

#include <h4mk/h4mk.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace h4mk_fuzz {

struct Input {
  h4mk::ByteSpan bytes;
  size_t position = 0;
  size_t most = SIZE_MAX;  // bytes a read

  h4mk_io Io(bool pipe) {
    h4mk_io io = H4MK_IO_INIT;
    io.opaque = this;
    io.read = [](void* opaque, uint8_t* buffer, size_t size) {
      Input& self = *static_cast<Input*>(opaque);
      const size_t left = self.bytes.size() - std::min(self.position, self.bytes.size());
      const size_t count = std::min({size, left, self.most});
      if (count > 0) std::memcpy(buffer, self.bytes.data() + self.position, count);
      self.position += count;
      return static_cast<int64_t>(count);
    };
    if (pipe) return io;
    io.seek = [](void* opaque, int64_t offset) {
      if (offset < 0) return -1;
      static_cast<Input*>(opaque)->position = static_cast<size_t>(offset);
      return 0;
    };
    io.size = [](void* opaque) {
      return static_cast<int64_t>(static_cast<Input*>(opaque)->bytes.size());
    };
    return io;
  }
};

}  // namespace h4mk_fuzz

#endif  // H4MK_TESTS_FUZZ_INPUT_H_
