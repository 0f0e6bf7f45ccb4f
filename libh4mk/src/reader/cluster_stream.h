// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_CLUSTER_STREAM_H_
#define H4MK_READER_CLUSTER_STREAM_H_

#include "reader/block_filter.h"
#include "reader/chunk_cursor.h"
#include "reader/cluster_loader.h"
#include "reader/file_index.h"

namespace h4mk {

// Reads the clusters of a file in file order, past damage and up to an end that may still move. On
// the way it takes in later descriptions and checks the container checksum.
class ClusterStream {
 public:
  // All must outlive this.
  ClusterStream(Source& source, FileIndex& file, Warnings& warnings);

  // Opens the file and stands before its first cluster.
  Status Open() { return file_.Open(&cursor_); }

  // Loads the next cluster; of one with much data of discarded tracks only the index. kCorrupt:
  // something before it could not be read, and the next call goes on behind that. kAgain: the file
  // has no end yet. kEnd.
  Status Next(const BlockFilter& filter, ClusterLoader* cluster);

  // What is at position() cannot be read: finds where to go on. Returns the damage with that place,
  // or what Next() returns at the end.
  Status Skip(const Status& damage, ClusterLoader* cluster);

  void Rewind();
  // Goes to a chunk elsewhere: nothing can be said about the container checksum any more.
  void MoveTo(uint64_t offset);
  // Goes behind a cluster that was loaded from position().
  void MoveBehind(const ClusterLoader& cluster);

 private:
  Status LoadCluster(const ChunkHeader& header, const BlockFilter& filter, ClusterLoader* cluster);
  Status PassOver(const ChunkHeader& header);
  Status ReadChunk(const ChunkHeader& header, int64_t file_size, const BlockFilter& filter,
                   ClusterLoader* cluster);
  bool IsUnfinishedCluster(const ChunkHeader& header);
  Status SkipCutChunk(const ChunkHeader& header, ClusterLoader* cluster);
  Status GoOnAt(uint64_t found, const Status& damage);
  bool CanReadOn(int64_t size);
  Status AtEnd(ClusterLoader* cluster);

  Source& source_;
  ChunkReader chunks_;
  FileIndex& file_;
  Warnings& warnings_;
  ChunkCursor cursor_;
  bool saw_locator_ = false;  // it is the chunk before position()
  bool is_cut_off_ = false;   // an input that cannot seek ends in something that cannot be read
};

}  // namespace h4mk

#endif  // H4MK_READER_CLUSTER_STREAM_H_
