// SPDX-License-Identifier: MIT
// The C interface of h4mk/http.h.
#include <h4mk/http.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>

#include "http_client.h"
#include "ranges.h"

using h4mk::frames::HttpClient;
using h4mk::frames::HttpLimits;
using h4mk::frames::Outcome;
using h4mk::frames::RemoteFile;

struct h4mk_http {
  h4mk_http(HttpLimits limits, const char* url) : client(std::move(limits)), file(url) {}

  mutable std::mutex mutex;
  HttpClient client;
  RemoteFile file;
  std::map<std::string, std::string, std::less<>> beside_urls;
  std::map<std::string, RemoteFile, std::less<>> beside;  // that were opened, by name
  std::string message;
};

namespace {

constexpr int64_t kFront =
    64 << 10;  // the first request brings so many bytes: header, tracks and tags of most files

// Of a file that is no larger, all is fetched at once in place of several ranges: a sidecar.
constexpr int64_t kSmallFile = 1 << 20;

template <typename Body>
h4mk_status Call(h4mk_http* http, Body body) {
  const std::lock_guard lock(http->mutex);
  try {
    const Outcome outcome = body();
    if (!outcome.ok()) http->message = outcome.message();
    return outcome.status();
  } catch (const std::bad_alloc&) {
    return H4MK_ERR_MEMORY;
  } catch (const std::exception& exception) {
    http->message = exception.what();
    return H4MK_ERR_STATE;
  }
}

// A position in a file.
struct Stream {
  h4mk_http* http;
  RemoteFile* file;
  int64_t position;
};

int64_t StreamRead(void* opaque, uint8_t* buffer, size_t size) {
  auto* stream = static_cast<Stream*>(opaque);
  int64_t count = 0;
  const h4mk_status status = Call(stream->http, [&]() -> Outcome {
    RemoteFile& file = *stream->file;
    if (size == 0 || stream->position >= file.size()) return {};
    count = file.Copy(stream->position, buffer, size);
    if (count > 0) return {};
    H4MK_FRAMES_TRY(stream->http->client.Fetch(
        file,
        {file.ToFetch(stream->position, static_cast<int64_t>(std::min<size_t>(size, INT32_MAX)))}));
    count = file.Copy(stream->position, buffer, size);
    return {};
  });
  if (status == H4MK_ERR_MEMORY) return -ENOMEM;
  if (status != H4MK_OK) return -EIO;
  stream->position += count;
  return count;
}

int StreamSeek(void* opaque, int64_t offset) {
  if (offset < 0) return -EINVAL;
  static_cast<Stream*>(opaque)->position = offset;
  return 0;
}

int64_t StreamSize(void* opaque) {
  auto* stream = static_cast<Stream*>(opaque);
  const std::lock_guard lock(stream->http->mutex);
  return stream->file->size();
}

void StreamClose(void* opaque) { delete static_cast<Stream*>(opaque); }

h4mk_status OpenStream(h4mk_http* http, RemoteFile* file, h4mk_io* io) {
  auto* stream = new (std::nothrow) Stream{http, file, 0};
  if (stream == nullptr) return H4MK_ERR_MEMORY;
  *io = H4MK_IO_INIT;
  io->opaque = stream;
  io->read = StreamRead;
  io->seek = StreamSeek;
  io->size = StreamSize;
  io->close = StreamClose;
  return H4MK_OK;
}

// The name in the folder of a URL.
std::string UrlBeside(std::string url, std::string_view name) {
  url.resize(std::min(url.find_first_of("?#"), url.size()));
  url.resize(url.rfind('/') + 1);
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
        (byte >= 'a' && byte <= 'z') || std::string_view("-._~").find(c) != std::string_view::npos)
      url += c;
    else
      url.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return url;
}

// The file beside with a name, which is opened by a request for some of its bytes.
Outcome FindBeside(h4mk_http* http, std::string_view name, RemoteFile** file) {
  if (name.empty() || name.find_first_of("/\\:%?#") != name.npos || name == "." || name == "..")
    return Outcome(H4MK_ERR_ARGUMENT, "not the name of a file beside");
  auto known = http->beside.find(name);
  if (known == http->beside.end()) {
    const auto given = http->beside_urls.find(name);
    known = http->beside
                .emplace(name, RemoteFile(given != http->beside_urls.end()
                                              ? given->second
                                              : UrlBeside(http->file.url(), name)))
                .first;
  }
  *file = &known->second;
  return {};
}

HttpLimits LimitsOf(const h4mk_http_options& options) {
  HttpLimits limits;
  if (options.connections > 0) limits.connections = std::min(options.connections, 256u);
  if (options.attempts > 0) limits.attempts = options.attempts;
  if (options.timeout_ms > 0) limits.timeout_ms = std::min(options.timeout_ms, 3600u * 1000u);
  if (options.memory_limit > 0) limits.memory = options.memory_limit;
  limits.request_timeout_ms = std::min(options.request_timeout_ms, 3600u * 1000u);
  if (options.no_redirects) limits.redirects = 0;
  for (size_t i = 0; i < options.header_count; ++i) limits.headers.emplace_back(options.headers[i]);
  return limits;
}

bool IsValid(const h4mk_http_options& options) {
  return (options.beside_count == 0 ||
          (options.beside_names != nullptr && options.beside_urls != nullptr)) &&
         (options.header_count == 0 || options.headers != nullptr);
}

}  // namespace

h4mk_status h4mk_http_open(const char* url, const h4mk_http_options* options, h4mk_http** out) {
  h4mk_http_options settings = H4MK_HTTP_OPTIONS_INIT;
  if (url == nullptr || out == nullptr ||
      (options != nullptr && options->struct_size < sizeof(size_t)))
    return H4MK_ERR_ARGUMENT;
  if (options != nullptr)
    std::memcpy(&settings, options, std::min(options->struct_size, sizeof settings));
  if (!IsValid(settings)) return H4MK_ERR_ARGUMENT;
  try {
    *out = new h4mk_http(LimitsOf(settings), url);
  } catch (const std::bad_alloc&) {
    *out = nullptr;
    return H4MK_ERR_MEMORY;
  }
  h4mk_http* http = *out;
  return Call(http, [&]() -> Outcome {
    for (size_t i = 0; i < settings.beside_count; ++i)
      http->beside_urls[settings.beside_names[i]] = settings.beside_urls[i];
    return http->client.Fetch(http->file, {{0, kFront}});
  });
}

void h4mk_http_free(h4mk_http* http) { delete http; }

const char* h4mk_http_message(const h4mk_http* http) {
  return http != nullptr ? http->message.c_str() : "";
}

const char* h4mk_http_tag(const h4mk_http* http) {
  return http != nullptr ? http->file.tag().c_str() : "";
}

h4mk_status h4mk_http_io(h4mk_http* http, h4mk_io* io) {
  if (http == nullptr || io == nullptr || http->file.size() < 0) return H4MK_ERR_ARGUMENT;
  return OpenStream(http, &http->file, io);
}

h4mk_status h4mk_http_open_beside(void* opaque, const char* name, h4mk_io* io) {
  auto* http = static_cast<h4mk_http*>(opaque);
  if (http == nullptr || name == nullptr || io == nullptr) return H4MK_ERR_ARGUMENT;
  RemoteFile* file = nullptr;
  const h4mk_status status = Call(http, [&]() -> Outcome {
    H4MK_FRAMES_TRY(FindBeside(http, name, &file));
    if (file->size() >= 0) return {};  // some of it was prefetched
    return http->client.Fetch(*file, {{0, kFront}});
  });
  return status == H4MK_OK ? OpenStream(http, file, io) : status;
}

h4mk_status h4mk_http_prefetch(void* opaque, const char* beside, const h4mk_range* ranges,
                               size_t count) {
  auto* http = static_cast<h4mk_http*>(opaque);
  if (http == nullptr || (ranges == nullptr && count > 0)) return H4MK_ERR_ARGUMENT;
  for (size_t i = 0; i < count; ++i)
    if (ranges[i].offset < 0 || ranges[i].size < 0 || ranges[i].size > INT64_MAX - ranges[i].offset)
      return H4MK_ERR_ARGUMENT;
  return Call(http, [&]() -> Outcome {
    RemoteFile* file = &http->file;
    if (beside != nullptr) H4MK_FRAMES_TRY(FindBeside(http, beside, &file));
    std::vector<h4mk_range> missing = file->Missing({ranges, ranges + count});
    if (missing.size() > 1 && file->size() >= 0 && file->size() <= kSmallFile)
      missing = file->Missing({{0, file->size()}});
    return http->client.Fetch(*file, missing);
  });
}

h4mk_status h4mk_http_get_stats(const h4mk_http* http, h4mk_http_stats* stats) {
  if (http == nullptr || stats == nullptr || stats->struct_size < sizeof stats->struct_size)
    return H4MK_ERR_ARGUMENT;
  const std::lock_guard lock(http->mutex);
  const size_t known = stats->struct_size;
  std::memcpy(stats, &http->client.stats(), std::min(known, sizeof *stats));
  stats->struct_size = known;
  return H4MK_OK;
}
