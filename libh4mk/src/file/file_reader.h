// SPDX-License-Identifier: MIT
// What every reader of a file does, whatever version or dialect it reads: the library's side of
// h4mk_reader. Reader reads version 2, V1Reader version 1, TransportReader the transport dialect;
// open/open_file.h chooses.
#ifndef H4MK_FILE_FILE_READER_H_
#define H4MK_FILE_FILE_READER_H_

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/io.h"
#include "base/json.h"
#include "base/status.h"
#include "cluster/cluster_index.h"
#include "file/tracks.h"
#include "index/index_page.h"

namespace h4mk {

enum class SeekMode { kBackward, kForward };

// A block that was read. Everything pointed to is valid until the next call.
struct ReadBlock {
  const BlockRecord* record = nullptr;
  const uint8_t* data = nullptr;
  bool corrupt = false;
  int64_t offset = 0;            // of the data in the file
  uint64_t chunk_offset = 0;     // of the cluster; version 2 only
  void* buffer = nullptr;        // of the allocator, which data lies in; may be null
  int64_t external_offset = -1;  // of data that came from another file: where it stands there, and
                                 // offset is that of the cluster's data
  std::span<const SideData> side_data;
};

// Whether an error of Next() costs a block only: the next call goes on behind it.
inline bool CostsBlock(Code code) {
  return code == Code::kCorrupt || code == Code::kUnsupported || code == Code::kNotFound;
}

// What a call of Next() has left out because it is damaged.
struct LostBlocks {
  std::vector<uint32_t> tracks;  // of blocks that were passed over; a track may come again
  bool any_track = false;        // damage hit what would tell the tracks
};

// It has no default values, so that an array which will be filled is not cleared first.
struct IndexEntry {
  uint64_t offset;  // of the chunk
  int64_t time;
};

// A block that was looked up, without its bytes.
struct BlockInfo {
  BlockRecord record;
  uint64_t chunk = 0;  // offset of the chunk it is in
  int64_t offset = 0;  // of its data; in the other file, if it is external
};

// Lookups by time and by number. Into `out` goes what it has room for; *total is how many there
// are.
class Lookups {
 public:
  virtual ~Lookups() = default;

  // The last seek point at or before a time (the last of equal ones): kNotFound.
  virtual Status FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) = 0;
  // What must be decoded to show what is shown at a time: the chain of the last frame that is not
  // later. Empty: there is none, or it cannot be decoded.
  virtual Status DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                             uint64_t* total) = 0;
  // Seek points with from <= time <= to, in the order that they are read in.
  virtual Status KeyframesBetween(uint32_t track, int64_t from, int64_t to,
                                  std::span<BlockInfo> out, uint64_t* total) = 0;
  // The block with a number within its track: kNotFound.
  virtual Status BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) = 0;
  // Copies blocks in file order from the one with number `first` on, or the next that is there;
  // *copied is smaller than out.size() if there are no more.
  virtual Status Blocks(uint32_t track, uint64_t first, std::span<BlockInfo> out,
                        size_t* copied) = 0;

  // Frames, numbered as they are shown (core.md, "Frames"); totals().frames() says how many there
  // are. The block of a frame, and what must be decoded to show it (core.md, "Decode chain";
  // nothing if it cannot be): kNotFound.
  virtual Status FindFrame(uint32_t track, uint64_t number, BlockInfo* info) = 0;
  virtual Status FrameChain(uint32_t track, uint64_t number, std::span<BlockInfo> out,
                            uint64_t* total) = 0;
  // The last frame that is not later than a time: kNotFound.
  virtual Status FindFrameAt(uint32_t track, int64_t time, uint64_t* number, BlockInfo* info) = 0;
  // Copies the times of frames from number `first` on; *copied is smaller than out.size() if there
  // are no more.
  virtual Status FrameTimes(uint32_t track, uint64_t first, std::span<int64_t> out,
                            size_t* copied) = 0;
};

// Whether the tracks and META may be used as descriptions behind blocks of a file say.
using DescriptionCheck = std::function<Status(const std::vector<Track>& tracks, const Json& meta)>;

class FileReader {
 public:
  virtual ~FileReader() = default;

  virtual Status Open() = 0;

  virtual int version() const = 0;  // as h4mk_reader_version()
  virtual bool is_closed() const = 0;
  virtual const std::vector<Track>& tracks() const = 0;
  virtual const Json& meta() const = 0;
  virtual const TrackTotals& totals(uint32_t track) const = 0;
  virtual Status Attachment(uint32_t track, ByteSpan* bytes) = 0;
  virtual void Discard(uint32_t track, bool discard) = 0;

  // Sets what is asked before descriptions are used that stand behind blocks of the file.
  virtual void SetDescriptionCheck(DescriptionCheck) {}

  // What has changed in tracks() and meta() since this was asked last, as kChanged… together.
  // Tracks are added behind those that were there; their indexes stay.
  static constexpr unsigned kChangedTracks = 1, kChangedMeta = 2;
  unsigned TakeChanges() { return std::exchange(changes_, 0u); }

  // The next block in file order; *block is valid until the next call. kEnd, kAgain, kCorrupt as
  // h4mk_reader_next().
  virtual Status Next(ReadBlock* block) = 0;
  // Of the last Next(); version 2 only. Valid until the next call.
  virtual const LostBlocks& lost() const {
    static const LostBlocks none;
    return none;
  }
  virtual Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) = 0;
  virtual Status Rewind() = 0;

  virtual void IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) = 0;
  // Copies entries of a track from number `first` on; *copied is smaller than out.size() if there
  // are no more.
  virtual Status IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                              size_t* copied) = 0;

  // Runs lookups, which need an input that can seek and leave the reading position as it is. `ask`
  // may be run twice, as lookups may show that the index is wrong: what it did the first time must
  // not matter then. The Lookups are valid during the call only.
  virtual Status LookUp(const std::function<Status(Lookups&)>& ask) = 0;
  // The block with a number within its track, with its bytes: kNotFound; kCorrupt as Next().
  virtual Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) = 0;

  // The file's bytes, for callers that look at its chunks.
  virtual Source& source() = 0;
  // Next note of something wrong that did not stop the reader; false if there is none.
  virtual bool NextWarning(Status* warning) = 0;

 protected:
  unsigned changes_ = 0;  // kChanged… that nobody has asked for yet
};

}  // namespace h4mk

#endif  // H4MK_FILE_FILE_READER_H_
