// SPDX-License-Identifier: MIT
// One JSON object a line for each request. Secrets of signed paths and queries are left out.
#ifndef H4MK_SERVER_FRONT_ACCESS_LOG_H_
#define H4MK_SERVER_FRONT_ACCESS_LOG_H_

#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>

#include "core/message.h"

namespace h4mk::server {

class AccessLog {
 public:
  explicit AccessLog(const std::string& path);  // "": nothing is written; "-": stdout
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  void Write(const Request& request, int status, uint64_t bytes, uint64_t microseconds,
             bool complete);
  // Opens the file by its name again: another program has moved the old one away. Where that
  // fails the old one is kept.
  void Reopen();

 private:
  const std::string path_;
  std::FILE* file_ = nullptr;
  std::mutex mutex_;
};

// A target as it may be written to a log: without the query's values and without the signature of a
// path.
std::string WithoutSecrets(const std::string& target);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_FRONT_ACCESS_LOG_H_
