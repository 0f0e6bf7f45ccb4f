// SPDX-License-Identifier: MIT
// Plays a file of version 1: one CORE chunk a block, without H4TB; where META has a block log, in decoding order with exact
// times (FORMAT.md, "Version 1"). With an input that can seek, the chunk headers of the whole file are read when it is opened
// (32 bytes of memory a block), since version 1 has no way to find its end; without, blocks are read as they come.
#ifndef H4MK_FILE_V1_READER_H_
#define H4MK_FILE_V1_READER_H_

#include <deque>
#include <map>
#include <optional>

#include "chunk/chunk_reader.h"
#include "cluster/v1_block.h"
#include "file/block_table.h"
#include "file/cluster_loader.h"
#include "file/file_reader.h"
#include "file/v1_block_log.h"

namespace h4mk {

class V1Reader final : public FileReader {
 public:
  // What the source reads from, and the allocator, must outlive the reader.
  V1Reader(Source source, BufferAllocator& allocator, bool keep_corrupt);
  ~V1Reader() override { ReleaseBuffer(); }

  Status Open() override;
  int version() const override { return 1; }
  bool is_closed() const override { return closed_; }
  const std::vector<Track>& tracks() const override { return list_.tracks; }
  const Json& meta() const override { return meta_; }
  const TrackTotals& totals(uint32_t track) const override { return totals_[track]; }
  Status Attachment(uint32_t track, ByteSpan* bytes) override;
  void Discard(uint32_t track, bool discard) override { discarded_[track] = discard; }

  Status Next(ReadBlock* block) override;
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  Status Rewind() override;

  void IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) override;
  Status IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                      size_t* copied) override;

  Status FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) override;
  Status DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                     uint64_t* total) override;
  Status KeyframesBetween(uint32_t track, int64_t from, int64_t to, std::span<BlockInfo> out,
                          uint64_t* total) override;
  Status BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) override;
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override;

  Source& source() override { return source_; }
  int64_t io_error() const override { return source_.io_error(); }
  bool NextWarning(std::string* text) override;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  // A CORE chunk in file order.
  struct Core {
    uint64_t offset = 0;  // of the chunk
    uint32_t length = 0;
    uint32_t flags = 0;
    int32_t track = -1;   // index
    uint32_t ordinal = 0;
    uint16_t track_id = 0;
    uint64_t end() const { return offset + length + kChunkOverhead; }
  };
  struct Damage {
    uint64_t offset = 0;
    std::string message;
  };
  // A block of a stream that came before its turn.
  struct Waiting {
    Core core;
    Bytes payload;
  };

  // v1_reader_open.cc
  Status ReadChunks(bool until_core);
  Status ReadChunk(const ChunkHeader& header);
  Status CheckChunk(const ChunkHeader& header);
  Status AddCore(const ChunkHeader& header);
  Status PassOverDamage(Status damage);
  Status IsValidChunk(uint64_t offset, const ChunkHeader& header, bool* valid);
  void TakeDescriptions();
  bool TakeLoggedTracks(const Json& log);
  void LoadLog(const Json& log);
  void AddUnknownTracks();
  void MatchLog();
  uint32_t MatchCore(const Core& core);
  void CountTotals();

  // v1_reader.cc
  Status NextOfFile(ReadBlock* block);
  Status NextOfStream(ReadBlock* block);
  Status ReadStreamCore(std::optional<Waiting>* read);
  Status HandOut(uint32_t number, const Core& core, ByteSpan payload, ReadBlock* block);
  Status ReadCore(const Core& core, ByteSpan* payload);
  Status Alloc(size_t size, uint8_t** data);
  void ReleaseBuffer();
  uint32_t block_count() const;
  const Core* CoreOf(uint32_t number) const;
  const BlockRecord& Record(uint32_t number, const Core& core);
  BlockTable& Table();
  void Warn(std::string text);

  Source source_;
  ChunkReader chunks_;
  BufferAllocator& allocator_;
  const bool keep_corrupt_;

  TrackList list_;
  Json meta_ = Json::object();
  std::optional<Bytes> trak_, meta_chunk_;  // the first of each counts
  std::map<uint32_t, Bytes> attachments_;   // by track id
  std::vector<TrackTotals> totals_;
  uint64_t table_bytes_ = 0;  // of all seek tables
  bool closed_ = false;
  bool seekable_ = false;

  uint64_t position_ = 0;  // of the next chunk
  uint64_t core_before_ = 0;
  std::vector<Core> cores_;
  std::vector<Damage> damage_;
  size_t next_damage_ = 0;

  // Blocks have numbers in the order they are handed out in: those of the log, else their place in the file.
  std::optional<V1BlockLog> log_;
  size_t matched_ = 0;                   // entries of the log in file order that were passed
  std::vector<uint32_t> core_of_block_;  // by number, into cores_; kNone: the file does not have it
  uint32_t next_ = 0;                    // number
  bool filtering_ = false;
  std::vector<uint32_t> first_;  // by track, after a seek: blocks before this number are left out
  std::vector<bool> discarded_;
  std::optional<BlockTable> table_;  // once something is looked up

  // An input that cannot seek: blocks that are waited for, and those that came before their turn.
  std::map<uint32_t, Waiting> waiting_;
  std::vector<bool> lost_;
  size_t waiting_bytes_ = 0;
  bool at_end_ = false;
  std::vector<uint32_t> ordinals_;  // by track

  void* buffer_ = nullptr;
  BlockRecord record_;
  bool reported_ = false;  // damage of the next block
  std::deque<std::string> warnings_;
};

}  // namespace h4mk

#endif  // H4MK_FILE_V1_READER_H_
