// SPDX-License-Identifier: MIT
#include "capi/callback_io.h"

#include <cerrno>
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
  if (buffers_.alloc != nullptr) return AllocByCaller(size, data);
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

// A handle without memory is none.
void* CallbackAllocator::AllocByCaller(size_t size, uint8_t** data) {
  *data = nullptr;
  void* handle = CallBack(static_cast<void*>(nullptr),
                          [&] { return buffers_.alloc(buffers_.opaque, size, data); });
  if (handle == nullptr || *data != nullptr) return handle;
  Release(handle);
  return nullptr;
}

void CallbackAllocator::Release(void* handle) {
  if (buffers_.alloc != nullptr) {
    CallBack([&] { buffers_.release(buffers_.opaque, handle); });
    return;
  }
  std::free(spare_);
  spare_ = handle;
}

namespace {

// A file that is closed with this object.
class OwnedCallbackIo final : public Io {
 public:
  explicit OwnedCallbackIo(const h4mk_io& io) : owned_(io), io_(io) {}
  ~OwnedCallbackIo() override { h4mk_io_close(&owned_); }
  int64_t Read(uint8_t* buffer, size_t size) override { return io_.Read(buffer, size); }
  int64_t Write(const uint8_t*, size_t) override { return -1; }
  bool CanSeek() const override { return io_.CanSeek(); }
  int64_t Seek(int64_t offset) override { return io_.Seek(offset); }
  int64_t Size() override { return io_.Size(); }

 private:
  h4mk_io owned_;
  CallbackIo io_;
};

}  // namespace

namespace {

// h4mk_io_open_beside() sets errno, as h4mk.h says.
const char* WhyNotOpened(h4mk_status status) {
  if (status == H4MK_ERR_IO && errno == ELOOP) return "it is a link";
  if (status == H4MK_ERR_IO && errno == EINVAL) return "it is no regular file";
  return h4mk_strerror(status);
}

}  // namespace

OpenBeside BesideOpener(h4mk_status (*open)(void* opaque, const char* name, h4mk_io* io),
                        void* opaque) {
  if (open == nullptr) return {};
  return [open, opaque](const std::string& name, std::unique_ptr<Io>* io) {
    h4mk_io opened = H4MK_IO_INIT;
    errno = 0;
    const h4mk_status status =
        CallBack(H4MK_ERR_IO, [&] { return open(opaque, name.c_str(), &opened); });
    if (status != H4MK_OK) return Status(static_cast<Code>(status), WhyNotOpened(status));
    *io = std::make_unique<OwnedCallbackIo>(opened);
    return Status();
  };
}

}  // namespace h4mk
