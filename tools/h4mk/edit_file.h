// SPDX-License-Identifier: MIT
// A file that is changed where it is.
#ifndef H4MK_TOOLS_EDIT_FILE_H_
#define H4MK_TOOLS_EDIT_FILE_H_

#include <h4mk/h4mk.h>

#include <string>

#include "base/status.h"

namespace h4mk::tool {

class EditFile {
 public:
  EditFile() = default;
  ~EditFile();
  EditFile(const EditFile&) = delete;
  EditFile& operator=(const EditFile&) = delete;

  // Only files of version 2. Nobody else can open the file for editing until this object goes.
  Status Open(const std::string& path);
  int64_t Size() const;
  // From the start of the file; valid as long as this object.
  h4mk_io Io();
  // What to say of a failure of work on that: the system's reason too, where there is one.
  Status Explain(Status status) const;

 private:
  int Failed();

  int fd_ = -1;
  int64_t position_ = 0;
  int error_ = 0;  // of the system
};

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_EDIT_FILE_H_
