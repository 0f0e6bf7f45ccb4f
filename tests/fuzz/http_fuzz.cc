// SPDX-License-Identifier: MIT
//
// Files at URLs, without a network: this file stands in for libcurl. The input is a list of reads,
// and behind each what a server answers to its requests. Each server sends the bytes of one file,
// but says what it likes about them.

#include <curl/curl.h>
#include <h4mk/http.h>

#include <algorithm>
#include <cstdarg>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/fuzz.h"

using h4mk_fuzz::ByteSpan;

namespace {

constexpr int64_t kFileSize = 300000;
constexpr int64_t kSmallFileSize = 3000;

ByteSpan g_input;  // what is left of it

uint8_t Next() {
  if (g_input.empty()) return 0;
  const uint8_t byte = g_input.front();
  g_input = g_input.subspan(1);
  return byte;
}

int64_t NextNumber(int size) {
  uint64_t number = 0;
  while (size-- > 0) number = number << 8 | Next();
  return static_cast<int64_t>(number);
}

std::string NextText() {
  const size_t wanted = Next(), size = std::min(wanted, g_input.size());
  const std::string text(g_input.begin(), g_input.begin() + static_cast<ptrdiff_t>(size));
  g_input = g_input.subspan(size);
  return text;
}

// What the file holds, again and again.
constexpr size_t kPeriod = 65521;
const std::string& Pattern() {
  static const std::string pattern = [] {
    std::string bytes;
    for (size_t i = 0; i < kPeriod; ++i) bytes += static_cast<char>(i ^ i >> 7);
    return bytes;
  }();
  return pattern;
}

// The bytes at an offset, as far as they lie in one piece.
std::string_view BytesAt(int64_t offset, int64_t size) {
  const auto at = static_cast<size_t>(offset % static_cast<int64_t>(kPeriod));
  return std::string_view(Pattern()).substr(at, static_cast<size_t>(size));
}

using Callback = size_t (*)(char*, size_t, size_t, void*);

// A request.
struct Easy {
  int64_t first = 0, last = 0;
  void *priv = nullptr, *body_user = nullptr, *header_user = nullptr;
  Callback on_body = nullptr, on_header = nullptr;
  long status = 0;
  CURLcode result = CURLE_OK;

  void Header(std::string line) {
    line += "\r\n";
    on_header(line.data(), 1, line.size(), header_user);
  }

  // In pieces, as a network does.
  void Body(int64_t from, int64_t size) {
    while (size > 0 && result == CURLE_OK) {
      std::string bytes(BytesAt(from, size));
      if (on_body(bytes.data(), 1, bytes.size(), body_user) != bytes.size())
        result = CURLE_WRITE_ERROR;
      from += static_cast<int64_t>(bytes.size());
      size -= static_cast<int64_t>(bytes.size());
    }
  }

  void AnswerPart(int64_t total) {
    status = first < total ? 206 : 416;
    const int64_t end = std::min(last, total - 1);
    const std::string what =
        status == 206 ? std::to_string(first) + "-" + std::to_string(end) : "*";
    Header("HTTP/1.1 " + std::to_string(status) + " answer");
    Header("Content-Range: bytes " + what + "/" + std::to_string(total));
    if (status == 206) Body(first, end - first + 1);
  }

  void AnswerAll() {
    status = 200;
    Header("HTTP/1.1 200 OK");
    Body(0, kSmallFileSize);
  }

  // Says what the input says.
  void AnswerAnything(uint8_t kind) {
    constexpr long kStatus[] = {206, 206, 200, 416, 404, 500};
    status = kStatus[kind % std::size(kStatus)];
    const std::string text = NextText();
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      Header(text.substr(at, end - at));
      at = end + 1;
    }
    const int64_t size = NextNumber(2);
    const int64_t asked = std::min<int64_t>(last - first + 1, 1 << 20);
    Body(status == 206 ? first : 0, size == 0xFFFF ? asked : size);
  }

  void Answer() {
    result = CURLE_OK;
    const uint8_t kind = Next();
    if (kind == 'p')
      AnswerPart(kFileSize);
    else if (kind == 'a')
      AnswerAll();
    else if (kind == 0)
      result = CURLE_RECV_ERROR;
    else
      AnswerAnything(kind);
  }
};

std::vector<Easy*> g_started;
std::deque<CURLMsg> g_finished;

void CheckRead(h4mk_io& io, int64_t offset, size_t size) {
  std::vector<uint8_t> buffer(size);
  if (io.seek(io.opaque, offset) != 0) return;
  const int64_t got = io.read(io.opaque, buffer.data(), size);
  FUZZ_CHECK(got <= static_cast<int64_t>(size));
  FUZZ_CHECK(got <= 0 || offset + got <= io.size(io.opaque));
  for (int64_t done = 0; done < got;) {
    const std::string_view right = BytesAt(offset + done, got - done);
    FUZZ_CHECK(std::equal(right.begin(), right.end(), buffer.begin() + done,
                          [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; }));
    done += static_cast<int64_t>(right.size());
  }
}

void Prefetch(h4mk_http* http) {
  h4mk_range ranges[4] = {};
  const size_t count = Next() % 5;
  for (size_t i = 0; i < count; ++i) ranges[i] = {NextNumber(3), NextNumber(2)};
  if (h4mk_http_prefetch(http, nullptr, ranges, count) != H4MK_OK)
    FUZZ_CHECK(*h4mk_http_message(http) != 0);
}

void ReadAll(h4mk_http* http, h4mk_io& io) {
  while (!g_input.empty()) {
    h4mk_io beside = H4MK_IO_INIT;
    const uint8_t what = Next() % 4;
    if (what == 0) {
      CheckRead(io, NextNumber(8), 1 << (Next() % 20));
    } else if (what == 1) {
      CheckRead(io, NextNumber(3), static_cast<size_t>(NextNumber(2)));
    } else if (what == 2) {
      Prefetch(http);
    } else if (h4mk_http_open_beside(http, NextText().c_str(), &beside) == H4MK_OK) {
      CheckRead(beside, NextNumber(2), 100);
      beside.close(beside.opaque);
    }
  }
}

}  // namespace

// What http_client.cc calls of libcurl.
extern "C" {
CURLcode curl_global_init(long) { return CURLE_OK; }
CURL* curl_easy_init() { return new Easy; }
void curl_easy_cleanup(CURL* easy) { delete static_cast<Easy*>(easy); }
void curl_easy_reset(CURL* easy) { *static_cast<Easy*>(easy) = {}; }
const char* curl_easy_strerror(CURLcode) { return "an error"; }
curl_slist* curl_slist_append(curl_slist* list, const char*) { return list; }
void curl_slist_free_all(curl_slist*) {}
CURLM* curl_multi_init() { return &g_started; }
CURLMcode curl_multi_cleanup(CURLM*) { return CURLM_OK; }
CURLMcode curl_multi_setopt(CURLM*, CURLMoption, ...) { return CURLM_OK; }
CURLMcode curl_multi_poll(CURLM*, curl_waitfd[], unsigned int, int, int*) { return CURLM_OK; }

CURLcode curl_easy_setopt(CURL* handle, CURLoption option, ...) {
  Easy& easy = *static_cast<Easy*>(handle);
  va_list list;
  va_start(list, option);
  if (option == CURLOPT_RANGE) {
    const char* text = va_arg(list, const char*);
    FUZZ_CHECK(std::sscanf(text, "%ld-%ld", &easy.first, &easy.last) == 2);  // NOLINT(*)
    FUZZ_CHECK(easy.first >= 0 && easy.last >= easy.first);
  }
  if (option == CURLOPT_WRITEFUNCTION) easy.on_body = va_arg(list, Callback);
  if (option == CURLOPT_WRITEDATA) easy.body_user = va_arg(list, void*);
  if (option == CURLOPT_HEADERFUNCTION) easy.on_header = va_arg(list, Callback);
  if (option == CURLOPT_HEADERDATA) easy.header_user = va_arg(list, void*);
  if (option == CURLOPT_PRIVATE) easy.priv = va_arg(list, void*);
  va_end(list);
  return CURLE_OK;
}

CURLcode curl_easy_getinfo(CURL* handle, CURLINFO info, ...) {
  const Easy& easy = *static_cast<Easy*>(handle);
  va_list list;
  va_start(list, info);
  if (info == CURLINFO_RESPONSE_CODE) *va_arg(list, long*) = easy.status;
  if (info == CURLINFO_PRIVATE) *va_arg(list, void**) = easy.priv;
  va_end(list);
  return CURLE_OK;
}

CURLMcode curl_multi_add_handle(CURLM*, CURL* easy) {
  g_started.push_back(static_cast<Easy*>(easy));
  return CURLM_OK;
}

CURLMcode curl_multi_remove_handle(CURLM*, CURL* easy) {
  std::erase(g_started, static_cast<Easy*>(easy));
  std::erase_if(g_finished, [easy](const CURLMsg& message) { return message.easy_handle == easy; });
  return CURLM_OK;
}

CURLMcode curl_multi_perform(CURLM*, int*) {
  for (Easy* easy : g_started) {
    easy->Answer();
    CURLMsg message = {};
    message.msg = CURLMSG_DONE;
    message.easy_handle = easy;
    message.data.result = easy->result;
    g_finished.push_back(message);
  }
  g_started.clear();
  return CURLM_OK;
}

CURLMsg* curl_multi_info_read(CURLM*, int*) {
  static CURLMsg message;
  if (g_finished.empty()) return nullptr;
  message = g_finished.front();
  g_finished.pop_front();
  return &message;
}
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  g_input = {data, size};
  h4mk_http_options options = H4MK_HTTP_OPTIONS_INIT;
  options.attempts = 1;
  options.memory_limit = 200000;
  h4mk_http* http = nullptr;
  h4mk_io io = H4MK_IO_INIT;
  const h4mk_status status = h4mk_http_open("http://server/folder/file.h4mk", &options, &http);
  FUZZ_CHECK(status == H4MK_OK || *h4mk_http_message(http) != 0);
  if (status == H4MK_OK && h4mk_http_io(http, &io) == H4MK_OK) {
    ReadAll(http, io);
    io.close(io.opaque);
  }
  h4mk_http_free(http);
  return 0;
}
