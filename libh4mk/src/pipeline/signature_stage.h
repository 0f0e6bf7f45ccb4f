// SPDX-License-Identifier: MIT
// Verifies a signed file: all of it is read through io(), and the stage adds what bytes alone do
// not show.
#ifndef H4MK_PIPELINE_SIGNATURE_STAGE_H_
#define H4MK_PIPELINE_SIGNATURE_STAGE_H_

#include <optional>
#include <string>

#include "pipeline/block_stage.h"
#include "protect/proof.h"
#include "protect/verifying_io.h"

namespace h4mk {

class SignatureStage final : public BlockStage {
 public:
  // What happens where something is not as it was signed: it is left out and reported, or it is an
  // error of every call from then on, and so are descriptions that were edited. A file that was
  // signed, but not up to an end, may have been cut; who follows one that grows takes that.
  enum class Strictness { kReport, kRefuse, kRefuseButGrow };

  // As VerifyingIo. `io` must outlive the stage.
  SignatureStage(Io& io, std::optional<SignatureKey> key, Strictness strictness)
      : io_(io, std::move(key)), strictness_(strictness) {}

  // What the file is to be read through; must be open before the file.
  VerifyingIo& io() { return io_; }
  const VerifyingIo& io() const { return io_; }

  // kCorrupt: the end of the file is not the one that was signed.
  Status Open(const FileReader& file) override;
  Status Judge(Status status) override;
  // kState: that something is not as it was signed was told; a loop that reads on ends by this.
  Status JudgeNext(Status status) override;
  Status Check(const ReadBlock& block, Order order, bool* usable) override;
  bool NextWarning(Status* warning) override;

  // Proves the block that was read last. kState: there is none.
  Result<Json> ProveLast();

 private:
  Status CheckEnd() const;
  Status CheckTotals() const;
  Status EndIsGone() const;
  Status NoSignedEnd() const;

  VerifyingIo io_;
  BlockProver prover_{io_};
  const Strictness strictness_;
  const FileReader* file_ = nullptr;  // until it is open
  BlockRecord last_record_;
  ReadBlock last_;              // its record is last_record_, its data is gone
  uint64_t checked_chunk_ = 0;  // the chunk at this offset is a signed one
  bool descriptions_reported_ = false;
  bool end_reported_ = false;
  bool refusal_told_ = false;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_SIGNATURE_STAGE_H_
