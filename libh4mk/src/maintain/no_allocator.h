// SPDX-License-Identifier: MIT
// For readers whose blocks' data is never asked for.
#ifndef H4MK_MAINTAIN_NO_ALLOCATOR_H_
#define H4MK_MAINTAIN_NO_ALLOCATOR_H_

#include "reader/cluster_loader.h"

namespace h4mk {

class NoAllocator final : public BufferAllocator {
 public:
  void* Alloc(size_t size, uint8_t** data) override {
    *data = new uint8_t[size];
    return *data;
  }
  void Release(void* handle) override { delete[] static_cast<uint8_t*>(handle); }
};

}  // namespace h4mk

#endif  // H4MK_MAINTAIN_NO_ALLOCATOR_H_
