// SPDX-License-Identifier: MIT
// Finds blocks that are missing from an encrypted file, or come again, by their numbers
// (protection.md, "Encrypted blocks").
#ifndef H4MK_PIPELINE_BLOCK_SEQUENCE_H_
#define H4MK_PIPELINE_BLOCK_SEQUENCE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace h4mk {

class BlockSequence {
 public:
  enum class Verdict { kNext, kMissingBefore, kTooLate };

  // Compares a block's number with what its track expects. kMissingBefore is said once, and not
  // where damage was reported: the same block is kNext when it is asked for again.
  Verdict Judge(size_t track, uint64_t ordinal);
  // A block was found to be what was encrypted: its track expects the number behind it.
  void Pass(size_t track, uint64_t ordinal);
  // The number that the next block of a track should have.
  uint64_t expected(size_t track) const { return tracks_[track].next; }
  // Whether a track that was read to the end of the file lacks blocks: it has `blocks`.
  bool EndsEarly(size_t track, uint64_t blocks) const;

  void GrowTo(size_t track_count);
  // Blocks may be missing from here on, of a track or, where nobody knows, of any: damage was
  // reported.
  void NoteDamage(size_t track) { tracks_[track].gap_reported = true; }
  void NoteDamage();
  void Restart(bool from_start);
  void Discard(size_t track, bool discard);

 private:
  struct Track {
    uint64_t next = 0;
    bool is_known = true;       // false after a seek, until a block of the track was read
    bool gap_reported = false;  // or damage, since the last block
    bool is_discarded = false;
  };
  std::vector<Track> tracks_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_BLOCK_SEQUENCE_H_
