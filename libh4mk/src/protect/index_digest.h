// SPDX-License-Identifier: MIT
// protection.md, "Signed files": digests of the index. Pages are copied, tops are made anew and
// both are moved; what they say of the clusters stays.
#ifndef H4MK_PROTECT_INDEX_DIGEST_H_
#define H4MK_PROTECT_INDEX_DIGEST_H_

#include <optional>

#include "base/sha256.h"
#include "index/index_page.h"

namespace h4mk {

// A page as it was written between clusters, whose digest holds in that place only, or a copy of
// it, whose digest holds anywhere.
enum class PageForm { kOriginal, kCopy };
// Which of them a page is; none if its flags and distances fit neither.
std::optional<PageForm> FormOf(ByteSpan payload);
// base: offset of the first chunk of the tree. REQUIRES, of both: IsPage(payload), of kPageRest
// bytes at least.
Sha256Digest PageDigest(PageForm form, ByteSpan payload, uint64_t chunk_offset, uint64_t base);

// Of all that a top says but where its pages and descriptions stand.
Sha256Digest TopDigest(const IndexTop& top);

}  // namespace h4mk

#endif  // H4MK_PROTECT_INDEX_DIGEST_H_
