// SPDX-License-Identifier: MIT
// A file on a web server or an object store, which is asked for ranges of it (libh4mk's
// h4mk/http.h).
#ifndef H4MK_SERVER_CORE_REMOTE_FILE_H_
#define H4MK_SERVER_CORE_REMOTE_FILE_H_

#include <h4mk/h4mk.h>

#include <atomic>
#include <mutex>
#include <string>

#include "core/message.h"

struct h4mk_http;

namespace h4mk::server {

// Redirections are not followed, so that nobody but the server of the URL is asked. A request may
// take 20 s, and is tried twice. Up to 2 MiB of the file are kept. Those who read it at one time
// wait for each other.
class RemoteFile final : public OpenedFile {
 public:
  // Asks for the first bytes. Throws HttpError: 404 if the file is not there, else 502.
  explicit RemoteFile(const std::string& url);
  ~RemoteFile() override;
  int64_t ReadAt(uint64_t offset, void* bytes, size_t size) const override;
  int64_t Size() const override { return size_; }

  // Tells one state of the file from another; "" if the server does not.
  const std::string& tag() const { return tag_; }
  // A read has failed: the server cannot be reached, or the file is another one by now.
  bool has_failed() const { return has_failed_; }
  // It was asked for anew, and is the same.
  void Trust() { has_failed_ = false; }

 private:
  h4mk_http* http_ = nullptr;
  mutable std::mutex mutex_;  // of the position in input_
  mutable h4mk_io input_ = H4MK_IO_INIT;
  std::string tag_;
  int64_t size_ = 0;
  mutable std::atomic<bool> has_failed_{false};
};

// Whether this program can read URLs.
bool CanReadUrls();

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_REMOTE_FILE_H_
