// SPDX-License-Identifier: MIT
// Chooses the reader for a file by its first bytes (core.md, "File"), and puts around it what its
// protection needs.
#ifndef H4MK_OPEN_OPEN_FILE_H_
#define H4MK_OPEN_OPEN_FILE_H_

#include <memory>

#include "base/io.h"
#include "file/file_reader.h"
#include "file/versions.h"
#include "pipeline/block_pipeline.h"
#include "pipeline/signature_stage.h"
#include "protect/block_cipher.h"
#include "reader/cluster_loader.h"
#include "reader/external_data.h"

namespace h4mk {

// 0: no H4MK file, or too short to tell (16 bytes are needed, 8 of a transport file).
int FileVersion(ByteSpan front);

struct ReadOptions {
  bool keep_corrupt = false;    // damaged blocks are handed out as well
  bool keep_encrypted = false;  // without keys encrypted blocks are handed out as they are
  std::vector<MasterKey> keys;  // blocks are decrypted with the one that fits
  std::optional<SignatureKey> verify_key;  // nothing is used that was not signed with it
  SignatureStage::Strictness strictness = SignatureStage::Strictness::kReport;  // with it
  OpenBeside open_beside;     // for sidecars; empty: blocks in other files cannot be read
  bool without_data = false;  // blocks are handed out as lookups tell of them
  bool with_proofs = false;   // blocks can be proved; without verify_key nothing is verified
};

struct OpenedFile {
  std::shared_ptr<SignatureStage> signature;  // null: nothing is verified
  std::unique_ptr<BlockPipeline> reader;      // null where it is not known what the file is
};

// Opens a file. io and the allocator must outlive the result, which is set as far as it goes also
// on errors. As h4mk_reader_open().
Status OpenFile(Io& io, BufferAllocator& allocator, ReadOptions options, OpenedFile* opened);

}  // namespace h4mk

#endif  // H4MK_OPEN_OPEN_FILE_H_
