// SPDX-License-Identifier: MIT
// A FileReader over another that hands out blocks which are ranges of files beside it (core.md, "External data").
#ifndef H4MK_FILE_BESIDE_READER_H_
#define H4MK_FILE_BESIDE_READER_H_

#include <functional>
#include <map>
#include <memory>

#include "file/block_reference.h"
#include "file/replacing_reader.h"

namespace h4mk {

// Opens a file by a name that IsNameOfFileBeside(), in the folder of the one that is read. kNotFound, kIo.
using OpenBeside = std::function<Status(const std::string& name, std::unique_ptr<Io>* io)>;

// Blocks that are encrypted still stay as they are. kNotFound: the other file cannot be opened.
class BesideReader final : public ReplacingReader {
 public:
  // `file` is open; the allocator must outlive the reader. Without `open`, blocks that are elsewhere are kNotFound.
  BesideReader(std::unique_ptr<FileReader> file, OpenBeside open, BufferAllocator& allocator);

  // Whether a reader of this file is needed.
  static bool IsNeeded(const FileReader& file);

 private:
  struct OtherFile {
    std::unique_ptr<Io> io;
    std::unique_ptr<Source> source;
  };

  Status Replace(const ReadBlock& stored, ReadBlock* block) override;
  Status OtherFileOf(const Track& track, OtherFile** other, std::string* name);
  Status ReadRange(const BlockReference& reference, OtherFile& other, const std::string& name, uint8_t** data);

  const OpenBeside open_;
  std::map<std::string, OtherFile> others_;  // that are open, by name
};

}  // namespace h4mk

#endif  // H4MK_FILE_BESIDE_READER_H_
