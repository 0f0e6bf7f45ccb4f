// SPDX-License-Identifier: MIT
// A reader of a signed file, over one that reads through a VerifyingIo: adds what bytes alone do
// not show.
#ifndef H4MK_PIPELINE_VERIFYING_READER_H_
#define H4MK_PIPELINE_VERIFYING_READER_H_

#include "pipeline/forwarding_reader.h"
#include "protect/verifying_io.h"

namespace h4mk {

class VerifyingReader final : public ForwardingReader {
 public:
  // What is done where something is not as it was signed: it is left out and told, or it is an
  // error of every call from then on, and so are descriptions that were edited.
  enum class Strictness { kTell, kRefuse };

  // `io` is what the file is read through, is open, and must outlive the reader.
  VerifyingReader(std::unique_ptr<FileReader> file, VerifyingIo& io,
                  Strictness strictness = Strictness::kTell)
      : ForwardingReader(std::move(file)), io_(io), strictness_(strictness) {}

  // kCorrupt: the end of the file is not the one that was signed.
  Status Open() override;
  Status Attachment(uint32_t track, ByteSpan* bytes) override;
  Status Next(ReadBlock* block) override;
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override;
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  bool NextWarning(std::string* text) override;

  // Proves the block that was read last. kState: there is none.
  Result<Json> ProveLast();

 private:
  Status CheckEnd() const;
  Status CheckTotals() const;
  Status Verdict(Status status) const;
  Status Check(const ReadBlock& block);

  VerifyingIo& io_;
  const Strictness strictness_;
  BlockRecord last_record_;
  ReadBlock last_;              // its record is last_record_, its data is gone
  uint64_t checked_chunk_ = 0;  // the chunk at this offset is a signed one
  bool descriptions_told_ = false;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_VERIFYING_READER_H_
