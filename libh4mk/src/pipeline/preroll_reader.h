// SPDX-License-Identifier: MIT
// A FileReader over another that begins tracks earlier after a seek, so that what sounds over into
// their first block is known.
#ifndef H4MK_PIPELINE_PREROLL_READER_H_
#define H4MK_PIPELINE_PREROLL_READER_H_

#include <memory>
#include <optional>
#include <vector>

#include "pipeline/forwarding_reader.h"

namespace h4mk {

// Where decoding has to begin so that `preroll` blocks before block `target` are decoded too: a
// random access point at or before `key`, which is one at or before the target; fewer blocks where
// the track has no more.
Status FindPrerollStart(FileReader& reader, uint32_t track, const BlockRecord& key, uint64_t target,
                        uint32_t preroll, uint64_t* start);

// What h4mk_reader_set_preroll() promises.
class PrerollReader final : public ForwardingReader {
 public:
  // `file` is open.
  using ForwardingReader::ForwardingReader;

  void SetPreroll(uint32_t track, uint32_t blocks);

  Status Next(ReadBlock* block) override;
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  Status Rewind() override;

 private:
  struct TrackState {
    uint32_t preroll = 0;
    bool is_due = false;  // the track's next block is its first one after a seek
  };

  void StartAgain(bool sought);
  Status BeginEarlier();
  Status NextEarlier(ReadBlock* block);

  std::vector<TrackState> tracks_;    // those of the file, once one of them has a preroll
  std::optional<BlockRecord> first_;  // where a track would begin, until it is known where it does
  // Blocks of a track that are handed out before reading goes on: those before last_ are only to be
  // decoded.
  uint32_t track_ = 0;
  uint64_t next_ = 1, last_ = 0;
  BlockRecord record_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_PREROLL_READER_H_
