// SPDX-License-Identifier: MIT
#ifndef H4MK_LEGACY_FIND_IN_STEPS_H_
#define H4MK_LEGACY_FIND_IN_STEPS_H_

#include <cstddef>
#include <span>

namespace h4mk {

// The last entry that is not later, or null. The steps are part of the definition: they decide what
// an unsorted table answers.
template <typename Entry, typename IsNotLater>
const Entry* FindInSteps(std::span<const Entry> entries, IsNotLater is_not_later) {
  const Entry* found = nullptr;
  while (!entries.empty()) {
    const size_t middle = (entries.size() - 1) / 2;
    if (is_not_later(entries[middle])) {
      found = &entries[middle];
      entries = entries.subspan(middle + 1);
    } else {
      entries = entries.first(middle);
    }
  }
  return found;
}

}  // namespace h4mk

#endif  // H4MK_LEGACY_FIND_IN_STEPS_H_
