// SPDX-License-Identifier: MIT
// What `h4mk verify` says of signatures, encrypted blocks and proofs.
#ifndef H4MK_TOOLS_VERIFY_PROTECTION_H_
#define H4MK_TOOLS_VERIFY_PROTECTION_H_

#include "key_option.h"
#include "output.h"

namespace h4mk::tool {

// Whether every chunk is what was signed with the public key in a file. False: the answer is no,
// and was told as a problem.
bool VerifySignature(InputFile& file, const std::string& key_path, Output& output);

// Whether every block opens with the key.
bool VerifyEncryption(InputFile& file, const KeyOptions& options, Output& output);

// Whether a proof holds, and is that of the bytes in block_path ("": not asked). Gives the exit
// code.
int VerifyBlockProof(const std::string& proof_path, const std::string& key_path,
                     const std::string& block_path, Output& output);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_VERIFY_PROTECTION_H_
