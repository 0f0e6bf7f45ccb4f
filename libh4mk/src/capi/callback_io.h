// SPDX-License-Identifier: MIT
// Adapts the C callbacks of h4mk.h to the interfaces of the layers below.
#ifndef H4MK_CAPI_CALLBACK_IO_H_
#define H4MK_CAPI_CALLBACK_IO_H_

#include <h4mk/h4mk.h>

#include <functional>
#include <utility>

#include "base/callback.h"
#include "base/io.h"
#include "reader/cluster_loader.h"
#include "reader/external_data.h"

namespace h4mk {

class CallbackIo final : public Io {
 public:
  explicit CallbackIo(const h4mk_io& io) : io_(io) {}
  // Asked before each read and write; true ends the call that reads or writes.
  void SetCancel(std::function<bool()> cancel) { cancel_ = std::move(cancel); }

  int64_t Read(uint8_t* buffer, size_t size) override {
    if (IsCancelled()) return -1;
    if (io_.read == nullptr) return Keep(-1);
    return Keep(CallBack(int64_t{-1}, [&] { return io_.read(io_.opaque, buffer, size); }));
  }
  int64_t Write(const uint8_t* buffer, size_t size) override {
    if (IsCancelled()) return -1;
    if (io_.write == nullptr) return Keep(-1);
    return Keep(CallBack(int64_t{-1}, [&] { return io_.write(io_.opaque, buffer, size); }));
  }
  bool CanSeek() const override { return io_.seek != nullptr; }
  int64_t Seek(int64_t offset) override {
    return Keep(CallBack(-1, [&] { return io_.seek(io_.opaque, offset); }));
  }
  int64_t Size() override {
    if (io_.size == nullptr) return -1;
    return CallBack(int64_t{-1}, [&] { return io_.size(io_.opaque); });
  }

  // The negative code that a callback returned last; 0 if none did.
  int64_t error() const { return error_; }
  // Whether the last read or write was not done because the caller wants to stop.
  bool cancelled() const { return cancelled_; }
  void ForgetCancel() { cancelled_ = false; }

 private:
  bool IsCancelled() {
    if (cancel_ && CallBack(true, cancel_)) cancelled_ = true;
    return cancelled_;
  }
  int64_t Keep(int64_t result) {
    if (result < 0) error_ = result;
    return result;
  }

  h4mk_io io_;
  int64_t error_ = 0;
  std::function<bool()> cancel_;
  bool cancelled_ = false;
};

// How files beside the one that is read are opened, by what options have as open_beside and
// beside_opaque; empty if they do not say.
OpenBeside BesideOpener(h4mk_status (*open)(void* opaque, const char* name, h4mk_io* io),
                        void* opaque);

// Memory by h4mk_buffers, or of the library's own.
class CallbackAllocator final : public BufferAllocator {
 public:
  // Without callbacks: memory of the library's own.
  explicit CallbackAllocator(const h4mk_buffers& buffers) : buffers_(buffers) {}
  ~CallbackAllocator() override;
  void* Alloc(size_t size, uint8_t** data) override;
  void Release(void* handle) override;

 private:
  void* AllocByCaller(size_t size, uint8_t** data);

  h4mk_buffers buffers_;
  // One buffer is kept for the next cluster: most are of about the same size.
  void* spare_ = nullptr;
};

}  // namespace h4mk

#endif  // H4MK_CAPI_CALLBACK_IO_H_
