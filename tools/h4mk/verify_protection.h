// SPDX-License-Identifier: MIT
// What `h4mk verify` says of proofs.
#ifndef H4MK_TOOLS_VERIFY_PROTECTION_H_
#define H4MK_TOOLS_VERIFY_PROTECTION_H_

#include "key_option.h"
#include "output.h"

namespace h4mk::tool {

// Whether a proof holds, and is that of the bytes in block_path ("": not asked). Gives the exit
// code.
int VerifyBlockProof(const std::string& proof_path, const std::string& key_path,
                     const std::string& block_path, Output& output);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_VERIFY_PROTECTION_H_
