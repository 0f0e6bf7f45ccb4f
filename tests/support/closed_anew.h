// SPDX-License-Identifier: MIT
// Files without an end that get one from somebody who has no key.
#ifndef H4MK_TESTS_SUPPORT_CLOSED_ANEW_H_
#define H4MK_TESTS_SUPPORT_CLOSED_ANEW_H_

#include <optional>
#include <utility>

#include "maintain/reindex.h"
#include "support/container.h"

namespace h4mk_test {

// Memory that RebuildIndex() can write to.
class EditedMemory final : public h4mk::EditableFile {
 public:
  explicit EditedMemory(Bytes content) : file(std::move(content)), io_(file.Io()) {}
  int64_t Read(uint8_t* buffer, size_t size) override { return io_.read(&file, buffer, size); }
  int64_t Write(const uint8_t* buffer, size_t size) override {
    return io_.write(&file, buffer, size);
  }
  bool CanSeek() const override { return true; }
  int64_t Seek(int64_t offset) override { return io_.seek(&file, offset); }
  int64_t Size() override { return io_.size(&file); }
  int64_t Sync() override { return 0; }
  int64_t Truncate(uint64_t size) override {
    file.bytes.resize(size);
    return 0;
  }

  TestFile file;

 private:
  h4mk_io io_;
};

// The file with an index and an end that fit its chunks; nothing where there can be none.
inline std::optional<Bytes> ClosedAnew(Bytes bytes) {
  EditedMemory file(std::move(bytes));
  bool changed = false;
  if (!RebuildIndex(file, nullptr, &changed).ok()) return std::nullopt;
  return std::move(file.file.bytes);
}

}  // namespace h4mk_test

#endif  // H4MK_TESTS_SUPPORT_CLOSED_ANEW_H_
