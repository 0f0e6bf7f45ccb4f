// SPDX-License-Identifier: MIT
// core.md, "Page" and "End of file": how often a writer makes pages, and how far a reader
// looks for them. Writer and reader share these, so that they fit together.
#ifndef H4MK_INDEX_INDEX_FORMAT_H_
#define H4MK_INDEX_INDEX_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace h4mk {

// A page is written after this many clusters or bytes. A reader of a file without an end has to
// look back, and walk over, as many.
inline constexpr uint64_t kPageClusters = 512;
inline constexpr uint64_t kPageBytes = 64u << 20;

// The top has an entry for each track in each page. Whenever it has this many more, both limits
// grow by what they are above, so that the top stays small at any length.
inline constexpr uint64_t kCellsUntilGrowth = 2048;

// Where a reader of a file without an end looks for the last page, from the end of the file: two
// and a half distances of pages, and a share of the file since the distances grow with its length.
// A reader that finds none walks over the file from its start.
inline constexpr uint64_t kIndexLookBack = kPageBytes / 2 * 5;
inline constexpr uint64_t kIndexLookBackShare = 256;

// Pages are repeated at the end of the file, next to the top, while all of them together are no
// larger than this.
inline constexpr size_t kMaxPageCopies = 4u << 20;

}  // namespace h4mk

#endif  // H4MK_INDEX_INDEX_FORMAT_H_
