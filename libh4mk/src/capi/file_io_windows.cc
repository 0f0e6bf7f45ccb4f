// SPDX-License-Identifier: MIT
// Files as h4mk_io on Windows: paths are UTF-8, offsets have 64 bits.
#include <fcntl.h>
#include <h4mk/h4mk.h>
#include <io.h>
#include <share.h>
#include <sys/stat.h>
#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>

#include "capi/guard.h"
#include "reader/external_data.h"

namespace {

struct File {
  int fd;
};

constexpr size_t kMostAtOnce = 1 << 30;  // _read() and _write() count in int

int64_t FileRead(void* opaque, uint8_t* buffer, size_t size) {
  const auto wanted = static_cast<unsigned>(std::min(size, kMostAtOnce));
  const int count = _read(static_cast<File*>(opaque)->fd, buffer, wanted);
  return count >= 0 ? count : -errno;
}

int64_t FileWrite(void* opaque, const uint8_t* buffer, size_t size) {
  const auto wanted = static_cast<unsigned>(std::min(size, kMostAtOnce));
  const int count = _write(static_cast<File*>(opaque)->fd, buffer, wanted);
  return count >= 0 ? count : -errno;
}

int FileSeek(void* opaque, int64_t offset) {
  return _lseeki64(static_cast<File*>(opaque)->fd, offset, SEEK_SET) < 0 ? -errno : 0;
}

bool IsRegular(int fd) {
  return GetFileType(reinterpret_cast<HANDLE>(_get_osfhandle(fd))) == FILE_TYPE_DISK;
}

int64_t FileSize(void* opaque) {
  const int fd = static_cast<File*>(opaque)->fd;
  return IsRegular(fd) ? _filelengthi64(fd) : -1;
}

int FileSync(void* opaque) { return _commit(static_cast<File*>(opaque)->fd) == 0 ? 0 : -errno; }

int FileTruncate(void* opaque, int64_t size) {
  return -_chsize_s(static_cast<File*>(opaque)->fd, size);
}

void FileClose(void* opaque) {
  auto* file = static_cast<File*>(opaque);
  _close(file->fd);
  delete file;
}

// Takes the descriptor.
h4mk_status NewFileIo(int fd, h4mk_io* io) {
  auto* file = new (std::nothrow) File{fd};
  if (file == nullptr) {
    _close(fd);
    return H4MK_ERR_MEMORY;
  }
  *io = {sizeof *io, file,      FileRead, FileWrite,   IsRegular(fd) ? FileSeek : nullptr,
         FileSize,   FileClose, FileSync, FileTruncate};
  return H4MK_OK;
}

// Empty, with errno: it is no UTF-8.
std::wstring Wide(const char* path) {
  const int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, nullptr, 0);
  std::wstring wide(static_cast<size_t>(std::max(size, 1)), L'\0');
  if (size > 0) MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide.data(), size);
  wide.pop_back();
  if (wide.empty()) errno = EINVAL;
  return wide;
}

h4mk_status Open(const std::wstring& path, int flags, int share, h4mk_io* io) {
  int fd = -1;
  if (path.empty()) return H4MK_ERR_IO;
  if (_wsopen_s(&fd, path.c_str(), flags | _O_BINARY | _O_NOINHERIT, share, _S_IREAD | _S_IWRITE))
    return H4MK_ERR_IO;
  return NewFileIo(fd, io);
}

}  // namespace

h4mk_status h4mk_io_open_file(const char* path, int mode, h4mk_io* io) {
  if (path == nullptr || io == nullptr || mode < H4MK_OPEN_READ || mode > H4MK_OPEN_EDIT)
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    if (mode == H4MK_OPEN_READ) return Open(Wide(path), _O_RDONLY, _SH_DENYNO, io);
    if (mode == H4MK_OPEN_EDIT) return Open(Wide(path), _O_RDWR, _SH_DENYRW, io);
    return Open(Wide(path), _O_WRONLY | _O_CREAT | _O_TRUNC, _SH_DENYNO, io);
  });
}

// The name came from a file that may be hostile: nothing is opened that is a device or a link.
h4mk_status h4mk_io_open_beside(void* path, const char* name, h4mk_io* io) {
  if (path == nullptr || name == nullptr || io == nullptr || !h4mk::IsNameOfFileBeside(name))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    const std::string file = static_cast<const char*>(path);
    const std::wstring wide = Wide((file.substr(0, file.find_last_of("/\\") + 1) + name).c_str());
    const DWORD attributes = GetFileAttributesW(wide.c_str());
    if (attributes == INVALID_FILE_ATTRIBUTES) return H4MK_ERR_NOT_FOUND;
    constexpr DWORD kOthers =
        FILE_ATTRIBUTE_DEVICE | FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;
    if (attributes & kOthers) {
      errno = EINVAL;
      return H4MK_ERR_IO;
    }
    const h4mk_status status = Open(wide, _O_RDONLY, _SH_DENYNO, io);
    if (status != H4MK_OK || io->seek != nullptr) return status;
    h4mk_io_close(io);  // a name of a device, such as CON
    errno = EINVAL;
    return H4MK_ERR_IO;
  });
}
