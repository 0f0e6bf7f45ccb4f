// SPDX-License-Identifier: MIT
#include "chunk/chunk_reader.h"

#include <algorithm>
#include <utility>

#include "base/crc32.h"
#include "base/fault.h"

namespace h4mk {
namespace {

constexpr size_t kScanWindow = 64 << 10;
constexpr size_t kFirstWindow = 1024;  // of a scan: most gaps are small, and there may be many
constexpr size_t kGrowth = 1 << 20;
constexpr size_t kMaxVarint = 10;
constexpr uint32_t kResidue = 0x2144DF1C;  // CRC-32 of any bytes with their CRC-32 behind them
constexpr size_t kMaxUnfinished = 4096;    // an honest file has one
constexpr size_t kMaxGivenBack = 8 << 20;

// What checks of chunks that may be none can cost: so much, and so many times the bytes that were
// looked through.
constexpr uint64_t kLeastBudget = kMaxSmallChunk;
constexpr uint64_t kBudgetShare = 16;

}  // namespace

Status NotH4mk(bool is_empty) {
  return Status(Code::kNotH4mk,
                is_empty ? "the file is empty" : "not an H4MK file: \"H4MK\" expected at byte 0")
      .At(0);
}

Status ReadFileHeader(Source& source, FileHeader* header) {
  uint8_t bytes[kFileHeaderSize];
  size_t got = 0;
  H4MK_TRY(source.ReadAt(0, bytes, sizeof bytes, &got));
  if (got < 4 || LoadLe<uint32_t>(bytes) != kFileMagic) return NotH4mk(got == 0);
  if (got < sizeof bytes)
    return Status(Code::kTruncated, "file ends inside its header at byte " + std::to_string(got))
        .At(got);
  *header = {bytes[4], bytes[5], LoadLe<uint16_t>(bytes + 6), LoadLe<uint32_t>(bytes + 8)};
  if (header->version != 2)
    return Status(Code::kVersion, "version " + std::to_string(header->version) +
                                      " at byte 4 is not supported; expected 2")
        .At(4);
  if (header->required_features != 0)
    return Status(Code::kUnsupported,
                  "the file requires features " + std::to_string(header->required_features) +
                      " at byte 5 that this version of the library does not know")
        .At(5);
  source.set_salt(header->salt);
  return {};
}

Status RepairSalt(Source& source, bool* changed) {
  *changed = false;
  ChunkReader chunks(source);
  ChunkHeader first, second;
  const Status status = chunks.ReadHeader(kFileHeaderSize, &first);
  const uint64_t next = kFileHeaderSize + first.size();
  if (status.code() == Code::kEnd || first.length > kMaxSmallChunk || first.is_cluster()) return {};
  H4MK_TRY(status);
  if (source.Size() < 0 || next + kChunkOverhead > static_cast<uint64_t>(source.Size())) return {};
  Bytes bytes(static_cast<size_t>(first.size()));
  size_t got = 0;
  H4MK_TRY(source.ReadAt(kFileHeaderSize, bytes.data(), bytes.size(), &got));
  if (got < bytes.size()) return {};
  H4MK_TRY(chunks.ReadHeader(next, &second));
  if (!IsKnownTag(first.tag) || !IsKnownTag(second.tag))
    return {};  // zeros fit each other with some salt
  const uint32_t old = source.salt();
  const size_t covered = bytes.size() - kCrcSize;
  source.set_salt(
      Crc32Start(LoadLe<uint32_t>(bytes.data() + covered), ByteSpan(bytes).first(covered)));
  if (const Status checked = chunks.IsWhole(next, second, changed); !checked.ok()) return checked;
  if (source.salt() == old) *changed = false;
  if (!*changed) source.set_salt(old);
  return {};
}

void Unread(Source& source, uint64_t offset, const ChunkHeader& header, ByteSpan payload) {
  source.Unread(offset + kChunkHeaderSize, payload);
  source.Unread(offset, ChunkHeaderBytes(header));
}

Status ChunkReader::ReadHeader(uint64_t offset, ChunkHeader* header) {
  uint8_t bytes[kChunkHeaderSize];
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(offset, bytes, sizeof bytes, &got));
  if (got < sizeof bytes) {
    // Bytes of a stream that cannot seek are still needed to tell what the end looks like.
    source_.Unread(offset, ByteSpan(bytes, got));
    return Status(Code::kEnd, "no chunk follows at byte " + std::to_string(offset)).At(offset);
  }
  bool starts = false;
  H4MK_TRY(source_.StartsChunk(offset, &starts));
  *header = starts ? ParseChunkHeader(bytes) : ChunkHeader();
  return {};
}

Status ChunkReader::ReadPayload(uint64_t offset, const ChunkHeader& header, Bytes* payload,
                                uint32_t* crc) {
  const uint32_t limit = header.tag == kTagAttachment ? kMaxAttachmentChunk : kMaxSmallChunk;
  if (header.length > limit) {
    source_.Unread(offset, ChunkHeaderBytes(header));
    return Corrupt(offset, TagText(header.tag) + " chunk of " + std::to_string(header.length) +
                               " bytes is larger than the limit");
  }
  const size_t size = size_t{header.length} + kCrcSize;
  payload->clear();
  const Status read = ReadUpTo(offset + kChunkHeaderSize, size, payload);
  if (!read.ok()) {
    source_.Unread(offset, ChunkHeaderBytes(header));
    return read;
  }
  if (payload->size() < size) {
    Unread(source_, offset, header, *payload);
    return Status(Code::kAgain, TagText(header.tag) + " chunk at byte " + std::to_string(offset) +
                                    " is not complete")
        .At(offset);
  }
  const uint32_t actual = Crc32(Crc32(source_.salt(), ChunkHeaderBytes(header)),
                                ByteSpan(*payload).first(header.length));
  const auto stored = LoadLe<uint32_t>(payload->data() + header.length);
  if (actual != stored) {
    Unread(source_, offset, header, *payload);
    return Corrupt(offset, TagText(header.tag) + " chunk does not match its CRC");
  }
  payload->resize(header.length);
  if (crc) *crc = stored;
  if (version_ >= 2 && header.unknown_flags() != 0)
    return Status(Code::kUnsupported, UnknownFlags(header, offset)).At(offset);
  return {};
}

Status ChunkReader::ReadChunk(uint64_t offset, uint32_t tag, Bytes* payload, uint32_t* crc) {
  ChunkHeader header;
  const Status status = ReadHeader(offset, &header);
  if (status.code() == Code::kEnd)
    return Corrupt(offset, TagText(tag) + " chunk expected, found the end of the file");
  H4MK_TRY(status);
  if (header.tag != tag)
    return Corrupt(offset, TagText(tag) + " chunk expected, found " + TagText(header.tag));
  return ReadPayload(offset, header, payload, crc);
}

// How many bytes behind the chunk's header say whether the chunk is whole; a CRC follows them. 0:
// it cannot be.
Status ChunkReader::Covered(uint64_t offset, const ChunkHeader& header, uint64_t* size) {
  *size = header.length;
  if (!IsCluster(header)) {
    const uint32_t limit =
        version_ >= 2 || header.tag == kTagAttachment ? LongestPayload(header.tag) : kMaxSmallChunk;
    if (header.length > limit) *size = 0;
    return {};
  }
  uint8_t front[kMaxVarint];  // the size of its index
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(offset + kChunkHeaderSize, front, sizeof front, &got));
  ByteReader reader(ByteSpan(front, got));
  const uint64_t index_size = reader.Varint();
  source_.Unread(offset + kChunkHeaderSize, ByteSpan(front, got));
  const uint64_t covered = reader.position() + index_size;
  *size = reader.failed() || index_size > kMaxIndexSize || covered + kCrcSize > header.length
              ? 0
              : covered;
  return {};
}

Status ChunkReader::IsWhole(uint64_t offset, const ChunkHeader& header, bool* whole) {
  if (source_.seekable()) {
    RangeCrc ranges(source_);
    return IsWholeWith(offset, header, source_.Size(), &ranges, whole);
  }
  uint64_t budget = kMaxAttachmentChunk;
  return IsWholeInStream(offset, header, &budget, whole);
}

Status ChunkReader::IsWholeWith(uint64_t offset, const ChunkHeader& header, int64_t file_size,
                                RangeCrc* ranges, bool* whole) {
  *whole = false;
  const bool fits = file_size < 0 || offset + header.size() <= static_cast<uint64_t>(file_size);
  if (!fits && !IsCluster(header)) return {};  // a cluster may be the unfinished end
  uint64_t covered = 0;
  H4MK_TRY(Covered(offset, header, &covered));
  if (covered == 0 && header.length > 0) return {};
  // The CRC of a chunk covers its header, that of an index what stands behind it.
  const uint64_t payload = offset + kChunkHeaderSize;
  const uint32_t start =
      IsCluster(header) ? source_.salt() : Crc32(source_.salt(), ChunkHeaderBytes(header));
  uint32_t actual = 0;
  const Status status = ranges->Of(start, payload, payload + covered + kCrcSize, &actual);
  if (status.code() == Code::kEnd) return {};
  H4MK_TRY(status);
  *whole = actual == kResidue;
  return {};
}

// Memory grows with what is really there: a size that a file claims is not believed. Less than
// size: the input ends.
Status ChunkReader::ReadUpTo(uint64_t offset, uint64_t size, Bytes* bytes) {
  while (bytes->size() < size) {
    const size_t done = bytes->size();
    const auto step = static_cast<size_t>(std::min<uint64_t>(size - done, kGrowth));
    bytes->resize(done + step);
    size_t got = 0;
    const Status status = source_.ReadAt(offset + done, bytes->data() + done, step, &got);
    bytes->resize(done + got);
    if (!status.ok()) source_.Unread(offset, ByteSpan(*bytes).first(done));
    if (!status.ok() || got < step) return status;
  }
  return {};
}

// On an input that cannot seek, what is read has to be kept, so that it can be read again: each
// check costs its length. Once the budget is used up, chunks that claim more are not looked at.
Status ChunkReader::IsWholeInStream(uint64_t offset, const ChunkHeader& header, uint64_t* budget,
                                    bool* whole) {
  *whole = false;
  uint64_t covered = 0;
  H4MK_TRY(Covered(offset, header, &covered));
  if ((covered == 0 && header.length > 0) || covered > *budget) return {};
  *budget -= covered;
  Bytes bytes;
  H4MK_TRY(ReadUpTo(offset + kChunkHeaderSize, covered + kCrcSize, &bytes));
  source_.Unread(offset + kChunkHeaderSize, bytes);
  if (bytes.size() < covered + kCrcSize) return {};
  const uint32_t start =
      IsCluster(header) ? source_.salt() : Crc32(source_.salt(), ChunkHeaderBytes(header));
  *whole = Crc32(start, ByteSpan(bytes).first(static_cast<size_t>(covered))) ==
           LoadLe<uint32_t>(bytes.data() + covered);
  return {};
}

Status ChunkReader::CheckLength(uint64_t offset, const ChunkHeader& header) {
  Next next;
  // Without a size nothing tells whether the length leads out of the file.
  const int64_t size = source_.Size();
  if (size >= 0) next = WhatFollows(offset + header.size(), size, kMaxCheckedChunk);
  H4MK_TRY(next.status);
  bool is_right = next.is_end || next.is_chunk;
  if (!is_right) H4MK_TRY(IsWhole(offset, header, &is_right));
  if (is_right) return {};
  return Corrupt(offset, TagText(header.tag) + " chunk of " + std::to_string(header.length) +
                             " bytes does not match its CRC, and no chunk follows it");
}

// A chunk followed by its CRC moves the checksum of version 1 as any other of that length does.
Status ChunkReader::LengthsAreRight(bool* right) {
  if (!lengths_are_right_) {
    uint8_t front[kFileHeaderSize];
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(0, front, sizeof front, &got));
    uint32_t checksum = Crc32(0, ByteSpan(front, got));
    const auto size = static_cast<uint64_t>(source_.Size());
    uint64_t at = kFileHeaderSize;
    while (at + kCrcSize + kChunkOverhead <= size) {
      ChunkHeader header;
      H4MK_TRY(ReadHeader(at, &header));
      if (header.size() > size - kCrcSize - at) break;
      checksum = Crc32Combine(checksum, kResidue, header.size());
      at += header.size();
    }
    Bytes rest(static_cast<size_t>(
        std::min<uint64_t>(size - std::min(at, size), kChunkOverhead + kCrcSize)));
    H4MK_TRY(source_.ReadAt(at, rest.data(), rest.size(), &got));
    lengths_are_right_ = got == rest.size() && at + got == size && got >= kCrcSize &&
                         Crc32(checksum, ByteSpan(rest).first(got - kCrcSize)) ==
                             LoadLe<uint32_t>(rest.data() + got - kCrcSize);
  }
  *right = *lengths_are_right_;
  return {};
}

Status ChunkReader::FindNext(uint64_t offset, uint64_t* found) {
  if (GoesOn(offset)) return SearchOn(found);
  ChunkHeader header;
  const Status status = ReadHeader(offset, &header);
  if (status.code() == Code::kIo) return status;
  const int64_t size = source_.Size();
  if (status.ok() && source_.seekable() && size >= 0) {
    bool right = false;
    if (version_ == 1) H4MK_TRY(LengthsAreRight(&right));
    if (right) {
      *found = offset + header.size();
      return {};
    }
    const Next next = WhatFollows(offset + header.size(), size);
    H4MK_TRY(next.status);
    if (next.is_end) return Status(Code::kEnd, "no further chunk found");
    *found = offset + header.size();
    if (next.is_chunk) return {};
    if (version_ == 1 && IsKnownTag(header.tag)) {
      H4MK_TRY(FindTrueLength(offset, header, size, found));
      if (*found > offset) return {};
      // No salt tells a file of version 1 from what it carries: nothing is looked for in a chunk
      // that was cut.
      if (offset + header.size() > static_cast<uint64_t>(size))
        return Status(Code::kEnd, "no further chunk found");
    }
  }
  if (status.ok() && !source_.seekable()) {
    bool follows = false;
    H4MK_TRY(FollowsInStream(offset, header, &follows));
    *found = offset + header.size();
    if (follows) return {};
  }
  if (status.ok()) source_.Unread(offset, ChunkHeaderBytes(header));
  BeginSearch(offset, offset + header.size(), size);
  return Scan(offset, found);
}

// Whether the last search began here as well, found nothing, and the file has grown since. All of
// the damage each time would be quadratic for who follows the file.
bool ChunkReader::GoesOn(uint64_t offset) {
  return search_.found_nothing && search_.start == offset && source_.Size() > search_.file_size;
}

// Looks at what could not be judged before, then at what was appended.
Status ChunkReader::SearchOn(uint64_t* found) {
  search_.found_nothing = false;  // until it is known: after a failed read all is searched
  search_.file_size = source_.Size();
  const auto size = static_cast<uint64_t>(search_.file_size);
  for (const Unfinished& chunk : std::exchange(search_.unfinished, {})) {
    ChunkHeader header;
    bool whole = false;
    if (chunk.needed > size) {
      search_.unfinished.push_back(chunk);
      continue;
    }
    H4MK_TRY(ReadHeader(chunk.offset, &header));
    if (IsPlausibleTag(header.tag)) H4MK_TRY(Judge(chunk.offset, header, &whole));
    *found = chunk.offset;
    if (whole) return {};
  }
  return Scan(search_.until, found);
}

// follower: where the damaged chunk says to end; what stands there may not be there yet.
void ChunkReader::BeginSearch(uint64_t offset, uint64_t follower, int64_t size) {
  // CRCs of one search serve the next: a file may have many gaps, each with a length that reaches
  // to its end. The same place once more may have other bytes.
  if (!ranges_ || size != search_.file_size || offset <= search_.start) ranges_.emplace(source_);
  search_ = {offset, offset, size, {}, false};
  search_.unfinished.push_back({follower, follower + kChunkOverhead});
}

// Whether the chunk is whole. If the file is too short to tell, SearchOn() asks again.
Status ChunkReader::Judge(uint64_t offset, const ChunkHeader& header, bool* whole) {
  H4MK_TRY(IsWholeWith(offset, header, search_.file_size, &*ranges_, whole));
  uint64_t needed = offset + header.size();
  const auto size = static_cast<uint64_t>(search_.file_size);
  if (*whole || needed <= size) return {};  // also where the size is not known
  uint64_t covered = 0;
  H4MK_TRY(Covered(offset, header, &covered));
  if (IsCluster(header))
    needed = offset + kChunkHeaderSize + (covered > 0 ? covered + kCrcSize : kMaxVarint);
  if (needed <= size || (covered == 0 && !IsCluster(header))) return {};
  if (search_.unfinished.size() < kMaxUnfinished) search_.unfinished.push_back({offset, needed});
  return {};
}

// Whether a whole chunk stands behind one whose header was read. What is read can be read again.
Status ChunkReader::FollowsInStream(uint64_t offset, const ChunkHeader& header, bool* follows) {
  *follows = false;
  source_.Unread(offset, ChunkHeaderBytes(header));
  if (header.length > kMaxSmallChunk) return {};
  Bytes bytes;
  H4MK_TRY(ReadUpTo(offset, header.size() + kChunkHeaderSize, &bytes));
  Status status;
  if (bytes.size() == header.size() + kChunkHeaderSize) {
    const uint64_t next = offset + header.size();
    const ChunkHeader behind = ParseChunkHeader(bytes.data() + header.size());
    uint64_t budget = kLeastBudget;
    if (IsPlausibleTag(behind.tag)) status = IsWholeInStream(next, behind, &budget, follows);
  }
  source_.Unread(offset, bytes);
  return status;
}

// What stands at the offset where a chunk ends if its length is right. Longer chunks than
// `longest_read` pass for whole if they have a known tag and fit into the file.
ChunkReader::Next ChunkReader::WhatFollows(uint64_t offset, int64_t file_size,
                                           uint32_t longest_read) {
  Next next;
  const auto size = static_cast<uint64_t>(file_size);
  next.is_end = offset == size || offset + kCrcSize == size;
  ChunkHeader header;
  if (offset > size || size - offset < kChunkOverhead) return next;
  next.status = ReadHeader(offset, &header);
  if (next.status.code() == Code::kEnd) return {};  // the file has become shorter
  if (!next.status.ok() || !IsPlausibleTag(header.tag)) return next;
  if (header.length > longest_read && !IsCluster(header))
    next.is_chunk = IsKnownTag(header.tag) && header.length <= LongestPayload(header.tag) &&
                    header.size() <= size - offset;
  else
    next.status = IsWhole(offset, header, &next.is_chunk);
  return next;
}

// legacy.md, "Version 1": a chunk whose CRC holds once a bit of its length is turned has that
// length. *found is its end, or offset.
Status ChunkReader::FindTrueLength(uint64_t offset, const ChunkHeader& header, int64_t file_size,
                                   uint64_t* found) {
  *found = offset;
  RangeCrc ranges(source_);
  for (int bit = 0; bit < 32; ++bit) {
    ChunkHeader turned = header;
    turned.length ^= 1u << bit;
    bool whole = false;
    H4MK_TRY(IsWholeWith(offset, turned, file_size, &ranges, &whole));
    if (!whole) continue;
    *found = offset + turned.size();
    return {};
  }
  return {};
}

// Looks for a whole chunk from there on; none begins at the damage itself.
Status ChunkReader::Scan(uint64_t offset, uint64_t* found) {
  const uint64_t start = offset;
  const bool seekable = source_.seekable();
  uint64_t budget = kLeastBudget;
  Bytes scanned;  // on an input that cannot seek, to be given back if nothing is found: it may
                  // grow, or be asked again after a failure
  const auto give_back = [&](Status status) {
    if (scanned.size() == offset - start) source_.Unread(start, scanned);
    return status;
  };
  Bytes window(kFirstWindow);
  for (;;) {
    size_t got = 0;
    const Status read = source_.ReadAt(offset, window.data(), window.size(), &got);
    if (!read.ok()) return give_back(read);
    if (!seekable) source_.Unread(offset, ByteSpan(window).first(got));
    if (got < kChunkHeaderSize) break;
    for (size_t i = offset == search_.start ? 1 : 0; i + kChunkHeaderSize <= got; ++i) {
      bool starts = IsKnownTag(LoadLe<uint32_t>(window.data() + i));
      if (starts) H4MK_TRY(source_.StartsChunk(offset + i, &starts));
      if (!starts) continue;
      const ChunkHeader header = ParseChunkHeader(window.data() + i);
      bool whole = false;
      const Status checked = seekable ? Judge(offset + i, header, &whole)
                                      : IsWholeInStream(offset + i, header, &budget, &whole);
      if (!seekable) source_.Unread(offset, ByteSpan(window).first(got));  // the check has read on
      if (!checked.ok()) return give_back(checked);
      if (whole) {
        *found = offset + i;
        return {};
      }
    }
    const size_t done = got - kChunkHeaderSize + 1;
    budget += kBudgetShare * done;
    if (!seekable && scanned.size() <= kMaxGivenBack)
      AppendBytes(scanned, ByteSpan(window).first(done));
    offset += done;
    window.resize(std::min(2 * window.size(), kScanWindow));
  }
  search_.until = offset;
  search_.found_nothing = seekable;
  return give_back(Status(Code::kEnd, "no further chunk found"));
}

Status ChunkReader::FindBackward(uint64_t before, uint64_t distance, uint32_t tag,
                                 const Check& check, uint64_t* found) {
  Bytes window(kScanWindow + kChunkHeaderSize);
  const uint64_t lowest =
      std::max<uint64_t>(before > distance ? before - distance : 0, kFileHeaderSize);
  uint64_t end = before;
  uint64_t budget = kLeastBudget;
  while (end > lowest) {
    const uint64_t start = end - std::min<uint64_t>(end - lowest, kScanWindow);
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(start, window.data(),
                            static_cast<size_t>(end - start) + kChunkHeaderSize, &got));
    for (uint64_t at = end; at-- > start;) {
      const auto i = static_cast<size_t>(at - start);
      bool starts = i + kChunkHeaderSize <= got && LoadLe<uint32_t>(window.data() + i) == tag;
      if (starts) H4MK_TRY(source_.StartsChunk(at, &starts));
      if (!starts) continue;
      const ChunkHeader header = ParseChunkHeader(window.data() + i);
      if (header.length > budget) continue;
      budget -= header.length;
      bool valid = false;
      H4MK_TRY(check(at, header, &valid));
      if (valid) {
        *found = at;
        return {};
      }
    }
    budget += kBudgetShare * (end - start);
    end = start;
  }
  return Status(Code::kEnd, "no such chunk found");
}

}  // namespace h4mk
