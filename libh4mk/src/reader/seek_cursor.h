// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_SEEK_CURSOR_H_
#define H4MK_READER_SEEK_CURSOR_H_

#include <optional>
#include <variant>

#include "reader/seek_planner.h"

namespace h4mk {

// How far a seek has come. The block that it asked for is handed out first, so that one cluster has
// to be read for it and no more. Only when the caller reads on, those clusters follow where other
// tracks begin, up to the one of the target, from which on reading goes on in file order:
//
//   Idle ──Start──> PendingTarget ──SetFound──> FoundTarget ──SetDelivered──> DeliveredTarget
//    ^                    └───────────────SetDelivered (no block)───────────────────^   │
//    └────Enter (the first cluster without anything to skip)──── OnRoute <──SetRoute────┘
//
// Another seek starts from any state, and Reset() (a rewind) ends in Idle.
class SeekCursor {
 public:
  // Reading goes on in file order. All blocks of the current cluster are handed out.
  struct Idle {};

  // Entered by a seek, which has not read the target's cluster if the index tells enough. Left when
  // that is the current one. What the index says may turn out to be wrong then; the request is
  // there to be made again.
  struct PendingTarget {
    SeekRequest request;
    SeekTarget target;
  };

  // The block is in the current cluster and handed out next. Left once it was, or cannot be.
  struct FoundTarget {
    PendingTarget sought;
    BlockRecord block;
  };

  // A block that was handed out before its turn; it is skipped when it comes by.
  struct DeliveredBlock {
    BlockRecord block;
    uint64_t cluster = 0;              // offset
    bool has_reported_damage = false;  // of the cluster's data
  };

  // The target was handed out, or is not to be had. Left when reading goes on: a caller who wants
  // only the target does not pay for the route.
  struct DeliveredTarget {
    SeekTarget target;
    std::optional<DeliveredBlock> delivered;
  };

  // On the way over the route, and behind it until every track has begun.
  struct OnRoute {
    SeekRoute route;
    std::optional<DeliveredBlock> delivered;

    // Whether a cluster has blocks that are wanted: of a track that has begun, or begins there,
    // and was not discarded after the seek.
    bool IsWanted(uint64_t cluster, const BlockFilter& filter) const;
  };

  bool is_idle() const { return std::holds_alternative<Idle>(state_); }
  // The state, or null in another.
  template <typename State>
  State* As() {
    return std::get_if<State>(&state_);
  }

  // What is sought, or was found. REQUIRES: PendingTarget or FoundTarget.
  const PendingTarget& sought() const;

  void Reset() { state_ = Idle(); }
  void Start(const SeekRequest& request, const SeekTarget& target) {
    state_ = PendingTarget{request, target};
  }
  // REQUIRES: PendingTarget.
  void SetFound(const BlockRecord& block);
  // Returns the block. REQUIRES: FoundTarget, its block was handed out or left out.
  const BlockRecord* SetDelivered(uint64_t cluster, bool has_reported_damage);
  // There is no block to hand out. REQUIRES: PendingTarget.
  void SetNotDelivered();
  // REQUIRES: DeliveredTarget.
  void SetRoute(SeekRoute route);

  // A cluster became the current one. Returns whether damage to its data was reported before.
  bool Enter(ClusterLoader& cluster);
  // Whether a block, and its position, of the cluster that was entered last is left out.
  bool Skips(const BlockRecord& block, size_t position, uint64_t cluster) const;
  // The offset of a cluster that was read for the target and comes again.
  std::optional<uint64_t> comes_again() const;

 private:
  std::variant<Idle, PendingTarget, FoundTarget, DeliveredTarget, OnRoute> state_;
};

}  // namespace h4mk

#endif  // H4MK_READER_SEEK_CURSOR_H_
