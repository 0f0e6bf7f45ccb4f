// SPDX-License-Identifier: MIT
// One cluster in memory: its index, and as much of its data as was asked for, checked against its
// CRCs.
//
//            Load(), LoadAt()             LoadData()
//   kNothing ----------------> kIndex ----------------> kWhole
//       ^  \---------------------------------------------^  Load(whole)
//       |          Reset(), and a Load() that fails
//       +--------------------------------------------------
#ifndef H4MK_READER_CLUSTER_LOADER_H_
#define H4MK_READER_CLUSTER_LOADER_H_

#include <optional>
#include <vector>

#include "base/io.h"
#include "chunk/chunk_format.h"
#include "cluster/cluster_index.h"
#include "file/file_reader.h"

namespace h4mk {

// Memory for payloads; the library's side of h4mk_buffers (h4mk.h).
class BufferAllocator {
 public:
  virtual ~BufferAllocator() = default;
  virtual void* Alloc(size_t size, uint8_t** data) = 0;  // null: out of memory
  virtual void Release(void* handle) = 0;
};

// Readable bytes behind every block's data.
inline constexpr size_t kBlockPadding = 64;

class ClusterLoader {
 public:
  ClusterLoader(Source& source, const TrackIds& tracks, BufferAllocator& allocator)
      : source_(source), tracks_(tracks), allocator_(allocator) {}
  ~ClusterLoader() { Reset(); }
  ClusterLoader(const ClusterLoader&) = delete;
  ClusterLoader& operator=(const ClusterLoader&) = delete;

  // Gives the memory back and holds no cluster any more.
  void Reset();

  // Reads the cluster whose chunk stands at offset: all of it (whole), or its index only; then data
  // is read as blocks are fetched, which also is how large clusters are read on seekable inputs.
  // kAgain: the file ends inside the chunk. kCorrupt: the index cannot be used; damaged data shows
  // in Fetch().
  Status Load(uint64_t offset, const ChunkHeader& header, bool whole);

  // The outline of the index of a cluster that a seek has led to, with its header and what it
  // begins with in one read. extent: how many bytes lie between its beginning and the next
  // cluster's, 0 if that is not known.
  Status LoadAt(uint64_t offset, uint64_t extent);

  // What an outline leaves out: all blocks. Before, index().blocks() is empty.
  Status Complete() { return index_.Complete(); }
  bool FindKey(int32_t track, int64_t time, bool first_of_time, BlockRecord* key) {
    return index_.FindKey(track, time, first_of_time, key);
  }

  // Reads all the data of a cluster that was loaded without. REQUIRES: no block was fetched.
  Status LoadData();

  bool loaded() const { return state_ != State::kNothing; }
  // How often a load has begun: as long as it is the same, so are the blocks.
  uint64_t loads() const { return loads_; }
  bool Holds(uint64_t offset) const { return loaded() && offset_ == offset; }
  const ClusterIndex& index() const { return index_; }
  uint64_t offset() const { return offset_; }
  uint64_t end() const { return offset_ + header_.size(); }
  void* buffer() const { return buffer_; }
  // Offset of the data in the file.
  uint64_t data_offset() const { return offset_ + kChunkHeaderSize + index_.data_start(); }

  // The header behind this chunk, if it was read along; and then the CRC of this chunk.
  const std::optional<ChunkHeader>& next_header() const { return next_header_; }
  uint32_t stored_crc() const { return stored_crc_; }
  // Where a block is.
  BlockInfo InfoOf(const BlockRecord& block) const;

  // Makes a block's data available at data(block). kCorrupt: a CRC over it failed (the bytes are
  // there all the same).
  Status Fetch(const BlockRecord& block) {
    return all_ready_ && !has_bad_ ? Status() : FetchSlow(block);
  }
  // The same, and the data of its track behind it by the same read: for callers that go on there.
  Status FetchOn(const BlockRecord& block);
  const uint8_t* data(const BlockRecord& block) const { return data_ + block.offset; }

 private:
  enum class State { kNothing, kIndex, kWhole };
  enum class IndexForm { kAll, kOutline };

  void Start(uint64_t offset, const ChunkHeader& header);
  Status LoadRest(IndexForm form, bool whole);
  Status ReadIndex(IndexForm form);
  Status ReadUntil(size_t needed);
  Status TakeBuffer(uint64_t size, uint8_t** bytes);
  Status GiveBack(Status status);
  Status LoadWhole();
  Status ParseIndex();
  void StartData();
  void CheckRead();
  Status Incomplete() const;
  Status FetchSlow(const BlockRecord& block);
  Status MakeReady(uint64_t from, uint64_t until);
  Status ReadData(uint64_t from, uint64_t until);
  void CheckStripes(size_t first, size_t last);
  Status CheckLength() const;

  Source& source_;
  const TrackIds& tracks_;
  BufferAllocator& allocator_;

  State state_ = State::kNothing;
  uint64_t loads_ = 0;
  uint64_t offset_ = 0;
  ChunkHeader header_;
  ClusterIndex index_;

  Bytes front_;  // room for the header and the beginning of the payload, until there is a buffer
  void* buffer_ = nullptr;
  uint8_t* payload_ =
      nullptr;  // the chunk's payload and what was read along behind it, in one of these
  uint8_t* data_ = nullptr;  // the blocks' data in it
  size_t read_until_ = 0;    // bytes of the payload that were read

  // Data that is read and checked, and what of it failed (by stripe; bad_[0] for all if there are
  // none).
  bool all_ready_ = false;
  std::vector<bool> ready_, bad_;
  bool has_bad_ = false;

  std::optional<ChunkHeader> next_header_;
  uint32_t stored_crc_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_READER_CLUSTER_LOADER_H_
