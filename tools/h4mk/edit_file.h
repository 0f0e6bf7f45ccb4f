// SPDX-License-Identifier: MIT
// A file that is changed where it is.
#ifndef H4MK_TOOLS_EDIT_FILE_H_
#define H4MK_TOOLS_EDIT_FILE_H_

#include <string>

#include "maintain/edit.h"

namespace h4mk::tool {

class EditFile final : public EditableFile {
 public:
  EditFile() = default;
  ~EditFile() override;
  EditFile(const EditFile&) = delete;
  EditFile& operator=(const EditFile&) = delete;

  // Only files of version 2. Nobody else can open the file for editing until this object goes.
  Status Open(const std::string& path);

  int64_t Read(uint8_t* buffer, size_t size) override;
  int64_t Write(const uint8_t* buffer, size_t size) override;
  bool CanSeek() const override { return true; }
  int64_t Seek(int64_t offset) override {
    position_ = offset;
    return 0;
  }
  int64_t Size() override;
  int64_t Sync() override;
  int64_t Truncate(uint64_t size) override;

 private:
  int fd_ = -1;
  int64_t position_ = 0;
};

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_EDIT_FILE_H_
