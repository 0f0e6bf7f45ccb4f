// SPDX-License-Identifier: MIT
// Fetches ranges of files by libcurl, many at once, with connections that are used again.
#ifndef H4MK_FRAMES_HTTP_CLIENT_H_
#define H4MK_FRAMES_HTTP_CLIENT_H_

#include <curl/curl.h>
#include <h4mk/http.h>

#include <memory>
#include <string>
#include <vector>

#include "outcome.h"
#include "remote_file.h"

namespace h4mk::frames {

struct HttpLimits {
  uint32_t connections = 16;
  uint32_t attempts = 6;
  uint32_t timeout_ms = 30000;
  uint32_t request_timeout_ms = 0;  // 0: none
  uint32_t redirects = 5;
  uint64_t memory = 96 << 20;
  std::vector<std::string> headers;
};

// Used by one thread at a time.
class HttpClient {
 public:
  explicit HttpClient(HttpLimits limits);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Fetches ranges of a file, and keeps them in it. Waits for all.
  Outcome Fetch(RemoteFile& file, const std::vector<h4mk_range>& ranges);

  const h4mk_http_stats& stats() const { return stats_; }
  const HttpLimits& limits() const { return limits_; }

 private:
  struct Transfer;

  Outcome Run(RemoteFile& file, std::vector<Transfer>& transfers);
  Outcome Start(const RemoteFile& file, Transfer& transfer);
  Outcome TakeFinished(RemoteFile& file, size_t* running, size_t* left);
  Outcome Finish(RemoteFile& file, Transfer& transfer, CURLcode code, bool* again);
  Outcome TakeAnswer(RemoteFile& file, Transfer& transfer);
  void Stop(Transfer& transfer);

  const HttpLimits limits_;
  CURLM* multi_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::vector<CURL*> idle_;
  h4mk_http_stats stats_ = H4MK_HTTP_STATS_INIT;
};

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_HTTP_CLIENT_H_
