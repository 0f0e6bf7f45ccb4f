// SPDX-License-Identifier: MIT
#include "url_file.h"

#include <h4mk/http.h>

namespace h4mk::tool {

UrlFile::~UrlFile() { h4mk_http_free(http_); }

h4mk_status UrlFile::Open(const std::string& url) {
  return h4mk_http_open(url.c_str(), nullptr, &http_);
}

std::string UrlFile::message() const { return h4mk_http_message(http_); }

h4mk_status UrlFile::NewIo(h4mk_io* io) { return h4mk_http_io(http_, io); }

h4mk_status (*UrlFile::open_beside() const)(void*, const char*, h4mk_io*) {
  return h4mk_http_open_beside;
}

}  // namespace h4mk::tool
