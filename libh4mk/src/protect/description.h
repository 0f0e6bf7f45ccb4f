// SPDX-License-Identifier: MIT
// protection.md, "What describes the blocks": a digest of all of TRAK and META but the words about
// the recording, which may be edited without a key.
#ifndef H4MK_PROTECT_DESCRIPTION_H_
#define H4MK_PROTECT_DESCRIPTION_H_

#include "base/json.h"
#include "base/sha256.h"

namespace h4mk {

// protection.md, "Digest of a JSON value".
Sha256Digest JsonDigest(const Json& value);

// The two as objects, as they stand in their chunks. REQUIRES: both are objects.
Sha256Digest TracksDigest(Json trak);
Sha256Digest MetaDigest(Json meta);

}  // namespace h4mk

#endif  // H4MK_PROTECT_DESCRIPTION_H_
