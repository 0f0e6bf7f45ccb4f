// SPDX-License-Identifier: MIT
// protection.md, "Proof of a block": that a block is in a signed file, without the file.
#ifndef H4MK_PROTECT_PROOF_H_
#define H4MK_PROTECT_PROOF_H_

#include <string>
#include <vector>

#include "base/json.h"
#include "file/file_reader.h"
#include "protect/verifying_io.h"

namespace h4mk {

// The proof of a block that a reader handed out, before its next call. `io` is what the file is
// read through.
Result<Json> ProveBlock(VerifyingIo& io, const ReadBlock& block, uint32_t track_id);

struct ProvenBlock {
  struct SideData {
    std::string name;
    Bytes data;
  };
  uint32_t track_id = 0;
  BlockRecord record;
  Bytes data;  // as it is stored
  std::vector<SideData> side_data;
};

// What is proved, as h4mk_proof_verify() gives it.
Json DescribeProven(const ProvenBlock& block);

// kKey: signed with another key. kCorrupt: it proves nothing.
Result<ProvenBlock> VerifyProof(const Json& proof, const SignatureKey& key);

}  // namespace h4mk

#endif  // H4MK_PROTECT_PROOF_H_
