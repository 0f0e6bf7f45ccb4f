// SPDX-License-Identifier: MIT
// A file at an http or https URL, read by ranges. Only what the user types is a URL: what a file
// names beside it is looked for in the same folder of the same server.
#ifndef H4MK_TOOLS_URL_FILE_H_
#define H4MK_TOOLS_URL_FILE_H_

#include <h4mk/h4mk.h>
#include <strings.h>

#include <string>

struct h4mk_http;

namespace h4mk::tool {

// RFC 3986, 3.1: the scheme in any case.
inline bool IsUrl(const std::string& path) {
  return strncasecmp(path.c_str(), "http://", 7) == 0 ||
         strncasecmp(path.c_str(), "https://", 8) == 0;
}

class UrlFile {
 public:
  UrlFile() = default;
  ~UrlFile();
  UrlFile(const UrlFile&) = delete;
  UrlFile& operator=(const UrlFile&) = delete;

  h4mk_status Open(const std::string& url);
  // What went wrong last.
  std::string message() const;

  // A view with a position of its own, to be closed by h4mk_io_close() before this object.
  h4mk_status NewIo(h4mk_io* io);
  // What opens files beside it, with the second as its opaque.
  h4mk_status (*open_beside() const)(void* opaque, const char* name, h4mk_io* io);
  void* beside_opaque() const { return http_; }

 private:
  h4mk_http* http_ = nullptr;
};

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_URL_FILE_H_
