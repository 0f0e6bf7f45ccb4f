// SPDX-License-Identifier: MIT
// In place of url_file.cc where libcurl is not there.
#include "url_file.h"

namespace h4mk::tool {

UrlFile::~UrlFile() = default;

h4mk_status UrlFile::Open(const std::string&) { return H4MK_ERR_UNSUPPORTED; }

std::string UrlFile::message() const {
  return "this program was built without libcurl, and cannot read URLs";
}

h4mk_status UrlFile::NewIo(h4mk_io*) { return H4MK_ERR_UNSUPPORTED; }

h4mk_status (*UrlFile::open_beside() const)(void*, const char*, h4mk_io*) { return nullptr; }

}  // namespace h4mk::tool
