// SPDX-License-Identifier: MIT
#include "reader/cluster_stream.h"

#include <utility>

namespace h4mk {
namespace {

// Less data that nobody wants than this is read along rather than jumped over.
constexpr uint64_t kWorthAJump = 64 << 10;

}  // namespace

ClusterStream::ClusterStream(Source& source, FileIndex& file, Warnings& warnings)
    : source_(source), chunks_(source), file_(file), warnings_(warnings), cursor_(chunks_) {}

Status ClusterStream::Next(const BlockFilter& filter, ClusterLoader* cluster) {
  if (is_cut_off_) return Status(Code::kAgain, "the file has no end");
  int64_t ended_at = -1;  // a size that says now more and now less would keep us here for ever
  const auto grew = [&](int64_t size) {
    if (size <= ended_at) return false;
    ended_at = size;
    return CanReadOn(size);
  };
  for (;;) {
    const int64_t size = source_.Size();
    const bool is_past_end =
        size >= 0 && cursor_.position() + kChunkHeaderSize > static_cast<uint64_t>(size);
    ChunkHeader header;
    Status status = is_past_end ? Status(Code::kEnd, "") : cursor_.ReadHeader(&header);
    if (status.code() == Code::kEnd) {
      if (grew(size)) continue;
      return AtEnd(cluster);
    }
    H4MK_TRY(status);
    status = ReadChunk(header, size, filter, cluster);
    if (status.ok() && header.is_cluster()) return {};
    if (status.ok()) continue;
    if (status.code() == Code::kCorrupt) return Skip(status, cluster);
    if (status.code() != Code::kAgain) return status;
    if (IsUnfinishedCluster(header)) {
      if (grew(size)) continue;
      return AtEnd(cluster);
    }
    return SkipCutChunk(header, cluster);
  }
}

// kAgain: the file ends inside the chunk.
Status ClusterStream::ReadChunk(const ChunkHeader& header, int64_t file_size,
                                const BlockFilter& filter, ClusterLoader* cluster) {
  if (!IsPlausibleTag(header.tag))
    return Corrupt(cursor_.position(), "no chunk found; expected one");
  if (file_size >= 0 && cursor_.position() + header.size() > static_cast<uint64_t>(file_size))
    return Status(Code::kAgain, "");
  return header.is_cluster() ? LoadCluster(header, filter, cluster) : PassOver(header);
}

Status ClusterStream::LoadCluster(const ChunkHeader& header, const BlockFilter& filter,
                                  ClusterLoader* cluster) {
  file_.UsePendingDescriptions(cursor_.position(), /*is_all=*/true);
  const bool is_whole = (!filter.any_discarded() && filter.wants_data()) || !source_.seekable();
  H4MK_TRY(cluster->Load(cursor_.position(), header, is_whole));
  if (!is_whole && filter.UnwantedBytes(cluster->index().blocks()) <= kWorthAJump) {
    if (const Status status = cluster->LoadData(); !status.ok()) {
      cluster->Reset();
      return status;
    }
  }
  MoveBehind(*cluster);
  return {};
}

// A chunk that holds no blocks.
Status ClusterStream::PassOver(const ChunkHeader& header) {
  const uint64_t at = cursor_.position();
  // A pipe cannot go back: a damaged length would swallow what follows, so a length above 64 MiB
  // counts as damage.
  const bool is_long = header.length > kMaxSmallChunk && header.tag != kTagAttachment;
  if (header.length > LongestPayload(header.tag) || (is_long && !source_.seekable()))
    return Corrupt(at, TagText(header.tag) + " chunk of " + std::to_string(header.length) +
                           " bytes is larger than the limit");
  std::optional<uint32_t> crc;
  if (header.length <= kMaxCheckedChunk) {
    Bytes payload;
    const Status status = chunks_.ReadPayload(at, header, &payload, &crc.emplace());
    if (!status.ok() && status.code() != Code::kUnsupported) return status;
    if (!status.ok()) warnings_.Add(status);
    // Of a closed file the end has told which descriptions hold. A pipe has nothing else to go by,
    // so it takes them at once.
    if (status.ok() && !file_.is_closed())
      file_.descriptions().AddPending(at, header.tag, std::move(payload));
    if (!source_.seekable()) file_.UsePendingDescriptions(at + 1, /*is_all=*/false);
  } else if (source_.seekable()) {
    H4MK_TRY(chunks_.CheckLength(at, header));
  }
  cursor_.Pass(at + header.size(), crc);
  saw_locator_ = header.tag == kTagTail && header.unknown_flags() == 0;
  if (saw_locator_) file_.UsePendingDescriptions(at, /*is_all=*/true);
  return {};
}

// Whether a cluster that is longer than the file is a true one: then what is there of it is no
// place to look for chunks.
bool ClusterStream::IsUnfinishedCluster(const ChunkHeader& header) {
  ClusterIndex index;
  return header.is_cluster() && source_.seekable() &&
         ReadClusterIndex(source_, cursor_.position(), header, file_.descriptions().ids(), &index)
             .ok();
}

// A chunk that is longer than the file: its length is damaged if chunks follow.
Status ClusterStream::SkipCutChunk(const ChunkHeader& header, ClusterLoader* cluster) {
  const uint64_t at = cursor_.position();
  uint64_t found = 0;
  const Status status = chunks_.FindNext(at, &found);
  if (status.code() == Code::kEnd) return AtEnd(cluster);
  H4MK_TRY(status);
  return GoOnAt(found,
                Corrupt(at, TagText(header.tag) + " chunk of " + std::to_string(header.length) +
                                " bytes does not fit into the file"));
}

Status ClusterStream::Skip(const Status& damage, ClusterLoader* cluster) {
  const uint64_t at = cursor_.position();
  cursor_.Jump(at);
  uint64_t found = 0;
  const Status status = chunks_.FindNext(at, &found);
  if (status.ok()) return GoOnAt(found, damage);
  if (status.code() != Code::kEnd) return status;
  // Nothing follows. A closed file is read then; one without an end may go on here, but not from an
  // input that cannot seek, since nothing is read again.
  const int64_t size = source_.Size();
  if (file_.is_closed() && size >= 0) cursor_.Jump(static_cast<uint64_t>(size));
  is_cut_off_ = !source_.seekable();
  if (!is_cut_off_ && cursor_.position() == at) return AtEnd(cluster);
  return damage.Saying(damage.message() + "; nothing readable follows");
}

Status ClusterStream::GoOnAt(uint64_t found, const Status& damage) {
  MoveTo(found);
  return damage.Saying(damage.message() + "; reading goes on at byte " + std::to_string(found));
}

void ClusterStream::Rewind() {
  cursor_.Return(file_.behind_front());
  saw_locator_ = false;
}

void ClusterStream::MoveTo(uint64_t offset) {
  cursor_.Jump(offset);
  saw_locator_ = false;
}

void ClusterStream::MoveBehind(const ClusterLoader& cluster) {
  std::optional<uint32_t> crc;
  if (cluster.next_header()) crc = cluster.stored_crc();  // which was read along with it
  cursor_.Pass(cluster.end(), crc, cluster.next_header());
  saw_locator_ = false;
}

// Whether a file without an end has become longer than size. An input that waits for what is
// appended (as FFmpeg's file protocol does when told to) waits here.
bool ClusterStream::CanReadOn(int64_t size) {
  if (size < 0 || file_.is_closed()) return false;
  if (saw_locator_ && cursor_.position() + kCrcSize <= static_cast<uint64_t>(size)) return false;
  uint8_t byte = 0;
  size_t got = 0;
  return source_.ReadAt(static_cast<uint64_t>(size), &byte, 1, &got).ok() && got == 1 &&
         source_.Size() > size;
}

Status ClusterStream::AtEnd(ClusterLoader* cluster) {
  cluster->Reset();
  const uint64_t at = cursor_.position();
  uint8_t stored[kCrcSize + 1];  // nothing may follow the checksum
  size_t got = 0;
  if (file_.is_closed() || saw_locator_) H4MK_TRY(source_.ReadAt(at, stored, sizeof stored, &got));
  const bool is_checksum = got == kCrcSize;
  // The end may be asked for again.
  if (!is_checksum || !source_.seekable()) source_.Unread(at, ByteSpan(stored, got));
  if (!is_checksum && !file_.has_locator()) return Status(Code::kAgain, "the file has no end yet");
  if (const std::optional<uint32_t> checksum = cursor_.checksum(); is_checksum && checksum) {
    if (LoadLe<uint32_t>(stored) != *checksum)
      warnings_.Add(at, "container checksum at byte " + std::to_string(at) +
                            " does not match the chunks: some were exchanged, replaced or removed");
    cursor_.StopChecksum();
  }
  return Status(Code::kEnd, "end of file");
}

}  // namespace h4mk
