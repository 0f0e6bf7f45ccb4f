// SPDX-License-Identifier: MIT
// protection.md, "Scheme living": keys that lead forward only.
#ifndef H4MK_PROTECT_KEY_CHAIN_H_
#define H4MK_PROTECT_KEY_CHAIN_H_

#include "protect/hkdf.h"

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

// The keys of the blocks of one track, one for each.
class LivingTrack {
 public:
  LivingTrack() = default;
  explicit LivingTrack(const Key& start) : epochs_(start) {}

  // Whether the key of a block was passed already.
  bool IsPast(uint64_t ordinal) const { return ordinal < next_; }
  // The key of a block; those before it are gone. REQUIRES: !IsPast(ordinal).
  Key Take(uint64_t ordinal) {
    constexpr uint64_t kEpoch = 1024;
    if (ordinal / kEpoch >= epochs_taken_) {
      Key epoch;
      for (; epochs_taken_ <= ordinal / kEpoch; ++epochs_taken_) epoch = epochs_.Next();
      blocks_ = KeyChain(epoch);
      next_ = ordinal / kEpoch * kEpoch;
    }
    for (; next_ < ordinal; ++next_) blocks_.Next();
    ++next_;
    return blocks_.Next();
  }

 private:
  KeyChain epochs_, blocks_;
  uint64_t epochs_taken_ = 0;
  uint64_t next_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_PROTECT_KEY_CHAIN_H_
