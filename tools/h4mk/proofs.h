// SPDX-License-Identifier: MIT
// Proofs of the blocks of a cut: that they are in the file that was signed.
#ifndef H4MK_TOOLS_PROOFS_H_
#define H4MK_TOOLS_PROOFS_H_

#include <string>

#include "output.h"

namespace h4mk::tool {

// proofs: what `h4mk cut --proofs` wrote. Every block of the file at `path` has to be the one that
// the next proof speaks of. Says how many are. kExitNo: some are not, or proofs are left.
int VerifyProofs(const std::string& proofs, const std::string& public_key, const std::string& path,
                 Output& output);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_PROOFS_H_
