// SPDX-License-Identifier: MIT
// Files as h4mk_io, where there is POSIX. file_io_windows.cc is the other one.
#include <fcntl.h>
#include <h4mk/h4mk.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string>

#include "capi/guard.h"
#include "reader/external_data.h"

static_assert(sizeof(off_t) == 8, "files may be larger than 2 GiB");

namespace {

struct File {
  int fd;
};

int64_t FileRead(void* opaque, uint8_t* buffer, size_t size) {
  for (;;) {
    const ssize_t count = read(static_cast<File*>(opaque)->fd, buffer, size);
    if (count >= 0) return count;
    if (errno != EINTR) return -errno;
  }
}

int64_t FileWrite(void* opaque, const uint8_t* buffer, size_t size) {
  for (;;) {
    const ssize_t count = write(static_cast<File*>(opaque)->fd, buffer, size);
    if (count >= 0) return count;
    if (errno != EINTR) return -errno;
  }
}

int FileSeek(void* opaque, int64_t offset) {
  return lseek(static_cast<File*>(opaque)->fd, offset, SEEK_SET) < 0 ? -errno : 0;
}

int64_t FileSize(void* opaque) {
  struct stat info;
  return fstat(static_cast<File*>(opaque)->fd, &info) == 0 && S_ISREG(info.st_mode) ? info.st_size
                                                                                    : -1;
}

int FileSync(void* opaque) { return fdatasync(static_cast<File*>(opaque)->fd) == 0 ? 0 : -errno; }

int FileTruncate(void* opaque, int64_t size) {
  return ftruncate(static_cast<File*>(opaque)->fd, size) == 0 ? 0 : -errno;
}

void FileClose(void* opaque) {
  auto* file = static_cast<File*>(opaque);
  close(file->fd);
  delete file;
}

// Takes the descriptor.
h4mk_status NewFileIo(int fd, h4mk_io* io) {
  auto* file = new (std::nothrow) File{fd};
  if (file == nullptr) {
    close(fd);
    return H4MK_ERR_MEMORY;
  }
  const bool can_seek = lseek(fd, 0, SEEK_CUR) >= 0;
  *io = {sizeof *io, file,      FileRead, FileWrite,   can_seek ? FileSeek : nullptr,
         FileSize,   FileClose, FileSync, FileTruncate};
  return H4MK_OK;
}

// Who had the lock before may have written the file anew: then this one is nobody's any more.
bool IsStillAt(const char* path, const struct stat& file) {
  struct stat now;
  if (stat(path, &now) == 0 && now.st_dev == file.st_dev && now.st_ino == file.st_ino) return true;
  errno = ESTALE;
  return false;
}

h4mk_status OpenForEditing(const char* path, h4mk_io* io) {
  const int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return H4MK_ERR_IO;
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    errno = EINVAL;
  else if (flock(fd, LOCK_EX | LOCK_NB) == 0 && IsStillAt(path, info))
    return NewFileIo(fd, io);
  const int error = errno;
  close(fd);
  errno = error;
  return H4MK_ERR_IO;
}

// The name came from a file that may be hostile: nothing is opened that waits, leads elsewhere or
// does something when it is read.
h4mk_status OpenRegularFile(const char* path, h4mk_io* io) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT ? H4MK_ERR_NOT_FOUND : H4MK_ERR_IO;
  struct stat info;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return NewFileIo(fd, io);
  close(fd);
  errno = EINVAL;
  return H4MK_ERR_IO;
}

}  // namespace

h4mk_status h4mk_io_open_file(const char* path, int mode, h4mk_io* io) {
  if (path == nullptr || io == nullptr || mode < H4MK_OPEN_READ || mode > H4MK_OPEN_EDIT)
    return H4MK_ERR_ARGUMENT;
  if (mode == H4MK_OPEN_EDIT) return OpenForEditing(path, io);
  const int flags = mode == H4MK_OPEN_READ ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
  const int fd = open(path, flags | O_CLOEXEC, 0666);
  return fd < 0 ? H4MK_ERR_IO : NewFileIo(fd, io);
}

h4mk_status h4mk_io_open_beside(void* path, const char* name, h4mk_io* io) {
  if (path == nullptr || name == nullptr || io == nullptr || !h4mk::IsNameOfFileBeside(name))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    const std::string file = static_cast<const char*>(path);
    return OpenRegularFile((file.substr(0, file.rfind('/') + 1) + name).c_str(), io);
  });
}
