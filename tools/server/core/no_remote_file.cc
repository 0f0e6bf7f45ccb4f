// SPDX-License-Identifier: MIT
// In place of remote_file.cc where libcurl is not there.
#include <cerrno>

#include "core/remote_file.h"

namespace h4mk::server {

RemoteFile::RemoteFile(const std::string&) {
  throw HttpError(501, "this program was built without libcurl");
}
RemoteFile::~RemoteFile() = default;
int64_t RemoteFile::ReadAt(uint64_t, void*, size_t) const { return -EIO; }
bool CanReadUrls() { return false; }

}  // namespace h4mk::server
