// SPDX-License-Identifier: MIT
#include "core/remote_file.h"

#include <h4mk/http.h>

#include <algorithm>
#include <cerrno>

namespace h4mk::server {
namespace {

// Larger reads are one request; of smaller ones the library makes larger ones.
constexpr size_t kLargeRead = 64 << 10;

}  // namespace

RemoteFile::RemoteFile(const std::string& url) {
  h4mk_http_options options = H4MK_HTTP_OPTIONS_INIT;
  options.connections = 2;
  options.attempts = 2;
  options.timeout_ms = 10'000;
  options.request_timeout_ms = 20'000;
  options.memory_limit = 2 << 20;
  options.no_redirects = 1;
  h4mk_status status = h4mk_http_open(url.c_str(), &options, &http_);
  if (status == H4MK_OK) status = h4mk_http_io(http_, &input_);
  if (status != H4MK_OK) {
    const std::string why = h4mk_http_message(http_);
    h4mk_http_free(http_);
    if (status == H4MK_ERR_NOT_FOUND) throw HttpError(404, "the file is not at the origin");
    throw HttpError(502, "the origin cannot be read: " + why);
  }
  tag_ = h4mk_http_tag(http_);
  size_ = input_.size(input_.opaque);
}

RemoteFile::~RemoteFile() {
  h4mk_io_close(&input_);
  h4mk_http_free(http_);
}

int64_t RemoteFile::ReadAt(uint64_t offset, void* bytes, size_t size) const {
  if (offset >= static_cast<uint64_t>(size_)) return 0;
  size = static_cast<size_t>(std::min<uint64_t>(size, static_cast<uint64_t>(size_) - offset));
  const h4mk_range range = {static_cast<int64_t>(offset), static_cast<int64_t>(size)};
  const std::lock_guard lock(mutex_);
  if (size > kLargeRead && h4mk_http_prefetch(http_, nullptr, &range, 1) != H4MK_OK) {
    has_failed_ = true;
    return -EIO;
  }
  input_.seek(input_.opaque, range.offset);
  const int64_t n = input_.read(input_.opaque, static_cast<uint8_t*>(bytes), size);
  if (n < 0) has_failed_ = true;
  return n;
}

bool CanReadUrls() { return true; }

}  // namespace h4mk::server
