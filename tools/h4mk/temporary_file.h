// SPDX-License-Identifier: MIT
// Files that wait beside their place until they are complete, and programs that work for this one.
// Neither outlives it, also where a signal ends it.
#ifndef H4MK_TOOLS_TEMPORARY_FILE_H_
#define H4MK_TOOLS_TEMPORARY_FILE_H_

#include <sys/types.h>

#include "own_path.h"

namespace h4mk::tool {

// So many may wait at a time; each takes two descriptors, of 1,024 that a process usually has.
constexpr int kMostTemporaryFiles = 256;

class TemporaryFile {
 public:
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  // Removes the file, unless it was put in place.
  ~TemporaryFile();

  // Makes a file in the folder of the place, which must outlive this object. False: errno says why
  // not.
  bool Create(const Place& place, mode_t mode);
  int fd() const { return fd_.get(); }
  // Gives it the name of the place, all at once. Without `replace` a file that is there by now is
  // EEXIST.
  bool PutInPlace(bool replace);

 private:
  void Forget();
  const Place* place_ = nullptr;
  OwnedFd fd_;
  int slot_ = -1;  // among those that a signal removes
};

// A signal that ends this program ends that one too.
void EndWithThis(pid_t child);
void DoNotEnd(pid_t child);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_TEMPORARY_FILE_H_
