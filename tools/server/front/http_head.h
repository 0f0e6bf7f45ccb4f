// SPDX-License-Identifier: MIT
// The head of a request, by Beast's parser. Stricter than it: what proxies and servers read in
// different ways is refused (RFC 9112, 11.2 request smuggling).
#ifndef H4MK_SERVER_FRONT_HTTP_HEAD_H_
#define H4MK_SERVER_FRONT_HTTP_HEAD_H_

#include <cstdint>
#include <string_view>

#include "core/message.h"

namespace h4mk::server {

constexpr size_t kMostHeadBytes = 8 << 10;

struct Head {
  Request request;
  uint64_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
};

// text ends with the empty line. Throws HttpError 400, 411, 414, 417, 431 or 505.
Head ParseHead(std::string_view text);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_FRONT_HTTP_HEAD_H_
