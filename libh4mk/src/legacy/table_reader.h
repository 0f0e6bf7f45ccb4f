// SPDX-License-Identifier: MIT
// A FileReader that knows of all blocks of a file when it is open, by their numbers in the order
// that they are handed out in: what the readers of version 1 and of the transport dialect have in
// common.
#ifndef H4MK_LEGACY_TABLE_READER_H_
#define H4MK_LEGACY_TABLE_READER_H_

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "file/file_reader.h"
#include "legacy/block_table.h"
#include "reader/cluster_loader.h"
#include "reader/warnings.h"

namespace h4mk {

class TableReader : public FileReader {
 public:
  ~TableReader() override { ReleaseBuffer(); }

  bool is_closed() const override { return closed_; }
  const std::vector<Track>& tracks() const override { return list_.tracks; }
  const Json& meta() const override { return meta_; }
  const TrackTotals& totals(uint32_t track) const override { return totals_[track]; }
  void Discard(uint32_t track, bool discard) override { discarded_[track] = discard; }

  Status Next(ReadBlock* block) override;
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  Status Rewind() override;

  void IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) override;
  Status IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                      size_t* copied) override;

  Status LookUp(const std::function<Status(Lookups&)>& ask) override;
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override;

  Source& source() override { return source_; }
  bool NextWarning(Status* warning) override { return warnings_.Next(warning); }

 protected:
  struct Damage {
    uint64_t offset = 0;
    std::string message;
  };

  // What the source reads from, and the allocator, must outlive the reader.
  TableReader(Source source, BufferAllocator& allocator, bool keep_corrupt)
      : source_(std::move(source)), allocator_(allocator), keep_corrupt_(keep_corrupt) {}

  virtual uint32_t block_count() const = 0;
  // What is known of a block without its bytes. False: the file does not have it.
  virtual bool Describe(uint32_t number, BlockInfo* info) = 0;
  // Reads a block; on kCorrupt it is there as it is stored. REQUIRES: Describe() was true.
  virtual Status ReadNumbered(uint32_t number, ReadBlock* block) = 0;
  // Whether the table holds all blocks: else they are read as they come, and nothing can be looked
  // up.
  virtual bool has_table() const { return true; }
  // What a file without an end lacks.
  virtual const char* cut_message() const = 0;

  // Takes in the contents of META; warns where they are none.
  void TakeMeta(ByteSpan payload);
  // Once tracks() and all that Describe() needs are known.
  void CountTotals();
  Status AtEnd() const;
  // Makes a new buffer_ for so many bytes and what may be read behind them.
  Status Alloc(size_t size, uint8_t** data);
  // Hands out a copy of these bytes.
  Status CopyOut(ByteSpan bytes, ReadBlock* block);
  void ReleaseBuffer();
  void Warn(Status warning) { warnings_.Add(std::move(warning)); }
  void Warn(std::string text) { Warn(Status(Code::kCorrupt, std::move(text))); }
  // Damage that reading passes over. Much of it is enough: a file can be wrong everywhere.
  void AddDamage(uint64_t offset, std::string message);

  Source source_;
  BufferAllocator& allocator_;
  const bool keep_corrupt_;

  TrackList list_;
  Json meta_ = Json::object();
  uint64_t index_bytes_ = 0;
  bool closed_ = false;
  std::deque<Damage> damage_;  // in the order of the file; a stream takes from the front

  uint32_t next_ = 0;            // number
  std::vector<bool> discarded_;  // by track
  void* buffer_ = nullptr;
  BlockRecord record_;

 private:
  BlockTable& Table();
  void Advance();
  bool IsSkipped(uint32_t number, const BlockRecord& record) const;
  Status NextDamage() { return Status(Code::kCorrupt, damage_[next_damage_++].message); }

  std::vector<TrackTotals> totals_;
  size_t next_damage_ = 0;
  bool reported_ = false;  // damage of the next block
  std::optional<uint32_t>
      lead_;  // number of the block that a seek asked for: the first to be handed out
  std::optional<uint32_t> led_;  // … and was
  std::vector<uint32_t> first_;  // by track, after a seek: blocks before this number are left out
  std::optional<BlockTable> table_;  // once something is looked up
  Warnings warnings_;
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_TABLE_READER_H_
