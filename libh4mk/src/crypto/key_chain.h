// SPDX-License-Identifier: MIT
// protection.md, "Scheme living" and "Living Cipher v4": keys that lead forward only.
#ifndef H4MK_CRYPTO_KEY_CHAIN_H_
#define H4MK_CRYPTO_KEY_CHAIN_H_

#include <vector>

#include "crypto/hkdf.h"

namespace h4mk {

// The end of a chain of keys: what was derived from it before cannot be had from it again.
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
// 64 steps away, and none leads back to those before it.
class LivingTrack {
 public:
  LivingTrack() = default;
  explicit LivingTrack(const Key& top) { ahead_.push_back({top, 0, 64}); }

  // Whether the key of a block was passed already.
  bool IsPast(uint64_t ordinal) const { return ahead_.empty() || ordinal < ahead_.back().first; }
  // The key of a block; those before it are gone. REQUIRES: !IsPast(ordinal).
  Key Take(uint64_t ordinal) {
    while (!ahead_.back().Holds(ordinal)) ahead_.pop_back();
    while (ahead_.back().height > 0) {
      const Node node = ahead_.back();
      ahead_.pop_back();
      const unsigned height = node.height - 1;
      const Node right = {ExpandLabel(node.key, "living right"),
                          node.first + (uint64_t{1} << height), height};
      ahead_.push_back(right);
      if (!right.Holds(ordinal))
        ahead_.push_back({ExpandLabel(node.key, "living left"), node.first, height});
    }
    const Key key = ExpandLabel(ahead_.back().key, "living key");
    ahead_.pop_back();
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

  std::vector<Node, SecretAllocator<Node>> ahead_;  // the next one last
};

}  // namespace h4mk

#endif  // H4MK_CRYPTO_KEY_CHAIN_H_
