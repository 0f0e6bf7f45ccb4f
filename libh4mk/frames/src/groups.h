// SPDX-License-Identifier: MIT
// Which blocks have to be decoded for some frames: groups, each from a seek point on.
#ifndef H4MK_FRAMES_GROUPS_H_
#define H4MK_FRAMES_GROUPS_H_

#include <h4mk/frames.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

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

  uint64_t bytes() const;
};

class GroupFinder {
 public:
  GroupFinder(h4mk_reader* reader, uint32_t track, const std::atomic<bool>& cancelled)
      : reader_(reader), track_(track), cancelled_(cancelled) {}

  // The groups of frames whose numbers rise; `wanted[i].block` is filled in.
  Outcome Find(std::vector<Wanted> wanted, std::vector<Group>* groups);

  // The clusters that hold the group of a frame, by the index alone where the index has the times
  // of frames. It is a guess: a frame can stand behind the next seek point. *found is
  // false where the index does not tell.
  Outcome FindClusters(uint64_t number, h4mk_range* clusters, bool* found);

  // Lets a group begin so many seek points earlier, or as many as there are. *found is false if
  // there is none.
  Outcome Lengthen(Group* group, uint64_t seek_points, bool* found);

 private:
  Outcome StartGroup(Wanted wanted, std::vector<Group>* groups);
  Outcome GoOn(Wanted wanted, const h4mk_block_info& frame, std::vector<Group>* groups);

  Outcome ReadSeekPoints();

  h4mk_reader* reader_;
  uint32_t track_;
  const std::atomic<bool>& cancelled_;
  std::vector<h4mk_index_entry>
      seek_points_;        // in file order; empty where their times are not in order
  int64_t last_size_ = 0;  // of the group behind the last one, which the index does not tell: the
                           // largest of the others
  bool has_seek_points_ = false;
};

inline int64_t TimeOf(const h4mk_block_info& block) {
  return block.pts != H4MK_NO_TIME ? block.pts : block.dts;
}

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_GROUPS_H_
