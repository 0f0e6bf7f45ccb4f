// SPDX-License-Identifier: MIT
#include "file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "chunk/chunk_format.h"

namespace h4mk::tool {
namespace {

// One buffer is kept for the next cluster: most are of about the same size.
class HeapAllocator final : public BufferAllocator {
 public:
  ~HeapAllocator() override { std::free(spare_); }
  void* Alloc(size_t size, uint8_t** data) override {
    void* memory = spare_ && spare_size_ >= size ? spare_ : std::malloc(kHeader + size);
    if (memory == nullptr) return nullptr;
    if (memory == spare_) {
      size = spare_size_;
      spare_ = nullptr;
    }
    std::memcpy(memory, &size, sizeof size);
    *data = static_cast<uint8_t*>(memory) + kHeader;
    return memory;
  }
  void Release(void* handle) override {
    std::free(spare_);
    spare_ = handle;
    std::memcpy(&spare_size_, handle, sizeof spare_size_);
  }

 private:
  static constexpr size_t kHeader = 64;
  void* spare_ = nullptr;
  size_t spare_size_ = 0;
};

// A file that is closed with this object.
class OwnedFile final : public Io {
 public:
  Status Open(const std::string& path) {
    H4MK_TRY(file_.Open(path));
    io_ = &file_.NewIo();
    return {};
  }
  int64_t Read(uint8_t* buffer, size_t size) override { return io_->Read(buffer, size); }
  int64_t Write(const uint8_t*, size_t) override { return -1; }
  bool CanSeek() const override { return true; }
  int64_t Seek(int64_t offset) override { return io_->Seek(offset); }
  int64_t Size() override { return io_->Size(); }

 private:
  InputFile file_;
  FdIo* io_ = nullptr;
};

// Copies a pipe to a file that has no name.
Status Spool(int from, int* to) {
  std::FILE* file = std::tmpfile();
  if (file == nullptr) return SystemError("cannot make a temporary file");
  *to = dup(fileno(file));
  std::fclose(file);
  if (*to < 0) return SystemError("cannot make a temporary file");
  FdIo in(from, false), out(*to, true);
  Sink sink(out);
  Bytes buffer(1 << 20);
  for (;;) {
    const int64_t got = in.Read(buffer.data(), buffer.size());
    if (got == 0) return {};
    if (got < 0) return SystemError("cannot read standard input");
    if (!sink.Write(ByteSpan(buffer).first(static_cast<size_t>(got))).ok())
      return SystemError("cannot write a temporary file");
  }
}

}  // namespace

Status SystemError(const std::string& what) {
  return Status(Code::kIo, what + ": " + std::strerror(errno));
}

int64_t FdIo::Read(uint8_t* buffer, size_t size) {
  for (;;) {
    const ssize_t got = seekable_ ? pread(fd_, buffer, size, position_) : read(fd_, buffer, size);
    if (got >= 0) {
      position_ += got;
      return got;
    }
    if (errno != EINTR) return -errno;
  }
}

int64_t FdIo::Write(const uint8_t* buffer, size_t size) {
  for (;;) {
    const ssize_t put = seekable_ ? pwrite(fd_, buffer, size, position_) : write(fd_, buffer, size);
    if (put >= 0) {
      position_ += put;
      return put;
    }
    if (errno != EINTR) return -errno;
  }
}

int64_t FdIo::Seek(int64_t offset) {
  position_ = offset;
  return seekable_ ? 0 : -ESPIPE;
}

int64_t FdIo::Size() {
  struct stat info;
  return fstat(fd_, &info) == 0 && S_ISREG(info.st_mode) ? info.st_size : -1;
}

InputFile::~InputFile() {
  if (fd_ >= 0) close(fd_);
}

Status InputFile::Open(const std::string& path) {
  path_ = path;
  const bool is_stdin = path == "-";
  fd_ = is_stdin ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return SystemError("cannot open");
  struct stat info;
  if (fstat(fd_, &info) != 0) return SystemError("cannot open");
  if (S_ISDIR(info.st_mode)) return Status(Code::kIo, "is a directory");
  if (!S_ISREG(info.st_mode)) {
    int spooled = -1;
    const Status status = Spool(fd_, &spooled);
    close(fd_);
    fd_ = spooled;
    if (!status.ok()) return Status(status.code(), status.message());
    if (fstat(fd_, &info) != 0) return SystemError("cannot open");
  }
  size_ = static_cast<uint64_t>(info.st_size);
  return ReadVersion();
}

Status InputFile::ReadVersion() {
  uint8_t front[kFileHeaderSize];
  size_t got = 0;
  Source source(NewIo());
  if (!source.ReadAt(0, front, sizeof front, &got).ok()) return SystemError("cannot read");
  version_ = FileVersion({front, got});
  return {};
}

FdIo& InputFile::NewIo() {
  ios_.push_back(std::make_unique<FdIo>(fd_, true));
  return *ios_.back();
}

Status InputFile::OpenReader(ReadOptions options, OpenedFile* opened) {
  if (!allocator_) allocator_ = std::make_unique<HeapAllocator>();
  options.open_beside = [folder = path_.substr(0, path_.rfind('/') + 1)](const std::string& name, std::unique_ptr<Io>* io) {
    auto file = std::make_unique<OwnedFile>();
    H4MK_TRY(file->Open(folder + name));
    *io = std::move(file);
    return Status();
  };
  return OpenFile(NewIo(), *allocator_, std::move(options), opened);
}

Status InputFile::OpenReader(bool keep_corrupt, std::unique_ptr<FileReader>* reader) {
  OpenedFile opened;
  ReadOptions options;
  options.keep_corrupt = keep_corrupt;
  options.keep_encrypted = true;
  Status status = OpenReader(std::move(options), &opened);
  *reader = std::move(opened.reader);
  return status;
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Status OutputFile::Open(const std::string& path) {
  path_ = path;
  struct stat info;
  const bool exists = path != "-" && stat(path.c_str(), &info) == 0;
  const bool in_place = path == "-" || (exists && !S_ISREG(info.st_mode));  // /dev/null, a named pipe
  if (path == "-") {
    fd_ = dup(STDOUT_FILENO);
  } else if (in_place) {
    fd_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    temporary_ = path + ".XXXXXX";
    fd_ = mkostemp(temporary_.data(), O_CLOEXEC);
    if (fd_ < 0) temporary_.clear();
  }
  if (fd_ < 0) return SystemError("cannot write " + path);
  if (!in_place) {
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd_, exists ? info.st_mode & 07777 : 0666 & ~mask) != 0)
      return SystemError("cannot write " + path);
  }
  io_ = std::make_unique<FdIo>(fd_, !in_place);
  return {};
}

Status OutputFile::Commit() {
  const int fd = fd_;
  fd_ = -1;
  if (close(fd) != 0) return SystemError("cannot write " + path_);
  if (temporary_.empty()) return {};
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return SystemError("cannot write " + path_);
  temporary_.clear();
  return {};
}

}  // namespace h4mk::tool
