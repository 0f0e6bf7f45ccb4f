// SPDX-License-Identifier: MIT
// A FileReader over another that hands out blocks which are ranges of files beside it (FORMAT.md, "Sidecars").
#ifndef H4MK_FILE_BESIDE_READER_H_
#define H4MK_FILE_BESIDE_READER_H_

#include <functional>
#include <map>
#include <memory>

#include "file/block_reference.h"
#include "file/cluster_loader.h"
#include "file/forwarding_reader.h"

namespace h4mk {

// Opens a file by a name that IsNameOfFileBeside(), in the folder of the one that is read. kNotFound, kIo.
using OpenBeside = std::function<Status(const std::string& name, std::unique_ptr<Io>* io)>;

class BesideReader final : public ForwardingReader {
 public:
  // `file` is open; the allocator must outlive the reader. Without `open`, blocks that are elsewhere are kNotFound.
  BesideReader(std::unique_ptr<FileReader> file, OpenBeside open, BufferAllocator& allocator);
  ~BesideReader() override;

  // Whether a reader of this file is needed.
  static bool IsNeeded(const FileReader& file);

  // Blocks that are encrypted still stay as they are. kNotFound: the other file cannot be opened.
  Status Next(ReadBlock* block) override;
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  Status Rewind() override;
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override;

 private:
  struct OtherFile {
    std::unique_ptr<Io> io;
    std::unique_ptr<Source> source;
  };

  Status Resolve(const ReadBlock& stored, ReadBlock* block);
  Status OtherFileOf(const Track& track, OtherFile** other, std::string* name);
  Status ReadRange(const BlockReference& reference, OtherFile& other, const std::string& name, uint8_t** data);
  void ReleaseBuffer();

  const OpenBeside open_;
  BufferAllocator& allocator_;
  std::map<std::string, OtherFile> others_;  // that are open, by name
  ReadBlock stored_;
  bool held_ = false;  // stored_ is still to be handed out
  void* buffer_ = nullptr;
  BlockRecord record_;
};

}  // namespace h4mk

#endif  // H4MK_FILE_BESIDE_READER_H_
