// SPDX-License-Identifier: MIT
#include "http_client.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <mutex>
#include <string_view>

namespace h4mk::frames {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMostWhole = 64 << 20;  // of a file whose server ignores ranges
constexpr auto kFirstPause = std::chrono::milliseconds(100),
               kLongestPause = std::chrono::milliseconds(30000);

bool ParseNumber(std::string_view text, int64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= 0;
}

// "bytes 0-99/1000", or "bytes */1000" with status 416.
struct ContentRange {
  int64_t first = -1, last = -1, total = -1;
};
ContentRange ParseContentRange(std::string_view text) {
  ContentRange range;
  const size_t slash = text.find('/'), dash = text.find('-');
  if (!text.starts_with("bytes ") || slash == text.npos ||
      !ParseNumber(text.substr(slash + 1), &range.total))
    return {};
  if (dash < slash && (!ParseNumber(text.substr(6, dash - 6), &range.first) ||
                       !ParseNumber(text.substr(dash + 1, slash - dash - 1), &range.last)))
    return {};
  return range;
}

// Whether a header line has a name, in any case; *value is what it says.
bool IsHeader(std::string_view line, std::string_view name, std::string* value) {
  if (line.size() <= name.size() || line[name.size()] != ':') return false;
  if (!std::equal(name.begin(), name.end(), line.begin(),
                  [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); }))
    return false;
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' '))
    line.remove_suffix(1);
  *value = line;
  return true;
}

bool MayPass(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

bool MayPass(long status) { return status == 429 || status == 408 || status >= 500; }

h4mk_status StatusOf(long answer) {
  if (answer == 404 || answer == 410) return H4MK_ERR_NOT_FOUND;
  return answer == 401 || answer == 403 ? H4MK_ERR_KEY : H4MK_ERR_IO;
}

}  // namespace

struct HttpClient::Transfer {
  h4mk_range range = {};
  CURL* easy = nullptr;
  bool is_done = false;
  uint32_t attempts = 0;
  Clock::time_point not_before = {};
  // The answer:
  std::vector<uint8_t> body;
  std::string content_range, tag, retry_after;

  // 206 brings what was asked for, 200 all of the file; of other answers nobody reads the body.
  size_t Write(const uint8_t* data, size_t size) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206) return size;
    const int64_t most = status == 206 ? range.size : kMostWhole;
    if (static_cast<int64_t>(body.size() + size) > most) return 0;
    try {
      body.insert(body.end(), data, data + size);
    } catch (const std::bad_alloc&) {
      return 0;
    }
    return size;
  }

  void ReadHeader(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // of a redirection before
      content_range.clear();
      tag.clear();
      retry_after.clear();
      body.clear();
    }
    if (!IsHeader(line, "content-range", &content_range) && !IsHeader(line, "etag", &tag))
      IsHeader(line, "retry-after", &retry_after);
  }

  static size_t OnBody(char* data, size_t, size_t size, void* self) {
    return static_cast<Transfer*>(self)->Write(reinterpret_cast<const uint8_t*>(data), size);
  }
  static size_t OnHeader(char* data, size_t, size_t size, void* self) {
    static_cast<Transfer*>(self)->ReadHeader({data, size});
    return size;
  }
};

HttpClient::HttpClient(HttpLimits limits) : limits_(std::move(limits)) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  multi_ = curl_multi_init();
  if (multi_ != nullptr) {
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(limits_.connections));
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(limits_.connections));
  }
  for (const std::string& header : limits_.headers)
    headers_ = curl_slist_append(headers_, header.c_str());
}

HttpClient::~HttpClient() {
  for (CURL* easy : idle_) curl_easy_cleanup(easy);
  if (multi_ != nullptr) curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

Outcome HttpClient::Fetch(RemoteFile& file, const std::vector<h4mk_range>& ranges) {
  if (ranges.empty()) return {};
  if (multi_ == nullptr) return Outcome(H4MK_ERR_MEMORY, "no memory for a request");
  std::vector<Transfer> transfers(ranges.size());
  for (size_t i = 0; i < ranges.size(); ++i) transfers[i].range = ranges[i];
  ++stats_.rounds;
  Outcome outcome = Run(file, transfers);
  for (Transfer& transfer : transfers)
    if (transfer.easy != nullptr) Stop(transfer);
  return outcome;
}

Outcome HttpClient::Run(RemoteFile& file, std::vector<Transfer>& transfers) {
  size_t left = transfers.size(), running = 0;
  while (left > 0) {
    auto wake = Clock::now() + std::chrono::seconds(1);
    for (Transfer& transfer : transfers) {
      if (transfer.is_done || transfer.easy != nullptr || running >= limits_.connections) continue;
      if (transfer.not_before > Clock::now()) {
        wake = std::min(wake, transfer.not_before);
        continue;
      }
      H4MK_FRAMES_TRY(Start(file, transfer));
      ++running;
    }
    int active = 0;
    curl_multi_perform(multi_, &active);
    const size_t before = running;
    H4MK_FRAMES_TRY(TakeFinished(file, &running, &left));
    if (running < before || left == 0) continue;
    const auto pause =
        std::chrono::duration_cast<std::chrono::milliseconds>(wake - Clock::now()).count();
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(std::clamp<int64_t>(pause, 1, 1000)),
                    nullptr);
  }
  return {};
}

Outcome HttpClient::Start(const RemoteFile& file, Transfer& transfer) {
  if (idle_.empty()) {
    transfer.easy = curl_easy_init();
  } else {
    transfer.easy = idle_.back();
    idle_.pop_back();
  }
  if (transfer.easy == nullptr) return Outcome(H4MK_ERR_MEMORY, "no memory for a request");
  transfer.body.clear();
  CURL* easy = transfer.easy;
  curl_easy_reset(easy);
  const std::string range = std::to_string(transfer.range.offset) + "-" +
                            std::to_string(transfer.range.offset + transfer.range.size - 1);
  curl_easy_setopt(easy, CURLOPT_URL, file.url().c_str());
  curl_easy_setopt(easy, CURLOPT_RANGE, range.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, limits_.redirects > 0 ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, static_cast<long>(limits_.redirects));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.timeout_ms));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                   static_cast<long>((limits_.timeout_ms + 999) / 1000));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limits_.request_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "libh4mk");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_multi_add_handle(multi_, easy);
  ++transfer.attempts;
  ++stats_.requests;
  return {};
}

void HttpClient::Stop(Transfer& transfer) {
  curl_multi_remove_handle(multi_, transfer.easy);
  idle_.push_back(transfer.easy);
  transfer.easy = nullptr;
}

Outcome HttpClient::TakeFinished(RemoteFile& file, size_t* running, size_t* left) {
  int queued = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &queued)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    bool again = false;
    H4MK_FRAMES_TRY(Finish(file, *transfer, message->data.result, &again));
    Stop(*transfer);
    --*running;
    if (again) continue;
    transfer->is_done = true;
    --*left;
  }
  return {};
}

// *again: the request is sent once more, after a while.
Outcome HttpClient::Finish(RemoteFile& file, Transfer& transfer, CURLcode code, bool* again) {
  long status = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
  stats_.bytes += transfer.body.size();
  if (code == CURLE_OK && (status == 206 || status == 200 || status == 416))
    return TakeAnswer(file, transfer);
  *again =
      (code == CURLE_OK ? MayPass(status) : MayPass(code)) && transfer.attempts < limits_.attempts;
  if (*again) {
    auto pause = std::min(kFirstPause * (1 << std::min(transfer.attempts - 1, 8u)), kLongestPause);
    int64_t asked = 0;
    if (ParseNumber(transfer.retry_after, &asked))
      pause = std::min<std::chrono::milliseconds>(
          std::chrono::seconds(std::min<int64_t>(asked, 60)), kLongestPause);
    // Those that failed together do not come back together.
    transfer.not_before = Clock::now() + pause + pause * (transfer.range.offset / 4096 % 16) / 32;
    return {};
  }
  const std::string where = "bytes " + std::to_string(transfer.range.offset) + " to " +
                            std::to_string(transfer.range.offset + transfer.range.size - 1);
  if (code == CURLE_WRITE_ERROR && status == 200)
    return Outcome(H4MK_ERR_NOT_SEEKABLE, "the server ignores ranges, and the file is large");
  if (code != CURLE_OK)
    return Outcome(H4MK_ERR_IO, where + " cannot be fetched: " + curl_easy_strerror(code));
  return Outcome(StatusOf(status),
                 where + " cannot be fetched: the server answers " + std::to_string(status));
}

Outcome HttpClient::TakeAnswer(RemoteFile& file, Transfer& transfer) {
  long status = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
  const ContentRange range = ParseContentRange(transfer.content_range);
  if (!file.IsSameVersion(transfer.tag))
    return Outcome(H4MK_ERR_IO, "the file was changed while it was read: its ETag is another one");
  if (status == 200) {  // all of the file
    const auto size = static_cast<int64_t>(transfer.body.size());
    if (file.size() >= 0 && file.size() != size)
      return Outcome(H4MK_ERR_IO,
                     "the file was changed while it was read: its size is another one");
    file.set_size(size);
    file.Keep(0, std::move(transfer.body), UINT64_MAX);
    return {};
  }
  if (range.total < 0)
    return Outcome(H4MK_ERR_IO, "the server does not say how large the file is (Content-Range)");
  if (file.size() >= 0 && file.size() != range.total)
    return Outcome(H4MK_ERR_IO, "the file was changed while it was read: its size is another one");
  file.set_size(range.total);
  if (status == 416) return {};  // nothing stands there
  const int64_t expected = std::min(transfer.range.size, range.total - transfer.range.offset);
  if (range.first != transfer.range.offset || range.last - range.first != expected - 1 ||
      static_cast<int64_t>(transfer.body.size()) != expected)
    return Outcome(H4MK_ERR_IO, "the server sent other bytes than those that were asked for: " +
                                    transfer.content_range);
  file.Keep(transfer.range.offset, std::move(transfer.body), limits_.memory);
  return {};
}

}  // namespace h4mk::frames
