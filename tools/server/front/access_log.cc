// SPDX-License-Identifier: MIT
#include "front/access_log.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "core/text.h"

namespace h4mk::server {

AccessLog::AccessLog(const std::string& path) : path_(path) {
  if (path.empty()) return;
  file_ = path == "-" ? stdout : std::fopen(path.c_str(), "ae");
  if (file_ == nullptr) throw std::runtime_error(path + ": " + std::strerror(errno));
}

AccessLog::~AccessLog() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
}

void AccessLog::Reopen() {
  if (path_.empty() || path_ == "-") return;
  std::FILE* const reopened = std::fopen(path_.c_str(), "ae");
  if (reopened == nullptr) {
    std::fprintf(stderr, "h4mkd: %s: %s; the old file is written on\n", path_.c_str(),
                 std::strerror(errno));
    return;
  }
  const std::lock_guard lock(mutex_);
  std::fclose(std::exchange(file_, reopened));
}

std::string WithoutSecrets(const std::string& target) {
  const size_t mark = target.find('?');
  std::string text = target.substr(0, mark), decoded;
  // Also where it is percent-encoded, or behind another slash: it may be right elsewhere.
  if (!PercentDecode(text, false, &decoded)) decoded = text;
  decoded.erase(0, decoded.find_first_not_of('/'));
  if (decoded.starts_with("s/")) {
    const size_t end = decoded.find('/', 2);
    text = "/s/-" + (end == std::string::npos ? std::string() : decoded.substr(end));
  }
  return mark == std::string::npos ? text : text + "?-";
}

void AccessLog::Write(const Request& request, int status, uint64_t bytes, uint64_t microseconds,
                      bool complete) {
  if (path_.empty()) return;
  timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts = {};
  gmtime_r(&now.tv_sec, &parts);
  char time[32];
  std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string ms = std::to_string(now.tv_nsec / 1'000'000);
  ms.insert(0, 3 - ms.size(), '0');
  std::string line =
      std::string("{\"time\":\"") + time + "." + ms + "Z\",\"peer\":" + JsonText(request.peer) +
      ",\"method\":" + JsonText(request.method) +
      ",\"target\":" + JsonText(WithoutSecrets(request.target)) +
      ",\"status\":" + std::to_string(status) + ",\"bytes\":" + std::to_string(bytes) +
      ",\"us\":" + std::to_string(microseconds);
  if (status == 421) line += ",\"host\":" + JsonText(request.Header("Host"));
  if (const std::string_view range = request.Header("Range"); !range.empty())
    line += ",\"range\":" + JsonText(range);
  if (const std::string_view agent = request.Header("User-Agent"); !agent.empty())
    line += ",\"agent\":" + JsonText(agent);
  if (!complete) line += ",\"complete\":false";
  line += "}\n";
  const std::lock_guard lock(mutex_);
  std::fwrite(line.data(), 1, line.size(), file_);
  std::fflush(file_);
}

}  // namespace h4mk::server
