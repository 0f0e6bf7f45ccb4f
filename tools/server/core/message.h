// SPDX-License-Identifier: MIT
// What the core is given and what it answers. An answer is a plan: bytes from memory and spans of
// files, in order. Who sends it needs to know nothing of media.
#ifndef H4MK_SERVER_CORE_MESSAGE_H_
#define H4MK_SERVER_CORE_MESSAGE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace h4mk::server {

using Fields = std::vector<std::pair<std::string, std::string>>;

// Compares header names without regard to case.
bool SameName(std::string_view a, std::string_view b);

struct Request {
  std::string method = "GET";
  std::string target;  // as it was sent: path and query, percent-encoded
  Fields headers;
  std::string body;
  std::string peer;              // address of the client, for logs and limits
  bool deadline_passed = false;  // a waiting request is asked for the last time

  // Value of the first header of a name, or "".
  std::string_view Header(std::string_view name) const;
};

// A file that stays open as long as somebody holds it. Thread safe.
class OpenedFile {
 public:
  OpenedFile() = default;
  virtual ~OpenedFile() = default;
  OpenedFile(const OpenedFile&) = delete;
  OpenedFile& operator=(const OpenedFile&) = delete;
  // Bytes from an offset on, at least one unless the file ends there; a negative errno if that
  // fails.
  virtual int64_t ReadAt(uint64_t offset, void* bytes, size_t size) const = 0;
  virtual int64_t Size() const = 0;  // negative errno
  // What the kernel reads it by; -1: it is on another computer, and reading it takes time.
  virtual int fd() const { return -1; }
  // Whether all these bytes are there and could be read.
  bool ReadAll(uint64_t offset, void* bytes, size_t size) const;
};

class LocalFile final : public OpenedFile {
 public:
  explicit LocalFile(int fd) : fd_(fd) {}
  ~LocalFile() override;
  int64_t ReadAt(uint64_t offset, void* bytes, size_t size) const override;
  int64_t Size() const override;
  int fd() const override { return fd_; }

 private:
  const int fd_;
};

struct FileSpan {
  std::shared_ptr<const OpenedFile> file;
  uint64_t offset = 0;
  uint64_t size = 0;
};

struct MemorySpan {
  std::shared_ptr<const std::string> text;
  size_t offset = 0;
  size_t size = 0;
};

using Part = std::variant<MemorySpan, FileSpan>;
uint64_t SizeOf(const Part& part);

// Bytes in parts. Copies share what the parts refer to.
class Body {
 public:
  void Append(std::string text);
  void Append(std::shared_ptr<const std::string> text);
  // Spans of one file that follow each other become one.
  void Append(FileSpan span);
  void Append(const Body& other);
  // REQUIRES: offset + size <= this->size().
  Body Slice(uint64_t offset, uint64_t size) const;
  uint64_t size() const { return size_; }
  const std::vector<Part>& parts() const { return parts_; }
  // All bytes in memory: for tests and small bodies.
  std::string Read() const;

 private:
  std::vector<Part> parts_;
  uint64_t size_ = 0;
};

// Bytes that are made while they are sent, by a thread that may block.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Appends what comes next. False: nothing more comes; *text may still have got something.
  // Throws if the body cannot be completed: the connection is then closed without its end.
  virtual bool Next(std::string* text) = 0;
};

struct Response {
  int status = 200;
  Fields headers;
  Body body;
  std::shared_ptr<BodySource> source;  // instead of body
  bool accepts_ranges = false;         // Finish() may cut body
  // Not 0: nothing to say yet; ask again when files have changed, and the last time after this.
  std::chrono::milliseconds wait{0};

  void Set(std::string name, std::string value);
  std::string_view Header(std::string_view name) const;
};

// An answer that a handler gives by throwing it.
class HttpError : public std::runtime_error {
 public:
  HttpError(int status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  int status() const { return status_; }

 private:
  const int status_;
};

// Cache-Control of what never changes, where everybody may ask for it.
constexpr char kForEver[] = "public, max-age=31536000, immutable";

// Status of what its client did not wait for; only the log shows it. nginx has the same number.
constexpr int kAbandoned = 499;

const char* ReasonOf(int status);

Response TextResponse(std::string content_type, std::string text, int status = 200);
// {"error": message}. One with status 503 may be asked again after 5 s (Retry-After).
Response ErrorResponse(int status, std::string_view message);

// Applies If-Match, If-None-Match, If-Range and Range to an answer with status 200 (RFC 9110, 13
// and 14): one range, else the whole. Answers have no Last-Modified, since copies of a file on
// other servers have other dates; conditions with dates are therefore ignored (RFC 9110, 13.1.3
// and 13.1.4).
void ApplyConditions(const Request& request, Response* response);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_MESSAGE_H_
