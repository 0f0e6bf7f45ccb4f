// SPDX-License-Identifier: MIT
// protection.md, "What describes the blocks": a digest of all of TRAK and META but the words about
// the recording, which may be edited without a key.
#ifndef H4MK_PROTECT_DESCRIPTION_H_
#define H4MK_PROTECT_DESCRIPTION_H_

#include <vector>

#include "base/json.h"
#include "base/sha256.h"
#include "file/tracks.h"

namespace h4mk {

// protection.md, "Digest of a JSON value".
Sha256Digest JsonDigest(const Json& value);

// protection.md, "What describes the blocks": of the array in TRAK, and of the object in META.
Sha256Digest TracksDigest(Json tracks);
Sha256Digest MetaDigest(const Json& meta);

// Of both, as they are read again from a file that has them.
struct DescriptionDigests {
  Sha256Digest tracks{}, meta{};
};
Sha256Digest DigestOf(const std::vector<Track>& tracks);
Sha256Digest DigestOf(const Json& meta);

}  // namespace h4mk

#endif  // H4MK_PROTECT_DESCRIPTION_H_
