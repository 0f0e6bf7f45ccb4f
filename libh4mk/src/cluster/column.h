// SPDX-License-Identifier: MIT
// core.md, "Column": a sequence of integers, bit-packed against its smallest value, with a common
// step and exceptions.
#ifndef H4MK_CLUSTER_COLUMN_H_
#define H4MK_CLUSTER_COLUMN_H_

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace h4mk {

// Memory whose content nobody clears before it is written.
template <typename T>
struct UnclearedMemory : std::allocator<T> {
  template <typename U>
  struct rebind {
    using other = UnclearedMemory<U>;
  };
  template <typename U, typename... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    if constexpr (sizeof...(arguments) == 0)
      ::new (static_cast<void*>(place)) U;
    else
      ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
  }
};

// Columns are written as soon as they have memory. To clear it before took an eighth of the
// instructions that opening a film takes.
using Values = std::vector<int64_t, UnclearedMemory<int64_t>>;

// Appends the cheapest form of the values. Any 64-bit values are possible; none at all take no
// byte.
void AppendColumn(Bytes& out, std::span<const int64_t> values);

// Reads values.size() values. False if the column is damaged (then reader.failed()).
bool ReadColumn(ByteReader& reader, std::span<int64_t> values);

// A column that was read: its values, or, where all are the same as so often, only the first one.
struct Column {
  const int64_t* values = nullptr;
  size_t mask = 0;  // for positions: all bits, or none

  int64_t operator[](size_t i) const { return values[i & mask]; }
};

// Reads the first values of a column of count values, or one if that says it all, and makes *column
// of them. What is wrong with the others need not show. REQUIRES: 0 < values.size() <= count.
bool ReadColumn(ByteReader& reader, size_t count, std::span<int64_t> values, Column* column);

// Passes over a column of count values. What is wrong with its exceptions does not show.
bool SkipColumn(ByteReader& reader, size_t count);

}  // namespace h4mk

#endif  // H4MK_CLUSTER_COLUMN_H_
