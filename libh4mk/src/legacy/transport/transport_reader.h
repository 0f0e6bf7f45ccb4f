// SPDX-License-Identifier: MIT
// Plays a file of the transport dialect: a track for each track id of its index, blocks
// decompressed (legacy.md, "Transport dialect: playing"). What tells blocks apart stands at the end
// of such a file, so the input must seek; opening reads the headers of all chunks (40 bytes of
// memory a block). TransportFile answers questions about the same bytes.
#ifndef H4MK_LEGACY_TRANSPORT_TRANSPORT_READER_H_
#define H4MK_LEGACY_TRANSPORT_TRANSPORT_READER_H_

#include <map>
#include <optional>

#include "file/versions.h"
#include "legacy/table_reader.h"
#include "legacy/transport/transport_cipher.h"
#include "legacy/transport/transport_scan.h"
#include "legacy/transport/transport_tables.h"
#include "protect/block_cipher.h"

namespace h4mk {

class TransportReader final : public TableReader {
 public:
  // What the source reads from, and the allocator, must outlive the reader. Blocks are decrypted
  // with the first of the keys that has no id. Opening then is kKey where it is not the one, or the
  // file is not encrypted.
  TransportReader(Source source, BufferAllocator& allocator, bool keep_corrupt,
                  std::vector<MasterKey> keys)
      : TableReader(std::move(source), allocator, keep_corrupt), keys_(std::move(keys)) {}

  Status Open() override;
  int version() const override { return kTransportVersion; }
  Status Attachment(uint32_t, ByteSpan*) override {
    return Status(Code::kNotFound, "files of the transport dialect have no attachments");
  }

 private:
  // A CORE chunk; its number is its place among them.
  struct Core {
    uint64_t offset = 0;  // of the payload
    uint32_t length = 0;
    uint32_t crc = 0;
    int64_t pts = kNoTime;
    int32_t track = -1;
    uint32_t ordinal = 0;
    uint32_t flags = 0;
    uint64_t chunk() const { return offset - kTransportChunkHeaderSize; }
  };

  // transport_reader_open.cc
  Status ReadChunks();
  Status TakeChunk(const ChunkInfo& chunk, TransportScan& scan);
  Status PassOverDamage(const Status& damage, const std::optional<ChunkInfo>& before,
                        TransportScan& scan, uint64_t* position);
  void ChooseDecoder();
  Status StartDecryption();
  bool TakeTrackIndex();
  Bytes TakeTrackIndexText();
  Status TakeSeekTable();
  Status PlainOffsets(std::vector<uint64_t>* offsets);
  void AddTrack(const std::string& name);
  void NumberBlocks();

  // transport_reader.cc
  BlockRecord Record(uint32_t number) const;
  Status ReadStored(const Core& core, Bytes* stored);
  Result<Bytes> Decrypt(uint32_t number, Bytes stored);
  Result<Bytes> Decode(uint32_t number, Bytes stored);
  uint32_t block_count() const override { return static_cast<uint32_t>(cores_.size()); }
  bool Describe(uint32_t number, BlockInfo* info) override;
  Status ReadNumbered(uint32_t number, ReadBlock* block) override;
  const char* cut_message() const override { return "the file ends inside a chunk: it was cut"; }

  std::vector<Core> cores_;
  std::map<uint32_t, Bytes> small_chunks_;  // the first of each tag that is read here
  bool decompress_ = true;
  std::vector<MasterKey> keys_;  // until the file is open
  std::optional<TransportCipher> cipher_;
  int64_t duration_us_ = 0;  // of every block; 0: not known
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_TRANSPORT_TRANSPORT_READER_H_
