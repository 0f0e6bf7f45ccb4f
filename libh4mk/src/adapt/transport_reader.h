// SPDX-License-Identifier: MIT
// Plays a file of the transport dialect: a track for each track id of its index, blocks decompressed (FORMAT.md, "Transport
// dialect", "Playing"). What tells blocks apart stands at the end of such a file, so the input must seek; opening reads the
// headers of all chunks (32 bytes of memory a block). TransportFile answers questions about the same bytes.
#ifndef H4MK_ADAPT_TRANSPORT_READER_H_
#define H4MK_ADAPT_TRANSPORT_READER_H_

#include <deque>
#include <map>
#include <optional>

#include "adapt/transport_cipher.h"
#include "adapt/transport_file.h"
#include "file/block_table.h"
#include "file/cluster_loader.h"
#include "file/file_reader.h"
#include "protect/block_cipher.h"

namespace h4mk {

class TransportReader final : public FileReader {
 public:
  // What the source reads from, and the allocator, must outlive the reader.
  TransportReader(Source source, BufferAllocator& allocator, bool keep_corrupt);
  ~TransportReader() override { ReleaseBuffer(); }

  // Before Open(): decrypts blocks with the first of these keys that has no id. Opening then is kKey
  // where it is not the one, or the file is not encrypted.
  void SetKeys(std::vector<MasterKey> keys) { keys_ = std::move(keys); }

  Status Open() override;
  int version() const override;
  bool is_closed() const override { return closed_; }
  const std::vector<Track>& tracks() const override { return tracks_; }
  const Json& meta() const override { return meta_; }
  const TrackTotals& totals(uint32_t track) const override { return totals_[track]; }
  Status Attachment(uint32_t track, ByteSpan* bytes) override;
  void Discard(uint32_t track, bool discard) override { discarded_[track] = discard; }

  Status Next(ReadBlock* block) override;
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  Status Rewind() override;

  void IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) override;
  Status IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                      size_t* copied) override;

  Status FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) override;
  Status DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                     uint64_t* total) override;
  Status KeyframesBetween(uint32_t track, int64_t from, int64_t to, std::span<BlockInfo> out,
                          uint64_t* total) override;
  Status BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) override;
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override;

  Source& source() override { return source_; }
  int64_t io_error() const override { return source_.io_error(); }
  bool NextWarning(std::string* text) override;

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
  };
  struct Damage {
    uint64_t offset = 0;
    std::string message;
  };

  // transport_reader_open.cc
  Status ReadChunks();
  Status ReadChunk(const TransportChunk& chunk, bool* valid);
  Status PassOverDamage(const std::string& what, uint64_t* position);
  Status IsValid(const TransportChunk& chunk, bool* valid);
  Status ReadPayload(const TransportChunk& chunk, Bytes* payload, bool* valid);
  void TakeMeta();
  void ChooseDecoder();
  Status StartDecryption();
  bool TakeTrackIndex();
  Status TakeSeekTable();
  Status PlainOffsets(std::vector<uint64_t>* offsets);
  void AddTrack(const std::string& name);
  void NumberBlocks();

  // transport_reader.cc
  BlockRecord Record(uint32_t number) const;
  Status ReadCore(uint32_t number, ReadBlock* block);
  Result<Bytes> Decode(uint32_t number, Bytes stored);
  Status Alloc(size_t size, uint8_t** data);
  void ReleaseBuffer();
  BlockTable& Table();
  Status HandOut(uint32_t number, ReadBlock* block);
  void Warn(std::string text);

  Source source_;
  BufferAllocator& allocator_;
  const bool keep_corrupt_;

  std::vector<Core> cores_;
  std::map<uint32_t, Bytes> small_chunks_;  // the first of each tag that is read here
  uint64_t index_bytes_ = 0;                // of SEEK and of what META has of the index
  std::optional<TransportChunk> chunk_before_;
  uint64_t checks_left_ = 0;  // bytes that looking for chunks behind damage may still read
  std::vector<Damage> damage_;
  size_t next_damage_ = 0;
  bool closed_ = false;

  std::vector<Track> tracks_;
  std::vector<TrackTotals> totals_;
  Json meta_ = Json::object();
  bool decompress_ = true;
  std::vector<MasterKey> keys_;  // until the file is open
  std::optional<TransportCipher> cipher_;
  int64_t duration_us_ = 0;  // of every block; 0: not known

  uint32_t next_ = 0;  // number
  bool reported_ = false;
  bool filtering_ = false;
  std::vector<uint32_t> first_;  // by track, after a seek: blocks before this number are left out
  std::vector<bool> discarded_;
  std::optional<BlockTable> table_;  // once something is looked up

  void* buffer_ = nullptr;
  BlockRecord record_;
  std::deque<std::string> warnings_;
};

}  // namespace h4mk

#endif  // H4MK_ADAPT_TRANSPORT_READER_H_
