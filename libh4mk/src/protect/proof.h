// SPDX-License-Identifier: MIT
// protection.md, "Proof of a block": that a block is in a signed file, without the file.
#ifndef H4MK_PROTECT_PROOF_H_
#define H4MK_PROTECT_PROOF_H_

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "file/file_reader.h"
#include "protect/verifying_io.h"

namespace h4mk {

// Makes proofs of blocks. Keeps what it knows of one cluster, so blocks of a cluster are best
// proved one after the other.
class BlockProver {
 public:
  // `io` is what the file is read through; it must outlive this object.
  explicit BlockProver(VerifyingIo& io) : io_(io) {}

  // The proof of a block that a reader handed out, before its next call. kArgument: there is none
  // of a block in another file; kCorrupt: what it is made of cannot be read.
  Result<Json> Prove(const ReadBlock& block, uint32_t track_id);

 private:
  // What the proofs of all blocks of a cluster have in common; the texts are base64.
  struct Cluster {
    uint64_t offset = 0;       // of its chunk
    uint64_t data_offset = 0;  // in the file
    size_t data_size = 0;
    uint64_t leaf = 0;
    std::string checkpoint, path, head, pieces;
  };

  Status Load(uint64_t offset, Cluster* cluster);
  Status LoadCheckpoint(uint64_t offset, std::string* text);

  VerifyingIo& io_;
  std::optional<Cluster> cluster_;
};

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
