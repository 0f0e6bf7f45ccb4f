// SPDX-License-Identifier: MIT
#include "core/message.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/range.h"
#include "core/text.h"

namespace h4mk::server {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view Find(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields)
    if (SameName(key, name)) return value;
  return {};
}

Part Cut(const Part& part, uint64_t offset, uint64_t size) {
  if (const auto* memory = std::get_if<MemorySpan>(&part))
    return MemorySpan{memory->text, memory->offset + static_cast<size_t>(offset),
                      static_cast<size_t>(size)};
  const auto& file = std::get<FileSpan>(part);
  return FileSpan{file.file, file.offset + offset, size};
}

// Whether a list of ETags has this one. Ours are strong: only who compares weakly passes over W/.
enum class Compare { kWeakly, kStrongly };
bool Matches(std::string_view list, std::string_view etag, Compare compare) {
  if (Trim(list) == "*") return true;
  for (std::string_view entry : Split(list, ',')) {
    entry = Trim(entry);
    if (compare == Compare::kWeakly && entry.starts_with("W/")) entry.remove_prefix(2);
    if (!etag.empty() && entry == etag) return true;
  }
  return false;
}

}  // namespace

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Request::Header(std::string_view name) const { return Find(headers, name); }

bool OpenedFile::ReadAll(uint64_t offset, void* bytes, size_t size) const {
  for (size_t done = 0; done < size;) {
    const int64_t n = ReadAt(offset + done, static_cast<char*>(bytes) + done, size - done);
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

LocalFile::~LocalFile() { close(fd_); }

int64_t LocalFile::ReadAt(uint64_t offset, void* bytes, size_t size) const {
  const ssize_t n = pread(fd_, bytes, size, static_cast<off_t>(offset));
  return n < 0 ? -errno : n;
}

int64_t LocalFile::Size() const {
  struct stat info;
  return fstat(fd_, &info) == 0 ? info.st_size : -errno;
}

uint64_t SizeOf(const Part& part) {
  return std::visit([](const auto& span) { return static_cast<uint64_t>(span.size); }, part);
}

void Body::Append(std::string text) {
  Append(std::make_shared<const std::string>(std::move(text)));
}

void Body::Append(std::shared_ptr<const std::string> text) {
  if (text->empty()) return;
  size_ += text->size();
  const size_t size = text->size();
  parts_.push_back(MemorySpan{std::move(text), 0, size});
}

void Body::Append(FileSpan span) {
  if (span.size == 0) return;
  size_ += span.size;
  if (!parts_.empty())
    if (auto* last = std::get_if<FileSpan>(&parts_.back());
        last != nullptr && last->file == span.file && last->offset + last->size == span.offset) {
      last->size += span.size;
      return;
    }
  parts_.push_back(std::move(span));
}

void Body::Append(const Body& other) {
  parts_.insert(parts_.end(), other.parts_.begin(), other.parts_.end());
  size_ += other.size_;
}

Body Body::Slice(uint64_t offset, uint64_t size) const {
  Body slice;
  for (const Part& part : parts_) {
    const uint64_t length = SizeOf(part);
    if (offset >= length) {
      offset -= length;
      continue;
    }
    const uint64_t take = std::min(size, length - offset);
    if (take == 0) break;
    slice.parts_.push_back(Cut(part, offset, take));
    slice.size_ += take;
    offset = 0;
    size -= take;
  }
  return slice;
}

std::string Body::Read() const {
  std::string bytes;
  for (const Part& part : parts_) {
    if (const auto* memory = std::get_if<MemorySpan>(&part)) {
      bytes.append(*memory->text, memory->offset, memory->size);
      continue;
    }
    const auto& span = std::get<FileSpan>(part);
    const size_t start = bytes.size();
    bytes.resize(start + static_cast<size_t>(span.size));
    if (!span.file->ReadAll(span.offset, bytes.data() + start, static_cast<size_t>(span.size)))
      throw HttpError(500, "the file ends before what it promised");
  }
  return bytes;
}

void Response::Set(std::string name, std::string value) {
  for (auto& [key, old] : headers)
    if (SameName(key, name)) {
      old = std::move(value);
      return;
    }
  headers.emplace_back(std::move(name), std::move(value));
}

std::string_view Response::Header(std::string_view name) const { return Find(headers, name); }

const char* ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

Response TextResponse(std::string content_type, std::string text, int status) {
  Response response;
  response.status = status;
  response.Set("Content-Type", std::move(content_type));
  response.body.Append(std::move(text));
  return response;
}

Response ErrorResponse(int status, std::string_view message) {
  Response response =
      TextResponse("application/json", "{\"error\":" + JsonText(message) + "}\n", status);
  response.Set("Cache-Control", "no-store");
  if (status == 503) response.Set("Retry-After", "5");
  return response;
}

void ApplyConditions(const Request& request, Response* response) {
  if (response->status != 200 || response->source != nullptr) return;
  const std::string etag(response->Header("ETag"));  // a copy: headers are added below
  const std::string_view if_match = request.Header("If-Match");
  if (!if_match.empty() && !Matches(if_match, etag, Compare::kStrongly)) {
    *response = ErrorResponse(412, "what is here has not an ETag of If-Match");
    return;
  }
  if (!etag.empty() && Matches(request.Header("If-None-Match"), etag, Compare::kWeakly)) {
    response->status = 304;
    response->body = Body();
    return;
  }
  if (!response->accepts_ranges) return;
  response->Set("Accept-Ranges", "bytes");
  if (request.method != "GET") return;  // RFC 9110, 14.2: only GET has ranges
  const std::string_view if_range = request.Header("If-Range");
  // A date can never be strong enough here, since files grow: only the ETag counts.
  if (!if_range.empty() && if_range != etag) return;
  const uint64_t size = response->body.size();
  const RangeAnswer answer = ParseRange(request.Header("Range"), size);
  if (answer.kind == RangeAnswer::kWhole) return;
  if (answer.kind == RangeAnswer::kUnsatisfiable) {
    Response error = ErrorResponse(416, "the range begins behind the end");
    error.Set("Content-Range", "bytes */" + std::to_string(size));
    *response = std::move(error);
    return;
  }
  response->status = 206;
  response->Set("Content-Range", "bytes " + std::to_string(answer.first) + "-" +
                                     std::to_string(answer.first + answer.size - 1) + "/" +
                                     std::to_string(size));
  response->body = response->body.Slice(answer.first, answer.size);
}

}  // namespace h4mk::server
