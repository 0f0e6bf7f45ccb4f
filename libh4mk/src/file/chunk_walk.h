// SPDX-License-Identifier: MIT
// Goes over a file of version 1 or 2 chunk by chunk, past any damage. Needs neither TRAK nor an
// index, and a bounded amount of memory. A reader scans a file without an index with it; verify,
// recover and reindex see all of a file through it.
#ifndef H4MK_FILE_CHUNK_WALK_H_
#define H4MK_FILE_CHUNK_WALK_H_

#include <functional>
#include <type_traits>
#include <vector>

#include "chunk/chunk_reader.h"
#include "cluster/cluster_index.h"

namespace h4mk {

// Reads the index of the cluster whose chunk stands at an offset, and little else. kCorrupt: it
// cannot be used, or contradicts the length in the chunk's header. kIo.
Status ReadClusterIndex(Source& source, uint64_t offset, const ChunkHeader& header,
                        const TrackIds& tracks, ClusterIndex* index);

struct Piece {
  enum class Kind {
    kChunk,        // a whole chunk with a good CRC
    kDamagedData,  // a cluster whose index is good; the data of some blocks is not, see
                   // ChunkWalk::IsGood()
    kGap,          // bytes that are no chunk
    kUnfinished,   // the file ends inside a chunk; of a cluster whose index is there (is_cluster)
                   // some blocks may be good
  };
  Kind kind = Kind::kChunk;
  uint64_t offset = 0;
  uint64_t end = 0;         // of the piece
  ChunkHeader header;       // kGap: what stands where a chunk should begin
  uint32_t crc = 0;         // as stored; not set for what Depth leaves out
  bool is_cluster = false;  // then ChunkWalk::index() is its index
  std::string problem;      // what is wrong, without its place; empty for kChunk
};

class ChunkWalk {
 public:
  enum class Depth {
    kScan,     // as kIndexes, but chunks of more than 1 MiB that hold no blocks are passed over
    kIndexes,  // of clusters only the indexes are read: what blocks there are
    kAll,      // every byte is read, every CRC checked
  };

  // How far the walk has come, and the size of the file; for progress bars.
  using Progress = std::function<void(uint64_t done, uint64_t total)>;

  // The source must be seekable and know its size. Tracks of blocks are looked up in `tracks`,
  // which may change as the walk comes across TRAK. Both must outlive the walk. version is that of
  // the file header.
  ChunkWalk(Source& source, const TrackIds& tracks, int version, Depth depth,
            Progress progress = nullptr);

  // Where the next piece begins; the first one behind the file header.
  uint64_t position() const { return position_; }
  void MoveTo(uint64_t position) { position_ = position; }
  // Goes on there, in the file as it is now.
  void Resume(uint64_t position);
  // The size of the file when the walk began or was resumed, behind which it does not look.
  uint64_t file_size() const { return size_; }

  // The next piece. kEnd: at position() are fewer bytes than a chunk takes, nothing or the
  // container checksum.
  Status Next(Piece* piece);

  // Of the cluster that Next() returned last.
  const ClusterIndex& index() const { return index_; }
  uint64_t data_offset() const { return data_offset_; }
  // Whether the block's data agrees with its CRC. REQUIRES: Depth::kAll.
  bool IsGood(const BlockRecord& block) const;

 private:
  Status CheckCluster(Piece* piece, bool* usable);
  Status CheckSmall(Piece* piece, bool* good);
  using Visit = std::function<void(uint64_t at, ByteSpan bytes)>;
  Status ForPieces(uint64_t begin, uint64_t end, const Visit& visit);
  Status Stream(const Piece& piece, const Visit& visit, uint32_t* actual, uint32_t* stored);
  Status CheckWholeStripes();
  void StartStripes(bool bad);
  void CheckStripes(uint64_t at, ByteSpan bytes);
  Status PassGap(Piece* piece);
  bool IsCluster(const ChunkHeader& header) const;

  Source& source_;
  ChunkReader chunks_;
  const TrackIds& tracks_;
  const int version_;
  const Depth depth_;
  Progress progress_;
  uint64_t size_ = 0;
  uint64_t position_ = 0;

  ClusterIndex index_;
  uint64_t data_offset_ = 0;
  std::vector<bool> bad_;  // by stripe; of data without stripes only one
  size_t stripe_ = 0;      // that is being read
  uint32_t stripe_crc_ = 0;
  Bytes buffer_;
};

// Calls visit(piece) for every piece that is left; what it returns, if anything, is a Status.
template <typename Visit>
Status ForEachPiece(ChunkWalk& walk, Visit visit) {
  for (;;) {
    Piece piece;
    Status status = walk.Next(&piece);
    if (status.code() == Code::kEnd) return {};
    if (!status.ok()) return status;
    if constexpr (std::is_void_v<decltype(visit(piece))>) {
      visit(piece);
    } else {
      H4MK_TRY(visit(piece));
    }
  }
}

}  // namespace h4mk

#endif  // H4MK_FILE_CHUNK_WALK_H_
