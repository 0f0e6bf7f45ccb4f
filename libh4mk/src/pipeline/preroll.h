// SPDX-License-Identifier: MIT
// Which blocks of a track come before its first one after a seek, so that what sounds over into
// that block is known.
#ifndef H4MK_PIPELINE_PREROLL_H_
#define H4MK_PIPELINE_PREROLL_H_

#include <optional>
#include <vector>

#include "file/file_reader.h"

namespace h4mk {

// Where decoding has to begin so that `preroll` blocks before block `target` are decoded too: a
// seek point at or before `key`, which is one at or before the target; fewer blocks where
// the track has no more.
Status FindPrerollStart(FileReader& reader, uint32_t track, const BlockRecord& key, uint64_t target,
                        uint32_t preroll, uint64_t* start);

class Preroll {
 public:
  void Set(size_t track_count, uint32_t track, uint32_t blocks);
  bool is_unused() const { return tracks_.empty(); }
  // Reading begins anew, after a seek or at the start of the file, where nothing comes before.
  void Restart(bool sought);

  // Whether a block that was read is the first one of a track that must begin earlier. If so,
  // Plan() says where.
  bool BeginsAt(const BlockRecord& record);
  bool has_first() const { return first_.has_value(); }
  // kIo, kMemory: to be called again.
  Status Plan(FileReader& file);

  // The blocks that were planned are read by their numbers before reading goes on. The first block
  // of the track is the last of them: lookups have let go of it.
  bool is_reading() const { return next_ <= last_; }
  uint32_t track() const { return track_; }
  uint64_t next() const { return next_; }
  // Passes over numbers that the file does not have. kIo, kMemory: to be called again.
  Status PassLost(FileReader& file);
  // That block was read, and is marked if it is only to be decoded; null: it could not be.
  void Passed(ReadBlock* block);

 private:
  struct TrackState {
    uint32_t preroll = 0;
    bool is_due = false;  // the track's next block is its first one after a seek
  };

  std::vector<TrackState> tracks_;    // those of the file, once one of them has a preroll
  std::optional<BlockRecord> first_;  // where a track would begin, until Plan() is done
  uint32_t track_ = 0;
  uint64_t next_ = 1, last_ = 0;
  BlockRecord record_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_PREROLL_H_
