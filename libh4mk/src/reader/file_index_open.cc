// SPDX-License-Identifier: MIT
// Opening a file: its front (header, TRAK, META, perhaps the index) and its end (locator, top).
#include <algorithm>
#include <utility>

#include "reader/file_index.h"

namespace h4mk {
namespace {

// How much of a file's end (or front) is read at once: enough for the index of most files, which is
// 1/1024 of them or less. Where clusters are large it is much less: some 3 to 6 bytes for each. The
// first one tells well enough how large they are.
uint64_t IndexShare(uint64_t file_size, uint64_t cluster_size) {
  uint64_t share = file_size / 1024;
  if (cluster_size > 0) share = std::min(share, 12 * (file_size / cluster_size) + 8192);
  return std::min(file_size, std::clamp<uint64_t>(share, 8192, 512 << 10));
}

}  // namespace

Status FileIndex::Open(ChunkCursor* cursor) {
  H4MK_TRY(ReadFileHeader(source_, &header_));
  ContainerChecksum of_header;
  H4MK_TRY(ReadContainerChecksum(source_, kFileHeaderSize, &of_header));
  cursor->Begin(of_header);
  const Status front = ReadFront(cursor);
  if (front.code() == Code::kIo) return front;
  // The end may hold newer descriptions, and those that damage to the front has cost.
  if (can_seek() && !is_closed()) H4MK_TRY(ReadEnd(*cursor));
  if (can_seek() && !descriptions_.has_tracks()) H4MK_TRY(UseTracksOfLastPage());
  if (!descriptions_.has_tracks()) {
    if (!front.ok()) return front;
    if (behind_front_ != kFileHeaderSize)
      return Corrupt(kFileHeaderSize, "no TRAK chunk found; expected one");
    return Status(Code::kTruncated, "file ends behind its header at byte 16; expected a TRAK chunk")
        .At(kFileHeaderSize);
  }
  descriptions_.CheckAttachments();
  if (!front.ok()) warnings_.Add(front);
  if (can_seek() && !is_closed()) {
    H4MK_TRY(MakeIndex(/*trust_pages=*/true));
    if (!has_locator())
      warnings_.Add(static_cast<uint64_t>(source_.Size()),
                    "no end at byte " + std::to_string(source_.Size()) +
                        ": the file was cut, or is still being written");
  }
  GrowTracks();
  return {};
}

// Damage is passed over, and returned once all is read.
Status FileIndex::ReadFront(ChunkCursor* cursor) {
  Status damage;
  StoredTop top;
  H4MK_TRY(ReadFrontChunks(cursor, &top, &damage));
  behind_front_ = first_cluster_ = cursor->position();
  const std::optional<ChunkHeader>& next = cursor->known_header();
  begins_with_cluster_ = next && next->is_cluster();
  if (next && next->tag == kTagTail && can_seek()) H4MK_TRY(PassFormerEnds());
  if (!descriptions_.has_tracks() || top.payload.empty() || !source_.seekable()) return damage;
  const Status status = UseTop(top, FileSize());
  if (status.ok()) end_ = End::kTop;
  // An end that was put behind the one that this top was made for replaces it.
  if (status.ok() || status.code() == Code::kNotFound || !damage.ok()) return damage;
  return status;
}

Status FileIndex::ReadFrontChunks(ChunkCursor* cursor, StoredTop* top, Status* damage) {
  for (;;) {
    const uint64_t at = cursor->position();
    ChunkHeader header;
    Status status = cursor->ReadHeader(&header);
    if (status.code() == Code::kEnd || header.is_cluster() || header.tag == kTagTail) return {};
    if (status.ok() && header.tag == kTagIndex && at == kFileHeaderSize)
      H4MK_TRY(ReadAhead(at, IndexShare(FileSize(), 0)));
    std::optional<uint32_t> crc;
    if (status.ok()) status = ReadFrontChunk(at, header, &crc, top);
    if (status.ok() || status.code() == Code::kUnsupported) {
      if (damage->ok()) *damage = status;
      cursor->Pass(at + header.size(), crc);
      continue;
    }
    if (status.code() != Code::kCorrupt && status.code() != Code::kAgain) return status;
    bool is_repaired = false;
    H4MK_TRY(RepairFront(*cursor, &is_repaired));
    if (is_repaired) continue;
    if (damage->ok())
      *damage = status.code() == Code::kAgain ? Status(Code::kTruncated, status.message()) : status;
    uint64_t found = at;
    status = chunks_.FindNext(at, &found);
    cursor->Jump(status.ok() ? found : at);
    if (status.code() == Code::kEnd) return {};  // nothing readable follows
    H4MK_TRY(status);
  }
}

// core.md, "Editing": a file that was closed before its first block, and continued, has that behind
// a locator.
Status FileIndex::PassFormerEnds() {
  ChunkHeader header;
  for (uint64_t at = first_cluster_;; at += header.size()) {
    const Status status = chunks_.ReadHeader(at, &header);
    if (status.code() == Code::kEnd) return {};
    H4MK_TRY(status);
    if (header.is_cluster()) {
      first_cluster_ = at;
      begins_with_cluster_ = true;
      return {};
    }
    bool is_whole = false;
    H4MK_TRY(chunks_.IsWhole(at, header, &is_whole));
    if (!is_whole) return {};
  }
}

Status FileIndex::ReadFrontChunk(uint64_t offset, const ChunkHeader& header,
                                 std::optional<uint32_t>* crc, StoredTop* top) {
  if (!IsPlausibleTag(header.tag)) return Corrupt(offset, "no chunk found; expected one");
  if (header.length > kMaxSmallChunk && header.length <= LongestPayload(header.tag) &&
      header.tag != kTagAttachment && source_.seekable())
    return PassOverFront(offset, header);
  Bytes payload;
  H4MK_TRY(chunks_.ReadPayload(offset, header, &payload, &crc->emplace()));
  if (header.tag != kTagIndex) return descriptions_.UseFront(offset, header.tag, payload, **crc);
  if (IsTop(payload) && top->payload.empty()) *top = {offset, std::move(payload)};
  return {};
}

// Passes over a chunk that is too long to read whole and that nobody needs. kAgain: it is longer
// than the file.
Status FileIndex::PassOverFront(uint64_t offset, const ChunkHeader& header) {
  const int64_t size = source_.Size();
  if (size < 0 || offset + header.size() <= static_cast<uint64_t>(size))
    return chunks_.CheckLength(offset, header);
  return Status(Code::kAgain, TagText(header.tag) + " chunk at byte " + std::to_string(offset) +
                                  " is not complete")
      .At(offset);
}

// A damaged salt makes all chunks look damaged, so the first one shows it.
Status FileIndex::RepairFront(const ChunkCursor& cursor, bool* repaired) {
  if (cursor.position() != kFileHeaderSize || !source_.seekable()) return {};
  H4MK_TRY(RepairSalt(source_, repaired));
  if (*repaired)
    warnings_.Add(8, "the salt at byte 8 is damaged: no chunk matches it; expected " +
                         std::to_string(source_.salt()));
  return {};
}

// Reads what most likely is the whole index in one go; Source serves the later reads of it.
Status FileIndex::ReadAhead(uint64_t offset, uint64_t size) {
  if (!can_seek()) return {};
  Bytes bytes(static_cast<size_t>(size));
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(offset, bytes.data(), bytes.size(), &got));
  bytes.resize(got);
  source_.Hold(offset, std::move(bytes));
  return {};
}

// A file with an end that cannot be used is read as one without.
Status FileIndex::ReadEnd(const ChunkCursor& cursor) {
  const uint64_t size = FileSize();
  if (size < kFileHeaderSize + kTailSize) return {};
  const std::optional<ChunkHeader>& first = cursor.known_header();
  const uint64_t share = IndexShare(size, first && first->tag == kTagCore ? first->size() : 0);
  H4MK_TRY(ReadAhead(size - share, share));
  StoredTop top;
  Status status = ReadStoredTop(chunks_, size, &top);
  if (status.ok()) status = UseTop(top, size);
  if (status.ok()) end_ = End::kTop;
  if (status.ok() || status.code() == Code::kIo) return status;
  if (status.code() != Code::kNotFound) warnings_.Add(status);
  return {};
}

// Takes over what a top says. kNotFound: it was made for a file that ends elsewhere. kCorrupt.
Status FileIndex::UseTop(const StoredTop& stored, uint64_t file_size) {
  const auto read_descriptions = [&](const IndexTop& top) -> Status {
    if (source_.Size() >= 0 && top.file_size != file_size)
      return Status(Code::kNotFound, "the file does not end where its index top says");
    // core.md, "Top": that of a file which is carried within this one leads elsewhere.
    const bool names_none = top.first_cluster == 0;
    if (names_none ? begins_with_cluster_ : top.first_cluster != first_cluster_)
      return Corrupt(stored.offset, "index top does not lead to the first cluster");
    return descriptions_.UseNamed(top.trak, top.meta);
  };
  IndexTop top;
  H4MK_TRY(DecodeStoredTop(stored, descriptions_.ids(), read_descriptions, &top));
  index_.set_file_size(FileSize());
  for (PageRef& page : top.pages) index_.AddPage(std::move(page));
  totals_ = std::move(top.totals);
  return {};
}

// The front is damaged: a page names a TRAK as well.
Status FileIndex::UseTracksOfLastPage() {
  LastIndex last;
  Status status = FindLastIndex(&last);
  const auto* page = std::get_if<LastPage>(&last.what);
  if (status.ok() && page != nullptr) status = descriptions_.UseNamed(page->trak, page->meta);
  return status.code() == Code::kIo ? status : Status();
}

}  // namespace h4mk
