// SPDX-License-Identifier: MIT
// A FileReader over another: opens every block with a key, and reports what is missing
// (protection.md, "Encrypted blocks").
#ifndef H4MK_PIPELINE_DECRYPTING_READER_H_
#define H4MK_PIPELINE_DECRYPTING_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "pipeline/forwarding_reader.h"
#include "protect/block_cipher.h"
#include "reader/cluster_loader.h"

namespace h4mk {

class DecryptingReader final : public ForwardingReader {
 public:
  // The allocator must outlive the reader.
  DecryptingReader(std::unique_ptr<FileReader> file, std::vector<MasterKey> keys,
                   BufferAllocator& allocator);
  ~DecryptingReader() override;

  // kKey: no key fits, or the file is not encrypted.
  Status Open() override;

  // Without "protection": what is handed out is not encrypted.
  const Json& meta() const override { return meta_; }
  const TrackTotals& totals(uint32_t track) const override;
  void Discard(uint32_t track, bool discard) override;

  Status Next(ReadBlock* block) override;
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  Status Rewind() override;
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override;

 private:
  // What the next block of a track must be.
  struct Sequence {
    uint64_t next = 0;
    bool known = true;      // false after a seek, until a block of the track was read
    bool gap_told = false;  // damage was reported since the last block: blocks may be missing
    bool discarded = false;
  };

  Status NextSealed();
  Status CheckSequence(const BlockRecord& record, Sequence* sequence);
  Status OpenBlock(const ReadBlock& sealed, ReadBlock* block);
  Status OpenSideData(const BlockContext& context, const ReadBlock& sealed);
  Status CheckEnd();
  Status ReadEnd(std::vector<TrackCount>* counts) const;
  Status Protection(const Json** protection) const;
  void ReleaseBuffer();
  std::string Name(const BlockRecord& record) const;

  std::vector<MasterKey> keys_;  // until the file is open
  BufferAllocator& allocator_;
  std::unique_ptr<BlockCipher> cipher_;
  Json meta_;
  mutable TrackTotals totals_;

  std::vector<Sequence> sequences_;
  bool end_checked_ = false;
  ReadBlock sealed_;
  bool held_ = false;  // sealed_ is still to be handed out

  void* buffer_ = nullptr;
  BlockRecord record_;
  Bytes packed_;
  std::vector<SideData> side_data_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_DECRYPTING_READER_H_
