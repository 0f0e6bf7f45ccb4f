// SPDX-License-Identifier: MIT
// Which blocks have to be decoded for some frames: groups, each from a seek point on.
#ifndef H4MK_FRAMES_GROUPS_H_
#define H4MK_FRAMES_GROUPS_H_

#include <h4mk/frames.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <vector>

#include "near_blocks.h"
#include "outcome.h"

namespace h4mk::frames {

// A frame that was asked for.
struct Wanted {
  uint64_t number = 0;
  size_t block = 0;               // position in the group
  std::vector<size_t> positions;  // in the request, all of them
};

struct Group {
  std::vector<h4mk_block_info> blocks;  // in decoding order
  std::vector<Wanted> wanted;           // by number
  // The least time of a seek point behind the first block: frames from there on need a group of
  // their own.
  int64_t next_seek_time = std::numeric_limits<int64_t>::max();
  uint64_t tiny_blocks = 0;  // how many of blocks, without what Lengthen() has added

  uint64_t bytes() const;
};

class GroupFinder {
 public:
  GroupFinder(h4mk_reader* reader, uint32_t track, const std::atomic<bool>& cancelled)
      : reader_(reader), track_(track), cancelled_(cancelled), near_(reader, track) {}

  // What Find() may take in all is counted from here on. The file may have grown since the last
  // one.
  Outcome StartRequest();

  // The groups of the first frames of those whose numbers rise: of *count frames, which are moved
  // from, and as many as may be held at once, at least one. `wanted[i].block` is filled in.
  Outcome Find(std::span<Wanted> wanted, std::vector<Group>* groups, size_t* count);

  // The clusters that hold the group of a frame, by the index alone where the index has the times
  // of frames. It is a guess: a frame can stand behind the next seek point. *found is
  // false where the index does not tell.
  Outcome FindClusters(uint64_t number, h4mk_range* clusters, bool* found);

  // Lets a group begin so many seek points earlier, or as many as there are. *found is false if
  // there is none.
  Outcome Lengthen(Group* group, uint64_t seek_points, bool* found);

 private:
  // These set *is_full instead of beginning one group too many.
  Outcome Place(Wanted* wanted, std::vector<Group>* groups, bool* is_full);
  Outcome GoOn(Wanted* wanted, const h4mk_block_info& frame, size_t index,
               std::vector<Group>* groups, bool* is_full);
  Outcome StartGroup(Wanted* wanted, std::vector<Group>* groups, bool* is_full);
  Outcome AddGroup(std::span<const h4mk_block_info> blocks, Wanted* wanted,
                   std::vector<Group>* groups, bool* is_full);
  Outcome Append(std::span<const h4mk_block_info> blocks, Wanted* wanted, Group* group);
  Outcome LookBetween(uint64_t first, const h4mk_block_info& frame,
                      std::vector<h4mk_block_info>* between, bool* is_new);
  Outcome ReadChain(uint64_t number, std::vector<h4mk_block_info>* chain);

  Outcome ReadSeekPoints();

  h4mk_reader* reader_;
  uint32_t track_;
  const std::atomic<bool>& cancelled_;
  NearBlocks near_;
  std::map<uint64_t, size_t> by_front_;         // the groups that were found, by their first block
  uint64_t held_frames_ = 0, held_blocks_ = 0;  // of these groups
  // Of the request: blocks of groups, how many there may be, those looked at in vain, and those of
  // chains that turned out to be of a known group: then the index misleads.
  uint64_t blocks_ = 0, most_blocks_ = 0, in_vain_ = 0, joined_ = 0;
  std::vector<h4mk_index_entry>
      seek_points_;        // in file order; empty where their times are not in order
  int64_t last_size_ = 0;  // of the group behind the last one, which the index does not tell: the
                           // largest of the others
  bool has_seek_points_ = false;
  uint64_t indexed_ = 0;  // how many the index had when they were read: a file may grow
};

inline int64_t TimeOf(const h4mk_block_info& block) {
  return block.pts != H4MK_NO_TIME ? block.pts : block.dts;
}

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_GROUPS_H_
