// SPDX-License-Identifier: MIT
#include "writer/writer.h"

#include <algorithm>
#include <random>
#include <string>

#include "base/crc32.h"
#include "chunk/chunk_reader.h"
#include "reader/external_data.h"

namespace h4mk {
namespace {

// Chunks that a writer makes on its own.
bool IsOwnTag(uint32_t tag) {
  return tag == kTagTracks || tag == kTagMeta || tag == kTagCore || tag == kTagIndex ||
         tag == kTagAttachment || tag == kTagFree || tag == kTagTail;
}

// The whole chunk that keeps the front of a file free for an index.
size_t ReservedSize(const WriterOptions& options) {
  return std::max<size_t>(options.reserve_index_space, kChunkOverhead);
}

}  // namespace

Writer::Writer(Io& io, const WriterOptions& options, std::unique_ptr<WriterExtension> extension)
    : options_(options),
      sink_(io),
      chunks_(sink_),
      extension_(std::move(extension)),
      descriptions_(chunks_, tracks_),
      index_(chunks_, ids_, descriptions_),
      clusters_(options_, *this, index_.page()) {
  chunks_.set_observer(extension_.get());
}

Status Writer::Unusable() const {
  if (failed_ != Code::kOk) return Status(failed_, "an earlier write failed");
  return Status(Code::kState, "the file is finished");
}

Status Writer::AddTrack(const Json& description, uint32_t* track) {
  H4MK_TRY(CheckUsable());
  if (tracks_.size() == kMaxTracks)
    return Status(Code::kLimit, "more than " + std::to_string(kMaxTracks) + " tracks");
  Track added;
  H4MK_TRY(ReadTrack(description, &added));
  if (added.compression == Compression::kUnknown && !options_.any_compression)
    return Status(Code::kArgument, "compression of a track can only be \"zstd\"");
  if (ids_.Find(added.id) >= 0)
    return Status(Code::kArgument, "two tracks with track_id " + std::to_string(added.id));
  TracksSize size;
  H4MK_TRY(tracks_size_.With(description, nullptr, &size));
  // Its blocks come behind the TRAK that has it.
  if (phase_ == Phase::kStarted) H4MK_TRY(Step([&] { return clusters_.Close(); }));
  tracks_size_ = size;
  descriptions_.TracksChanged();
  ids_.Add(added.id);
  clusters_.AddTrack(added);
  *track = static_cast<uint32_t>(tracks_.size());
  tracks_.push_back(std::move(added));
  index_.GrowTo(tracks_.size());
  return {};
}

Status Writer::UpdateTrack(uint32_t track, const Json& description) {
  if (track >= tracks_.size()) return Status(Code::kArgument, "no such track");
  if (description == tracks_[track].description) return {};
  Track changed;
  H4MK_TRY(ReadTrack(description, &changed));
  H4MK_TRY(CheckSameBlocks(tracks_[track], changed));
  H4MK_TRY(tracks_size_.With(description, &tracks_[track].description, &tracks_size_));
  tracks_[track] = std::move(changed);
  descriptions_.TracksChanged();
  return {};
}

Status Writer::SetAttachment(uint32_t track, ByteSpan bytes) {
  if (phase_ != Phase::kNew)
    return Status(Code::kState, "attachments cannot be added after the first block");
  if (track >= tracks_.size()) return Status(Code::kArgument, "no such track");
  if (bytes.size() > kMaxBlockSize) return Status(Code::kLimit, "attachment larger than 1 GiB");
  attachments_[track].assign(bytes.begin(), bytes.end());
  return {};
}

Status Writer::SetMeta(const Json& meta) {
  if (!meta.is_object()) return Status(Code::kArgument, "metadata is no JSON object");
  H4MK_TRY(CheckMeta(meta));
  descriptions_.SetMeta(meta);
  return {};
}

Status Writer::AddChunk(uint32_t tag, uint32_t flags, ByteSpan payload) {
  H4MK_TRY(CheckUsable());
  if (!IsPlausibleTag(tag) || IsOwnTag(tag))
    return Status(Code::kArgument, "chunk " + TagText(tag) + " cannot be added");
  if (payload.size() > kMaxSmallChunk)
    return Status(Code::kLimit,
                  "chunk of " + std::to_string(payload.size()) + " bytes is larger than 64 MiB");
  if (phase_ == Phase::kNew) {
    front_chunks_.push_back({tag, flags, Bytes(payload.begin(), payload.end())});
    return {};
  }
  return Step([&]() -> Status {
    H4MK_TRY(clusters_.Close());
    return chunks_.WriteChunk(tag, flags, payload);
  });
}

Status Writer::Write(const Block& block) {
  H4MK_TRY(CheckUsable());
  H4MK_TRY(CheckBlock(block, tracks_.size()));
  if ((block.flags & kBlockExternal) && !NamesFileBeside(tracks_[block.track]))
    return Status(Code::kArgument, "a block in another file, but its track does not name one");
  if (block.ordinal != kNextOrdinal && block.ordinal < clusters_.NextOrdinal(block.track))
    return Status(Code::kArgument,
                  "block " + std::to_string(block.ordinal) + " comes too late in its track");
  return Step([&]() -> Status {
    H4MK_TRY(StartOnce());
    return clusters_.Add(block);
  });
}

Status Writer::AppendCluster(const ClusterIndex& index, ByteSpan chunk) {
  H4MK_TRY(Flush());
  return Step([&]() -> Status {
    H4MK_TRY(descriptions_.Write());
    clusters_.PassCluster(index);
    const uint64_t offset = sink_.position();
    const size_t size = chunk.size() - kCrcSize;
    H4MK_TRY(chunks_.WriteParts(chunk.first(size), {}, LoadLe<uint32_t>(chunk.data() + size)));
    index_.page().AddCluster(offset, index.blocks());
    return ClusterWritten(offset);
  });
}

Status Writer::SetOrdinal(uint32_t track, uint64_t ordinal) {
  if (track >= tracks_.size()) return Status(Code::kArgument, "no such track");
  if (clusters_.NextOrdinal(track) == ordinal) return {};
  H4MK_TRY(Flush());
  clusters_.SkipTo(track, ordinal);
  return {};
}

Status Writer::Flush() {
  H4MK_TRY(CheckUsable());
  return Step([&]() -> Status {
    H4MK_TRY(StartOnce());
    H4MK_TRY(clusters_.Close());
    return Extend(WriterExtension::Moment::kFlush);
  });
}

Status Writer::Finish() {
  H4MK_TRY(CheckUsable());
  return Step([&]() -> Status {
    H4MK_TRY(StartOnce());
    H4MK_TRY(clusters_.Close());
    phase_ = Phase::kFinished;
    return WriteEnd();
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

// Writes the front of the file.
Status Writer::Start() {
  phase_ = Phase::kStarted;
  FileHeader header;
  header.salt = ChooseSalt();
  clusters_.set_salt(header.salt);
  H4MK_TRY(chunks_.WriteFileHeader(header));
  if (options_.reserve_index_space > 0)
    H4MK_TRY(chunks_.WriteChunk(kTagFree, 0, Bytes(ReservedSize(options_) - kChunkOverhead)));
  chunks_.Mark();
  H4MK_TRY(descriptions_.Write());
  for (const auto& [track, bytes] : attachments_) {
    Bytes payload;  // core.md, "Chunk"
    AppendVarint(payload, ids_.id(track));
    AppendBytes(payload, bytes);
    H4MK_TRY(chunks_.WriteChunk(kTagAttachment, 0, payload));
  }
  for (const FrontChunk& chunk : front_chunks_)
    H4MK_TRY(chunks_.WriteChunk(chunk.tag, chunk.flags, chunk.payload));
  attachments_.clear();
  front_chunks_.clear();
  index_.Start();
  return {};
}

// core.md, "File": the salt must not be known to those who choose the bytes of blocks. With
// `repeatable` it comes from the descriptions.
uint32_t Writer::ChooseSalt() const {
  if (options_.salt) return *options_.salt;
  if (!options_.repeatable) return std::random_device{}();
  return Crc32(0, AsBytes(EncodeTracks(tracks_)));
}

Status Writer::BeginCluster() { return descriptions_.Write(); }

Status Writer::WriteCluster(const ClusterEncoder::Encoded& cluster) {
  const uint64_t offset = sink_.position();
  H4MK_TRY(chunks_.WriteParts(cluster.head, cluster.data, cluster.crc));
  index_.page().EndCluster(offset);
  return ClusterWritten(offset);
}

Status Writer::ClusterWritten(uint64_t offset) {
  H4MK_TRY(index_.ClusterWritten(offset));
  return Extend(WriterExtension::Moment::kCluster);
}

Status Writer::Extend(WriterExtension::Moment moment) {
  return extension_ ? extension_->Extend(moment, tracks_, index_, chunks_) : Status();
}

// core.md, "End of file": descriptions once more, the pages side by side, the top, the locator, the
// container checksum.
Status Writer::WriteEnd() {
  H4MK_TRY(descriptions_.WriteAtEnd());
  H4MK_TRY(index_.WritePages());
  H4MK_TRY(Extend(WriterExtension::Moment::kEnd));
  H4MK_TRY(index_.WriteEnd());
  Bytes index;
  const size_t reserved = ReservedSize(options_);
  if (options_.reserve_index_space > 0 && sink_.seekable() && index_.MakeFront(0, &index).ok() &&
      (index.size() == reserved || index.size() + kChunkOverhead <= reserved))
    return FillReservedSpace(index);
  return chunks_.WriteContainerChecksum(chunks_.checksum());
}

Status Writer::FillReservedSpace(const Bytes& index) {
  Bytes front = index;
  const size_t left = ReservedSize(options_) - index.size();
  if (left > 0)
    AppendBytes(front, MakeChunk(kTagFree, 0, Bytes(left - kChunkOverhead), chunks_.salt()));
  H4MK_TRY(chunks_.WriteContainerChecksum(chunks_.ChecksumWithFront(front)));
  const uint64_t end = sink_.position();
  H4MK_TRY(sink_.Seek(kFileHeaderSize));
  H4MK_TRY(sink_.Write(front));
  return sink_.Seek(end);
}

Status Writer::FrontIndex(Bytes* index, uint32_t* checksum) const {
  if (phase_ != Phase::kFinished || failed_ != Code::kOk)
    return Status(Code::kState, "the file is not finished");
  Bytes front;
  H4MK_TRY(index_.MakeFront(0, &front));  // its size does not depend on how far it moves the rest
  if (options_.reserve_index_space > 0)
    return Status(Code::kState, "the file has its index in reserved space");
  H4MK_TRY(index_.MakeFront(front.size(), &front));
  *checksum = chunks_.ChecksumWithFront(front);
  *index = std::move(front);
  return {};
}

}  // namespace h4mk
