// SPDX-License-Identifier: MIT
// FORMAT.md, "Column": a sequence of integers, bit-packed against its smallest value, with a common step and exceptions.
#ifndef H4MK_CLUSTER_COLUMN_H_
#define H4MK_CLUSTER_COLUMN_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace h4mk {

// Appends the cheapest form of the values. Any 64-bit values are possible; none at all take no byte.
void AppendColumn(Bytes& out, std::span<const int64_t> values);

// Reads values.size() values. False if the column is damaged (then reader.failed()).
bool ReadColumn(ByteReader& reader, std::span<int64_t> values);

}  // namespace h4mk

#endif  // H4MK_CLUSTER_COLUMN_H_
