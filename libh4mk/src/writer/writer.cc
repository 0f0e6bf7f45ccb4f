// SPDX-License-Identifier: MIT
#include "writer/writer.h"

#include <algorithm>
#include <random>

#include "base/crc32.h"
#include "chunk/chunk_reader.h"
#include "reader/external_data.h"

namespace h4mk {
namespace {

// A page is written after so many clusters or bytes: what a reader of a cut file has to look back
// and walk over. Both grow with the number of pages (and tracks), so that the top stays small at
// any length.
constexpr uint64_t kPageClusters = 512;
constexpr uint64_t kPageBytes = 64u << 20;
constexpr uint64_t kCellsUntilGrowth = 2048;

// Pages are repeated at the end of the file, next to the top, while all of them together are no
// larger than this.
constexpr size_t kMaxStoredPages = 4u << 20;

// Descriptions are repeated at the end of the file, so that damage to the front does not cost all,
// where the file is at least so many times as large.
constexpr uint64_t kDescriptionShare = 64;

// Blocks are held until it is known which cluster they go into, but no more than these. What comes
// directly before a key frame is some 20 to 100 ms of sound.
constexpr size_t kMaxHeldBlocks = 64;
constexpr size_t kMaxHeldBytes = 64 << 10;
constexpr double kMaxHeldSeconds = 0.25;

// Chunks that a writer makes on its own.
bool IsOwnTag(uint32_t tag) {
  return tag == kTagTracks || tag == kTagMeta || tag == kTagCore || tag == kTagIndex ||
         tag == kTagAttachment || tag == kTagFree || tag == kTagTail;
}

}  // namespace

Writer::Writer(Io& io, const WriterOptions& options)
    : sink_(io), chunks_(sink_), options_(options) {}

Status Writer::AddTrack(const Json& description, uint32_t* track) {
  if (failed_ != Code::kOk) return Status(failed_, "an earlier write failed");
  if (finished_) return Status(Code::kState, "the file is finished");
  if (tracks_.size() == kMaxTracks)
    return Status(Code::kLimit, "more than " + std::to_string(kMaxTracks) + " tracks");
  Track added;
  H4MK_TRY(ReadTrack(description, &added));
  if (added.compression == Compression::kUnknown)
    return Status(Code::kArgument, "compression of a track can only be \"zstd\"");
  if (ids_.Find(added.id) >= 0)
    return Status(Code::kArgument, "two tracks with track_id " + std::to_string(added.id));
  const auto close = [&]() -> Status {
    H4MK_TRY(AppendHeld());
    return CloseCluster();
  };
  if (started_) H4MK_TRY(Step(close));  // its blocks come behind the TRAK that has it
  tracks_changed_ = true;
  ids_.Add(added.id);
  tick_seconds_.push_back(static_cast<double>(added.time_base.num) / added.time_base.den);
  cluster_.AddTrack(added.id);
  *track = static_cast<uint32_t>(tracks_.size());
  tracks_.push_back(std::move(added));
  has_other_blocks_.push_back(false);
  page_.GrowTo(tracks_.size());
  for (PageRef& ref : page_refs_) ref.tracks.resize(tracks_.size());
  return {};
}

Status Writer::UpdateTrack(uint32_t track, const Json& description) {
  if (track >= tracks_.size()) return Status(Code::kArgument, "no such track");
  if (description == tracks_[track].description) return {};
  Track changed;
  H4MK_TRY(ReadTrack(description, &changed));
  H4MK_TRY(CheckSameBlocks(tracks_[track], changed));
  tracks_[track] = std::move(changed);
  tracks_changed_ = true;
  return {};
}

Status Writer::SetAttachment(uint32_t track, ByteSpan bytes) {
  if (started_) return Status(Code::kState, "attachments cannot be added after the first block");
  if (track >= tracks_.size()) return Status(Code::kArgument, "no such track");
  if (bytes.size() > kMaxBlockSize) return Status(Code::kLimit, "attachment larger than 1 GiB");
  attachments_[track].assign(bytes.begin(), bytes.end());
  return {};
}

Status Writer::SetMeta(const Json& meta) {
  if (!meta.is_object()) return Status(Code::kArgument, "metadata is no JSON object");
  if (meta == meta_) return {};
  meta_ = meta;
  meta_changed_ = true;
  return {};
}

Status Writer::AddChunk(uint32_t tag, uint32_t flags, ByteSpan payload) {
  if (failed_ != Code::kOk) return Status(failed_, "an earlier write failed");
  if (finished_) return Status(Code::kState, "the file is finished");
  if (!IsPlausibleTag(tag) || IsOwnTag(tag))
    return Status(Code::kArgument, "chunk " + TagText(tag) + " cannot be added");
  if (payload.size() > kMaxSmallChunk)
    return Status(Code::kLimit,
                  "chunk of " + std::to_string(payload.size()) + " bytes is larger than 64 MiB");
  if (!started_) {
    front_chunks_.push_back({tag, flags, Bytes(payload.begin(), payload.end())});
    return {};
  }
  return Step([&]() -> Status {
    H4MK_TRY(AppendHeld());
    H4MK_TRY(CloseCluster());
    return chunks_.WriteChunk(tag, flags, payload);
  });
}

Status Writer::Write(const Block& block) {
  if (failed_ != Code::kOk) return Status(failed_, "an earlier write failed");
  if (finished_) return Status(Code::kState, "the file is finished");
  H4MK_TRY(CheckBlock(block, tracks_.size()));
  if ((block.flags & kBlockExternal) && !NamesFileBeside(tracks_[block.track]))
    return Status(Code::kArgument, "a block in another file, but its track does not name one");
  if ((block.flags & kBlockEncrypted) && block.ordinal < NextOrdinal(block.track))
    return Status(Code::kArgument, "encrypted block " + std::to_string(block.ordinal) +
                                       " comes too late in its track");
  if (tracks_[block.track].compression == Compression::kNone)
    return Step([&] { return Place(block); });
  Block packed;
  H4MK_TRY(packer_.Pack(block, &packed));
  return Step([&] { return Place(packed); });
}

// core.md, "When clusters are closed": a seek point starts a cluster, and what stands directly
// before it of tracks that need not be decoded from there goes along. So all tracks begin in that
// cluster, and a seek need not read the one before.
Status Writer::Place(const Block& block) {
  if (!started_) H4MK_TRY(Start());
  if (MayHold(block)) {
    if (!held_.empty() && Seconds(block) - Seconds(held_.front()) >= kMaxHeldSeconds)
      H4MK_TRY(AppendHeld());
    Hold(block);
    return {};
  }
  const bool starts_cluster = IsSeekPoint(block) && !cluster_is_open_to_keys_;
  if (starts_cluster) H4MK_TRY(CloseCluster());
  H4MK_TRY(AppendHeld());
  H4MK_TRY(Append(block));
  if (starts_cluster) {
    cluster_is_open_to_keys_ = true;
    cluster_.PutFirst(block.track);  // what a seek wants stands right behind the index
  }
  return {};
}

bool Writer::IsSeekPoint(const Block& block) const {
  return (block.flags & kBlockKey) && has_other_blocks_[block.track];
}

bool Writer::MayHold(const Block& block) const {
  return has_gop_track_ && !has_other_blocks_[block.track] && (block.flags & kBlockKey) &&
         block.side_data.empty() && held_.size() < kMaxHeldBlocks &&
         held_data_.size() + block.data.size() <= kMaxHeldBytes;
}

void Writer::Hold(const Block& block) {
  held_.push_back(block);
  AppendBytes(held_data_, block.data);
}

Status Writer::AppendHeld() {
  size_t start = 0;
  for (Block& block : held_) {
    block.data = ByteSpan(held_data_).subspan(start, block.data.size());
    start += block.data.size();
    H4MK_TRY(Append(block));
  }
  held_.clear();
  held_data_.clear();
  return {};
}

uint64_t Writer::NextOrdinal(uint32_t track) const {
  const auto held = std::ranges::count(held_, track, &Block::track);
  return cluster_.NextOrdinal(track) + static_cast<uint64_t>(held);
}

// By what clusters are closed in time.
double Writer::Seconds(const Block& block) const {
  return static_cast<double>(block.dts != kNoTime ? block.dts : block.pts) *
         tick_seconds_[block.track];
}

Status Writer::Append(const Block& block) {
  if (MustCloseBefore(block)) H4MK_TRY(CloseCluster());
  if (block.flags & kBlockEncrypted) H4MK_TRY(KeepOrdinal(block));

  const int64_t time = SeekTime(block.pts, block.dts);
  if (cluster_.block_count() == 0) {
    H4MK_TRY(WriteDescriptions());
    cluster_has_time_ = time != kNoTime;
    cluster_start_ = Seconds(block);
  }
  if (!(block.flags & kBlockKey)) {
    cluster_is_open_to_keys_ = false;
    has_other_blocks_[block.track] = has_gop_track_ = true;
  }
  page_.Add(block);
  cluster_.Add(block);
  return {};
}

// The number of an encrypted block is part of what it was encrypted with. Blocks that were left out
// before it leave a gap, which only a new cluster can have.
Status Writer::KeepOrdinal(const Block& block) {
  if (block.ordinal == cluster_.NextOrdinal(block.track)) return {};
  H4MK_TRY(CloseCluster());
  cluster_.SkipTo(block.track, block.ordinal);
  return {};
}

// Where blocks are stored in another order than shown, a cluster may grow by a quarter until one
// comes that is shown behind all before it: so the times of clusters do not overlap, and frames are
// found without reading all times.
bool Writer::MustCloseBefore(const Block& block) const {
  if (cluster_.block_count() == 0) return false;
  if (cluster_.block_count() == kMaxClusterBlocks || !cluster_.HasRoomFor(block) ||
      cluster_.side_data_count() + block.side_data.size() > kMaxSideDataEntries)
    return true;
  const uint64_t external = cluster_.external_size(block.track);  // a larger block is alone
  if ((block.flags & kBlockExternal) && external > 0 &&
      external + block.data.size() > kMaxExternalGroup)
    return true;
  const uint64_t size = cluster_.size() + block.data.size() + SideDataSize(block);
  const bool has_time = cluster_has_time_ && (block.dts != kNoTime || block.pts != kNoTime);
  const double span_ms = has_time ? (Seconds(block) - cluster_start_) * 1000 : 0;
  if (size <= options_.cluster_size_limit && span_ms < options_.cluster_time_limit_ms) return false;
  return !WouldOverlap(block) || size > options_.cluster_size_limit / 4 * uint64_t{5} ||
         span_ms >= options_.cluster_time_limit_ms * 1.25;
}

// Whether blocks that are shown before some of this cluster may follow if the next one begins with
// this block.
bool Writer::WouldOverlap(const Block& block) const {
  const std::vector<uint32_t>& reordered = page_.reordered();
  return std::ranges::any_of(reordered, [&](uint32_t track) {
    return track != block.track || !page_.IsNewest(track, SeekTime(block.pts, block.dts));
  });
}

Status Writer::Flush() {
  if (failed_ != Code::kOk) return Status(failed_, "an earlier write failed");
  if (finished_) return Status(Code::kState, "the file is finished");
  return Step([&]() -> Status {
    if (!started_) H4MK_TRY(Start());
    H4MK_TRY(AppendHeld());
    H4MK_TRY(CloseCluster());
    return WriteSignature(ChunkSigner::Moment::kFlush);
  });
}

Status Writer::Finish() {
  if (failed_ != Code::kOk) return Status(failed_, "an earlier write failed");
  if (finished_) return Status(Code::kState, "the file is finished");
  return Step([&]() -> Status {
    if (!started_) H4MK_TRY(Start());
    H4MK_TRY(AppendHeld());
    H4MK_TRY(CloseCluster());
    finished_ = true;
    return WriteTail();
  });
}

// What ends a step early, an error or an exception, is final: nothing may be written behind half a
// step.
template <typename Body>
Status Writer::Step(Body body) {
  failed_ = Code::kMemory;
  Status status = body();
  failed_ = status.code();
  return status;
}

Status Writer::Start() {
  started_ = true;
  FileHeader header;
  header.salt = ChooseSalt();
  cluster_.set_salt(header.salt);
  H4MK_TRY(chunks_.WriteFileHeader(header));
  if (options_.reserve_index_space > 0) H4MK_TRY(WriteReservedSpace());
  chunks_.Mark();
  H4MK_TRY(WriteDescriptions());
  for (const auto& [track, bytes] : attachments_) {
    Bytes payload;  // core.md, "Chunk"
    AppendVarint(payload, ids_.id(track));
    AppendBytes(payload, bytes);
    H4MK_TRY(chunks_.WriteChunk(kTagAttachment, 0, payload));
  }
  for (const FrontChunk& chunk : front_chunks_)
    H4MK_TRY(chunks_.WriteChunk(chunk.tag, chunk.flags, chunk.payload));
  front_chunks_.clear();
  page_start_ = sink_.position();
  return {};
}

// core.md, "File": nobody who chose bytes for this file may know it before. With `repeatable` it
// comes from what the file describes.
uint32_t Writer::ChooseSalt() const {
  if (options_.salt) return *options_.salt;
  if (!options_.repeatable) return std::random_device{}();
  const std::string text = EncodeTracks(tracks_);
  return Crc32(0, AsBytes(text));
}

Status Writer::WriteReservedSpace() {
  const size_t size = std::max<size_t>(options_.reserve_index_space, kChunkOverhead);
  return chunks_.WriteChunk(kTagFree, 0, Bytes(size - kChunkOverhead));
}

// Writes TRAK and META where they are new; the last ones in a file count.
Status Writer::WriteDescriptions() {
  if (tracks_changed_) {
    trak_offset_ = sink_.position();
    const std::string text = EncodeTracks(tracks_);
    H4MK_TRY(chunks_.WriteChunk(kTagTracks, 0, AsBytes(text)));
    tracks_changed_ = false;
  }
  if (meta_changed_) {
    meta_offset_ = sink_.position();
    const std::string text = DumpJson(meta_);
    H4MK_TRY(chunks_.WriteChunk(kTagMeta, 0, AsBytes(text)));
    meta_changed_ = false;
  }
  return {};
}

Status Writer::CloseCluster() {
  if (cluster_.block_count() == 0) return {};
  const uint64_t offset = sink_.position();
  const ClusterEncoder::Encoded encoded = cluster_.Encode();
  H4MK_TRY(chunks_.WriteParts(encoded.head, encoded.data, encoded.crc));
  cluster_.Clear();
  cluster_is_open_to_keys_ = false;
  page_.EndCluster(offset);
  return EndCluster(offset);
}

Status Writer::EndCluster(uint64_t offset) {
  if (first_cluster_ == 0) first_cluster_ = offset;
  return WritePageIfDue();
}

Status Writer::AppendCluster(const ClusterIndex& index, ByteSpan chunk) {
  H4MK_TRY(Flush());
  return Step([&] { return WriteCluster(index, chunk); });
}

Status Writer::WriteCluster(const ClusterIndex& index, ByteSpan chunk) {
  H4MK_TRY(WriteDescriptions());
  for (const BlockRecord& block : index.blocks()) {
    if (block.track < 0) continue;
    const auto track = static_cast<uint32_t>(block.track);
    if (!block.is_key()) has_other_blocks_[track] = has_gop_track_ = true;
    cluster_.SkipTo(track, block.ordinal + 1);
  }
  const uint64_t offset = sink_.position();
  const size_t size = chunk.size() - kCrcSize;
  H4MK_TRY(chunks_.WriteParts(chunk.first(size), {}, LoadLe<uint32_t>(chunk.data() + size)));
  page_.AddCluster(offset, index.blocks());
  return EndCluster(offset);
}

Status Writer::SetOrdinal(uint32_t track, uint64_t ordinal) {
  if (track >= tracks_.size()) return Status(Code::kArgument, "no such track");
  if (NextOrdinal(track) == ordinal) return {};
  H4MK_TRY(Flush());
  cluster_.SkipTo(track, ordinal);
  return {};
}

Status Writer::WritePageIfDue() {
  const uint64_t growth = 1 + page_refs_.size() * tracks_.size() / kCellsUntilGrowth;
  if (page_.page().clusters.size() >= kPageClusters * growth || page_.is_full() ||
      sink_.position() - page_start_ >= kPageBytes * growth)
    H4MK_TRY(WritePage());
  return WriteSignature(ChunkSigner::Moment::kCluster);
}

void Writer::SetSigner(std::unique_ptr<ChunkSigner> signer) {
  signer_ = std::move(signer);
  chunks_.set_observer(signer_.get());
}

// protection.md, "Signed files": a checkpoint, when the signer finds that there is enough to be
// signed.
Status Writer::WriteSignature(ChunkSigner::Moment moment) {
  if (!signer_) return {};
  const IndexTop top = moment == ChunkSigner::Moment::kEnd ? MakeTop() : IndexTop();
  const Bytes payload = signer_->Sign(moment, sink_.position(), tracks_, page_.totals(), top);
  return payload.empty() ? Status() : chunks_.WriteChunk(kTagVeri, 0, payload);
}

Status Writer::WritePage() {
  const uint64_t offset = sink_.position();
  IndexPage page = page_.Take();
  page.previous = last_page_offset_;
  page.trak = trak_offset_;
  page.meta = meta_offset_;
  Bytes payload = EncodePage(page, ids_, offset);
  H4MK_TRY(chunks_.WriteChunk(kTagIndex, 0, payload));
  last_page_offset_ = offset;
  page_start_ = sink_.position();
  page_refs_.push_back(Summarize(page, offset, payload.size() + kChunkOverhead,
                                 page_refs_.empty() ? nullptr : &page_refs_.back()));
  stored_bytes_ += payload.size();
  keep_pages_ = keep_pages_ && stored_bytes_ <= kMaxStoredPages;
  if (keep_pages_) {
    stored_pages_.push_back({page_refs_.back(), std::move(payload), offset});
  } else {
    stored_pages_.clear();
  }
  return {};
}

// core.md, "End of file": descriptions once more, the pages side by side, the top, the locator, the
// container checksum.
Status Writer::WriteTail() {
  if (sink_.position() / kDescriptionShare > EncodeTracks(tracks_).size()) {
    if (!tracks_changed_) trak_copied_from_ = trak_offset_;
    if (!meta_changed_) meta_copied_from_ = meta_offset_;
    tracks_changed_ = true;
    meta_changed_ = meta_changed_ || meta_offset_ != 0;
  }
  H4MK_TRY(WriteDescriptions());
  const size_t earlier_pages = page_refs_.size();
  if (!page_.page().clusters.empty() || page_refs_.empty()) H4MK_TRY(WritePage());
  const size_t repeated = keep_pages_ ? earlier_pages : 0;
  for (size_t i = 0; i < repeated; ++i) {
    const StoredPage& page = stored_pages_[i];
    page_refs_[i].offset = sink_.position();
    H4MK_TRY(chunks_.WriteChunk(kTagIndex, 0,
                                CopyOfPage(page.payload, page.chunk_offset, sink_.position(), 0)));
  }

  H4MK_TRY(WriteSignature(ChunkSigner::Moment::kEnd));
  Tail tail;
  tail.top = sink_.position();
  IndexTop top = MakeTop();
  const size_t top_size = EncodeTop(top, ids_, tail.top).size() + kChunkOverhead;
  tail.top_size = static_cast<uint32_t>(top_size);
  closed_size_ = tail.top + top_size + kTailPayloadSize + kChunkOverhead + kCrcSize;
  top.file_size = closed_size_;
  H4MK_TRY(chunks_.WriteChunk(kTagIndex, 0, EncodeTop(top, ids_, tail.top)));
  H4MK_TRY(chunks_.WriteChunk(kTagTail, 0, EncodeTail(tail, sink_.position())));
  uint32_t checksum = chunks_.checksum();
  if (options_.reserve_index_space > 0) {
    Bytes front;
    AppendFront(&front, kFileHeaderSize, 0);
    const size_t reserved = std::max<size_t>(options_.reserve_index_space, kChunkOverhead);
    if (sink_.seekable() && keep_pages_ &&
        (front.size() == reserved || front.size() + kChunkOverhead <= reserved)) {
      if (front.size() < reserved)
        AppendBytes(front, MakeChunk(kTagFree, 0, Bytes(reserved - front.size() - kChunkOverhead),
                                     chunks_.salt()));
      checksum = chunks_.ChecksumWithFront(front);
      H4MK_TRY(chunks_.WriteContainerChecksum(checksum));
      const uint64_t end = sink_.position();
      H4MK_TRY(sink_.Seek(kFileHeaderSize));
      H4MK_TRY(sink_.Write(front));
      H4MK_TRY(sink_.Seek(end));
      return {};
    }
  }
  H4MK_TRY(chunks_.WriteContainerChecksum(checksum));
  return {};
}

IndexTop Writer::MakeTop() const {
  IndexTop top;
  top.pages = page_refs_;
  top.totals = page_.totals();
  top.first_cluster = first_cluster_;
  top.trak = trak_offset_;
  top.meta = meta_offset_;
  return top;
}

// Pages and top as they are when they start at byte `at` and the rest of the file is moved by
// shift.
void Writer::AppendFront(Bytes* front, uint64_t at, uint64_t shift) const {
  IndexTop top = MakeTop();
  for (size_t i = 0; i < stored_pages_.size(); ++i) {
    const StoredPage& page = stored_pages_[i];
    const uint64_t to = at + front->size();
    top.pages[i].offset = to;
    AppendBytes(*front,
                MakeChunk(kTagIndex, 0, CopyOfPage(page.payload, page.chunk_offset, to, shift),
                          chunks_.salt()));
  }
  // What stands at the front already need not be read at the end.
  top.trak = (trak_copied_from_ ? trak_copied_from_ : trak_offset_) + shift;
  top.meta = meta_copied_from_ ? meta_copied_from_ : meta_offset_;
  if (top.meta != 0) top.meta += shift;
  if (top.first_cluster != 0) top.first_cluster += shift;
  top.file_size = closed_size_ + shift;
  AppendBytes(*front,
              MakeChunk(kTagIndex, 0, EncodeTop(top, ids_, at + front->size()), chunks_.salt()));
}

Status Writer::FrontIndex(Bytes* index, uint32_t* checksum) const {
  if (!finished_ || failed_ != Code::kOk) return Status(Code::kState, "the file is not finished");
  if (!keep_pages_) return Status(Code::kLimit, "the index is larger than 4 MiB");
  if (options_.reserve_index_space > 0)
    return Status(Code::kState, "the file has its index in reserved space");
  Bytes front;
  AppendFront(&front, kFileHeaderSize, 0);  // its size does not depend on the shift
  const uint64_t shift = front.size();
  front.clear();
  AppendFront(&front, kFileHeaderSize, shift);
  *checksum = chunks_.ChecksumWithFront(front);
  *index = std::move(front);
  return {};
}

}  // namespace h4mk
