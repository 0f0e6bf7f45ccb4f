// SPDX-License-Identifier: MIT
// Files as commands use them: FILE or - in, FILE or - out.
#ifndef H4MK_TOOLS_FILE_H_
#define H4MK_TOOLS_FILE_H_

#include <h4mk/h4mk.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/io.h"
#include "base/json.h"
#include "own_path.h"
#include "temporary_file.h"
#include "url_file.h"

namespace h4mk::tool {

// The key of a track that names the file beside this one which holds its data (core.md, "External
// data").
inline constexpr const char* kBesideKey = "beside";

// An open file descriptor. Every object has a position of its own.
class FdIo : public Io {
 public:
  FdIo(int fd, bool seekable) : fd_(fd), seekable_(seekable) {}
  int64_t Read(uint8_t* buffer, size_t size) override;
  int64_t Write(const uint8_t* buffer, size_t size) override;
  bool CanSeek() const override { return seekable_; }
  int64_t Seek(int64_t offset) override;
  int64_t Size() override;

 private:
  const int fd_;
  const bool seekable_;
  int64_t position_ = 0;
};

// A file to read, by its path, by its URL or - for standard input. A pipe is copied to a file
// without a name first: every command can seek.
class InputFile {
 public:
  // What a pipe may hold. Of one that holds something else than an H4MK file no more is read than
  // shows that: /dev/zero has no end. kAny: it is taken as it is.
  enum class Kind { kH4mk, kAny };
  InputFile() = default;
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  Status Open(const std::string& path, Kind kind = Kind::kH4mk);
  const std::string& path() const { return path_; }
  // As h4mk_probe(): 0: no H4MK file.
  int version() const { return version_; }
  uint64_t size() const { return size_; }
  // A view with a position of its own; lives as long as this file.
  Io& NewIo();

  // The file that a track of a sidecar names is read too.
  void NoteFileBeside(const Json& track) const;
  // Whether a file that a sidecar names is there.
  bool HasBeside(const std::string& name);
  // How such files are opened: what options of h4mk.h have as open_beside and beside_opaque.
  h4mk_status (*open_beside() const)(void* opaque, const char* name, h4mk_io* io);
  void* beside_opaque();

 private:
  Status OpenUrl();
  Status OpenPath(Kind kind);
  Status ReadVersion();
  std::string path_;
  int fd_ = -1;
  std::unique_ptr<UrlFile> url_;  // in place of fd_
  uint64_t size_ = 0;
  int version_ = 0;
  std::vector<std::unique_ptr<Io>> ios_;
};

// A file that is going to be read, or that is read by other means: no OutputFile overwrites it from
// now on.
void KeepInput(const std::string& path);

// How files are written: --force, --max-output.
struct WriteOptions {
  bool overwrite = false;
  std::optional<uint64_t> max_output;  // bytes
  // The most that is written: the user's limit, else what is to be expected of the files that are
  // read.
  uint64_t MostOutput() const;
  // What to say where that is reached.
  Status TooMuch() const;
};

// A file to write, by its path or - for standard output. A path gets its new content when Commit()
// is called, as a whole: until then the bytes go to another file beside it, which is removed if
// there is no Commit() or a signal ends the program. What is there is only overwritten if the
// options say so, and never what this program reads. Links that somebody else made are not
// followed.
class OutputFile {
 public:
  enum class Content { kBinary, kText };  // a terminal takes only text
  Status Open(const std::string& path, const WriteOptions& options,
              Content content = Content::kBinary);
  // Whether Open() would refuse PATH for what is there already. It makes no file.
  Status Check(const std::string& path, const WriteOptions& options);
  // New content for a file that is read: FILE of a command that changes FILE.
  Status OpenInPlace(const std::string& path);
  Io& io();
  // The content is what was written, if that went well. Else what to say of it.
  Status Commit(Status written = {});
  // The same of a failure after which some of the content is to be kept.
  Status Explain(Status written) const;

 private:
  class LimitedIo;
  Status OpenStandardOutput(Content content);
  Status OpenDevice();
  Status OpenTemporary();
  Status Fault(const std::string& what) const;

  std::string path_;
  bool overwrite_ = false;
  Place place_;
  TemporaryFile temporary_;
  OwnedFd fd_;  // where no temporary file is
  std::shared_ptr<LimitedIo> io_;
};

Status SystemError(const std::string& what);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_FILE_H_
