// SPDX-License-Identifier: MIT
#include "capi/callback_io.h"

#include <cstdlib>

namespace h4mk {
namespace {

struct OwnBuffer {
  size_t size;
  alignas(16) uint8_t bytes[16];  // and more
};

}  // namespace

CallbackAllocator::~CallbackAllocator() { std::free(spare_); }

void* CallbackAllocator::Alloc(size_t size, uint8_t** data) {
  if (buffers_.alloc != nullptr) return buffers_.alloc(buffers_.opaque, size, data);
  auto* own = static_cast<OwnBuffer*>(spare_);
  spare_ = nullptr;
  if (own == nullptr || own->size < size || own->size / 4 > size) {
    std::free(own);
    own = static_cast<OwnBuffer*>(std::malloc(sizeof(OwnBuffer) + size));
    if (own == nullptr) return nullptr;
    own->size = size;
  }
  *data = own->bytes;
  return own;
}

void CallbackAllocator::Release(void* handle) {
  if (buffers_.alloc != nullptr) {
    buffers_.release(buffers_.opaque, handle);
    return;
  }
  std::free(spare_);
  spare_ = handle;
}

}  // namespace h4mk
