// SPDX-License-Identifier: MIT
// protection.md, "Scheme living" and "Living Cipher v4": keys that lead forward only.
#ifndef H4MK_CRYPTO_KEY_CHAIN_H_
#define H4MK_CRYPTO_KEY_CHAIN_H_

#include <vector>

#include "crypto/hkdf.h"

namespace h4mk {

// The end of a chain of keys. From it one cannot get back to the keys that it gave before.
class KeyChain {
 public:
  KeyChain() = default;
  explicit KeyChain(const Key& start) : key_(start) {}

  // The next key; the chain goes on.
  Key Next() {
    const Key used = ExpandLabel(key_, "living key");
    key_ = ExpandLabel(key_, "living next");
    return used;
  }

 private:
  Key key_;
};

// The keys of the blocks of one track, one for each, which are the leaves of a tree: any of them is
// 64 steps away from the top. A writer forgets: it keeps no key that leads back to blocks before
// the last one. A reader keeps the way down to the last key, so that the next one is near.
class LivingTrack {
 public:
  LivingTrack() = default;
  LivingTrack(const Key& top, bool forgets) : forgets_(forgets) { known_.push_back({top, 0, 64}); }

  // Whether the key of a block was forgotten.
  bool IsPast(uint64_t ordinal) const {
    return known_.empty() || (forgets_ && ordinal < known_.back().first);
  }
  // The key of a block. REQUIRES: !IsPast(ordinal).
  Key Take(uint64_t ordinal) {
    while (!known_.back().Holds(ordinal)) known_.pop_back();
    while (known_.back().height > 0) {
      const Node node = known_.back();
      if (forgets_) known_.pop_back();
      const unsigned height = node.height - 1;
      const uint64_t middle = node.first + (uint64_t{1} << height);
      if (forgets_ || ordinal >= middle)
        known_.push_back({ExpandLabel(node.key, "living right"), middle, height});
      if (ordinal < middle)
        known_.push_back({ExpandLabel(node.key, "living left"), node.first, height});
    }
    const Key key = ExpandLabel(known_.back().key, "living key");
    known_.pop_back();
    return key;
  }

 private:
  struct Node {  // of 2^height ordinals
    Key key;
    uint64_t first = 0;
    unsigned height = 0;

    bool Holds(uint64_t ordinal) const {
      return ordinal >= first && (height == 64 || (ordinal - first) >> height == 0);
    }
  };

  bool forgets_ = false;
  // A writer's: the subtrees that are left, the next one last. A reader's: the way from the top to
  // the last key.
  std::vector<Node, SecretAllocator<Node>> known_;
};

}  // namespace h4mk

#endif  // H4MK_CRYPTO_KEY_CHAIN_H_
