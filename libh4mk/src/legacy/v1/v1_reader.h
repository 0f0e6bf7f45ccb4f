// SPDX-License-Identifier: MIT
// Plays a file of version 1: one CORE chunk a block, without H4TB; where META has a block log, in
// decoding order with exact times (legacy.md, "Version 1"). With an input that can seek, the chunk
// headers of the whole file are read when it is opened (32 bytes of memory a block), since version
// 1 has no way to find its end; without, blocks are read as they come.
#ifndef H4MK_LEGACY_V1_V1_READER_H_
#define H4MK_LEGACY_V1_V1_READER_H_

#include <map>
#include <optional>

#include "chunk/chunk_reader.h"
#include "legacy/table_reader.h"
#include "legacy/v1/v1_block.h"
#include "legacy/v1/v1_block_log.h"

namespace h4mk {

class V1Reader final : public TableReader {
 public:
  // What the source reads from, and the allocator, must outlive the reader.
  V1Reader(Source source, BufferAllocator& allocator, bool keep_corrupt);

  Status Open() override;
  int version() const override { return 1; }
  Status Attachment(uint32_t track, ByteSpan* bytes) override;

  Status Next(ReadBlock* block) override;
  Status Rewind() override;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  // A CORE chunk in file order.
  struct Core {
    uint64_t offset = 0;  // of the chunk
    uint32_t length = 0;
    uint32_t flags = 0;
    int32_t track = -1;  // index
    uint32_t ordinal = 0;
    uint16_t track_id = 0;
  };
  // A block of a stream that came before its turn.
  struct Waiting {
    Core core;
    Bytes payload;
  };

  // v1_reader_open.cc
  Status ReadChunks(bool until_core);
  Status TakeChunk(const ChunkHeader& header);
  Status TakeContents(const ChunkHeader& header);
  Status ParseCore(const ChunkHeader& header, ByteSpan front, Core* core) const;
  Status AddCore(const ChunkHeader& header);
  Status PassOverDamage(const Status& damage);
  void TakeDescriptions();
  bool TakeLoggedTracks(const Json& log);
  void LoadLog(const Json& pages);
  void AddUnknownTracks();
  void MatchLog();
  uint32_t MatchCore(const Core& core);

  // v1_reader.cc
  Status NextOfStream(ReadBlock* block);
  Status ReadStream();
  Status AddStreamCore(const ChunkHeader& header);
  void HandOut(uint32_t number, const Core& core, const uint8_t* payload, ReadBlock* block);
  uint32_t block_count() const override;
  bool Describe(uint32_t number, BlockInfo* info) override;
  Status ReadNumbered(uint32_t number, ReadBlock* block) override;
  bool has_table() const override { return seekable_; }
  const char* cut_message() const override { return "the file was cut: it has no container CRC"; }
  const Core* CoreOf(uint32_t number) const;
  const BlockRecord& Record(uint32_t number, const Core& core);

  ChunkReader chunks_;

  std::optional<Bytes> trak_, meta_chunk_;  // the first of each counts
  std::map<uint32_t, Bytes> attachments_;   // by track id
  bool seekable_ = false;

  uint64_t position_ = 0;  // of the next chunk
  std::vector<Core> cores_;

  // Blocks have numbers in the order they are handed out in: those of the log, else their place in
  // the file.
  std::optional<V1BlockLog> log_;
  size_t matched_ = 0;                   // entries of the log in file order that were passed
  std::vector<uint32_t> core_of_block_;  // by number, into cores_; kNone: the file does not have it

  // An input that cannot seek: blocks that are waited for, and those that came before their turn.
  std::map<uint32_t, Waiting> waiting_;
  std::vector<bool> lost_;
  size_t waiting_bytes_ = 0;
  bool at_end_ = false;
  std::vector<uint32_t> ordinals_;  // by track
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_V1_V1_READER_H_
