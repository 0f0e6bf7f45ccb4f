// SPDX-License-Identifier: MIT
#include "front/http_head.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "core/text.h"

namespace h4mk::server {
namespace {

namespace http = boost::beast::http;

// Bare LF, folded lines and blanks before a colon: each is read in two ways by somebody.
void CheckLines(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') throw HttpError(400, "a NUL in the head");
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))
      throw HttpError(400, "a CR without LF");
    if (text[i] != '\n') continue;
    if (i == 0 || text[i - 1] != '\r') throw HttpError(400, "a LF without CR");
    if (i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\t'))
      throw HttpError(400, "a folded header line");
  }
}

}  // namespace

Head ParseHead(std::string_view text) {
  if (text.size() > kMostHeadBytes)
    throw HttpError(431, "the head of the request is larger than 8 KiB");
  CheckLines(text);
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kMostHeadBytes);
  parser.body_limit(boost::none);
  parser.eager(false);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(text.data(), text.size()), error);
  if (error || !parser.is_header_done())
    throw HttpError(400, "the head of the request cannot be read: " + error.message());
  const auto& message = parser.get();
  Head head;
  head.request.method = std::string(message.method_string());
  head.request.target = std::string(message.target());
  head.keep_alive = message.keep_alive();
  size_t lengths = 0, hosts = 0;
  for (const auto& field : message) {
    const std::string_view name(field.name_string().data(), field.name_string().size());
    const std::string_view value(field.value().data(), field.value().size());
    if (SameName(name, "Transfer-Encoding"))
      throw HttpError(411, "a body needs a Content-Length here");
    if (SameName(name, "Content-Length")) {
      ++lengths;
      if (!ParseNumber(value, &head.content_length))
        throw HttpError(400, "Content-Length is no number");
    }
    if (SameName(name, "Host")) ++hosts;
    if (SameName(name, "Expect")) {
      if (!SameName(value, "100-continue"))
        throw HttpError(417, "only 100-continue can be expected");
      head.expects_continue = true;
    }
    head.request.headers.emplace_back(std::string(name), std::string(value));
  }
  if (lengths > 1) throw HttpError(400, "two Content-Length headers");
  if (message.version() != 10 && message.version() != 11)
    throw HttpError(505, "HTTP/1.1 is spoken here");
  if (hosts > 1 || (message.version() == 11 && hosts == 0))
    throw HttpError(400, "a request needs one Host header");
  if (!head.request.target.starts_with('/')) throw HttpError(400, "the target must be a path");
  return head;
}

}  // namespace h4mk::server
