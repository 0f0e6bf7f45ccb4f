// SPDX-License-Identifier: MIT
#include "protect/verifying_io.h"

#include <algorithm>

#include "chunk/chunk_reader.h"
#include "file/file_end.h"
#include "protect/description.h"

namespace h4mk {
namespace {

constexpr size_t kMaxLoaded = 4;  // checkpoints in memory
constexpr size_t kMaxVerified =
    3;  // regions in memory: a chunk, what follows it, and the next chunk
constexpr uint64_t kMaxGap = 256u << 20;  // between two chunks of the tree: index pages
constexpr size_t kMaxWarnings = 1000;
constexpr uint64_t kLost = 64u << 10;  // zeros at a time where a checkpoint is lost
constexpr uint64_t kCheckpointLookBack =
    2ull << 30;  // for the last checkpoint: more than the largest chunk

}  // namespace

VerifyingIo::VerifyingIo(Io& io, std::optional<SignatureKey> key)
    : io_(io), input_(io), key_(std::move(key)) {}

Status VerifyingIo::Open() {
  const int64_t size = io_.Size();
  if (!io_.CanSeek() || size < 0)
    return Status(Code::kNotSeekable, "signatures can be verified where the input can seek only");
  FileHeader header;
  H4MK_TRY(ReadFileHeader(input_, &header));
  H4MK_TRY(FindLast(static_cast<uint64_t>(size)));
  H4MK_TRY(CheckHeader());
  // Neither the size nor the end of the file is verified before its last chunk is.
  const Checkpoint* checkpoint = &last_;
  Checkpoint before;
  if (last_.leaves.empty() && last_.previous != 0) {
    H4MK_TRY(ReadCheckpoint(last_.position - last_.previous, &before));
    checkpoint = &before;
  }
  if (checkpoint->leaves.empty()) return {};
  H4MK_TRY(LoadTail());
  const uint64_t problems_before = problems_;
  H4MK_TRY(Load(base_ + checkpoint->leaves.back().position));
  return problems_ == problems_before ? Status() : first_problem_;
}

Status VerifyingIo::FindLast(uint64_t size) {
  ChunkReader chunks(input_);
  Status other_key;
  Checkpoint found;
  uint64_t end = 0;
  const auto check = [&](uint64_t at, const ChunkHeader& header, bool* valid) -> Status {
    Bytes payload;
    *valid = false;
    if (at + header.size() > size || header.flags != 0) return {};
    Status status = chunks.ReadPayload(at, header, &payload);
    if (status.code() == Code::kIo) return status;
    if (!status.ok() || !IsCheckpoint(payload)) return {};
    status = DecodeCheckpoint(payload, at, key(), &found);
    *valid =
        status.ok() && found.position <= at && (last_end_ == 0 || found.tree_id == last_.tree_id);
    end = at + header.size();
    if (status.code() == Code::kKey && other_key.ok()) other_key = std::move(status);
    return {};
  };
  uint64_t at = 0;
  const uint64_t distance = std::min(kCheckpointLookBack, size - std::min(size, last_end_));
  Status status = chunks.FindBackward(size, distance, kTagVeri, check, &at);
  size_seen_ = size;
  if (status.code() == Code::kEnd) {
    if (last_end_ != 0) return {};  // nothing newer
    if (!other_key.ok()) return other_key;
    return Status(Code::kKey,
                  key_ ? "the file is not signed with this key" : "the file is not signed");
  }
  if (!status.ok()) return status;
  base_ = at - found.position;
  last_ = std::move(found);
  last_end_ = end;
  known_.insert(last_.position);
  known_.insert(last_.checkpoints.begin(), last_.checkpoints.end());
  verified_.clear();
  edits_.clear();
  tops_.clear();
  page_numbers_.clear();
  for (size_t i = 0; i < last_.copies.size(); ++i)
    page_numbers_[base_ + last_.copies[i].place - 1] = i;
  return {};
}

Status VerifyingIo::ReadCheckpoint(uint64_t position, Checkpoint* checkpoint) {
  const uint64_t offset = base_ + position;
  ChunkReader chunks(input_);
  ChunkHeader header;
  Bytes payload;
  H4MK_TRY(chunks.ReadHeader(offset, &header));
  if (header.tag != kTagVeri || header.flags != 0)
    return Corrupt(offset, "a checkpoint expected, found another chunk");
  H4MK_TRY(chunks.ReadPayload(offset, header, &payload));
  H4MK_TRY(DecodeCheckpoint(payload, offset, key(), checkpoint));
  if (checkpoint->tree_id == last_.tree_id && checkpoint->position == position) return {};
  return Corrupt(offset, "checkpoint is of another file or another place");
}

// The first checkpoint behind a position: the one that lists what is there.
Status VerifyingIo::CheckpointBehind(uint64_t position, const Checkpoint** checkpoint) {
  for (;;) {
    const uint64_t at = *known_.upper_bound(position);  // REQUIRES: position < last_.position
    const Checkpoint* found = &last_;
    if (at != last_.position) {
      auto loaded = std::find_if(loaded_.begin(), loaded_.end(),
                                 [at](const Checkpoint& c) { return c.position == at; });
      if (loaded == loaded_.end()) {
        Checkpoint read;
        H4MK_TRY(ReadCheckpoint(at, &read));
        if (loaded_.size() == kMaxLoaded) loaded_.pop_front();
        loaded = loaded_.insert(loaded_.end(), std::move(read));
      }
      found = &*loaded;
    }
    // A file without an end has no list of all: back from one to the other.
    const bool is_new = found->previous != 0 && known_.insert(at - found->previous).second;
    if (!is_new || at - found->previous <= position) {
      *checkpoint = found;
      return {};
    }
  }
}

// What stands between two leaves that a checkpoint lists, or around all of them.
VerifyingIo::Region VerifyingIo::Gap(uint64_t start, uint64_t end, const Checkpoint& checkpoint) {
  Region region;
  region.start = start;
  region.end = end;
  region.originals = checkpoint.pages;
  for (const Checkpoint::Page& page : checkpoint.copies) region.copies.push_back(page.digest);
  return region;
}

Status VerifyingIo::RegionAt(uint64_t offset, Region* region) {
  if (offset < base_) {
    *region = Gap(0, base_, last_);
    region->originals.clear();  // only copies of the index are put in at the front
    return {};
  }
  const uint64_t position = offset - base_;
  if (position >= last_.position) {
    const int64_t size = Size();
    region->start = base_ + last_.position;
    region->end = std::max(static_cast<uint64_t>(size), last_end_);
    region->is_tail = true;
    return {};
  }
  const Checkpoint* checkpoint = nullptr;
  H4MK_TRY(CheckpointBehind(position, &checkpoint));
  uint64_t start = checkpoint->previous != 0 ? checkpoint->position - checkpoint->previous : 0;
  for (const TreeLeaf& leaf : checkpoint->leaves) {
    if (position < leaf.position) {
      *region = Gap(base_ + start, base_ + leaf.position, *checkpoint);
      return {};
    }
    if (position < leaf.end()) {
      region->start = base_ + leaf.position;
      region->end = base_ + leaf.end();
      region->leaf = leaf.hash;
      return {};
    }
    start = leaf.end();
  }
  *region = Gap(base_ + start, base_ + checkpoint->position, *checkpoint);
  return {};
}

// The index top in the tail names the pages that the gaps may hold.
Status VerifyingIo::LoadTail() {
  if (!last_.final || tail_seen_) return {};
  tail_seen_ = true;
  return Load(signed_until());
}

// Puts the region around an offset first in verified_.
Status VerifyingIo::Load(uint64_t offset) {
  if (offset < signed_until()) H4MK_TRY(LoadTail());
  Region region;
  Status status = RegionAt(offset, &region);
  const bool lost = status.code() == Code::kCorrupt || status.code() == Code::kKey ||
                    status.code() == Code::kAgain || status.code() == Code::kEnd;
  if (!status.ok() && !lost) return status;
  Verified loaded;
  if (lost) {
    Report(status);
    const uint64_t end = *known_.upper_bound(offset - base_) + base_;
    loaded.start = offset;
    loaded.bytes.resize(static_cast<size_t>(std::min(end - offset, kLost)));
  } else {
    if (!region.leaf && region.end - region.start > kMaxGap)
      return Corrupt(region.start, "more than 256 MiB that are not signed");
    loaded.start = region.start;
    // What a checkpoint says of sizes may be more than there is.
    const auto size = static_cast<uint64_t>(std::max<int64_t>(io_.Size(), 0));
    loaded.bytes.resize(
        static_cast<size_t>(std::min(region.end, std::max(size, region.start)) - region.start));
    size_t got = 0;
    H4MK_TRY(input_.ReadAt(region.start, loaded.bytes.data(), loaded.bytes.size(), &got));
    if (region.is_tail) loaded.bytes.resize(got);
    if (!region.leaf) {
      TakeGap(region, &loaded);
    } else if (MatchesLeaf(region, loaded.bytes)) {
      loaded.starts.push_back(region.start);
    } else {
      Blank(region.start, loaded.bytes);
    }
  }
  if (verified_.size() == kMaxVerified) verified_.pop_back();
  verified_.push_front(std::move(loaded));
  return {};
}

// All else is read as the header says.
Status VerifyingIo::CheckHeader() {
  std::array<uint8_t, kFileHeaderSize> header;
  size_t got = 0;
  H4MK_TRY(input_.ReadAt(0, header.data(), header.size(), &got));
  if (got == header.size() && header == last_.header) return {};
  return Corrupt(0, "the file header is not what was signed");
}

void VerifyingIo::Report(Status problem) {
  if (reported_.size() == kMaxWarnings || !reported_.insert(problem.message()).second) return;
  if (problems_++ == 0) first_problem_ = problem;
  warnings_.push_back(std::move(problem));
}

void VerifyingIo::Blank(uint64_t offset, std::span<uint8_t> bytes) {
  Report(
      Status(Code::kCorrupt, "chunk at byte " + std::to_string(offset) + " is not what was signed")
          .At(offset));
  std::fill(bytes.begin(), bytes.end(), uint8_t{0});
}

bool VerifyingIo::MatchesLeaf(const Region& region, ByteSpan bytes) const {
  if (bytes.size() < kChunkOverhead) return false;
  const ByteSpan chunk = bytes.first(bytes.size() - kCrcSize);
  return ParseChunkHeader(bytes.data()).size() == bytes.size() &&
         ChunkLeafHash({&chunk, 1}) == *region.leaf;
}

namespace {

// A top names descriptions and pages, a locator names a top.
int OrderOfChecks(ByteSpan chunk) {
  const uint32_t tag = ParseChunkHeader(chunk.data()).tag;
  if (tag == kTagTail) return 2;
  return tag == kTagIndex && IsTop(chunk.subspan(kChunkHeaderSize)) ? 1 : 0;
}

}  // namespace

// Keeps only the chunks that may stand where no leaf is; the others become zeros.
void VerifyingIo::TakeGap(const Region& region, Verified* gap) {
  const std::span<uint8_t> bytes(gap->bytes);
  std::vector<std::span<uint8_t>> chunks;
  size_t at = 0;
  if (region.start == 0) {
    at = std::min(kFileHeaderSize, bytes.size());
    std::copy_n(last_.header.begin(), at, bytes.begin());
  }
  while (at < bytes.size()) {
    const std::span<uint8_t> left = bytes.subspan(at);
    const uint64_t size =
        left.size() < kChunkHeaderSize ? UINT64_MAX : ParseChunkHeader(left.data()).size();
    if (size > left.size()) {
      const bool is_checksum = region.is_tail && last_.final && left.size() == kCrcSize;
      if (!is_checksum) Blank(region.start + at, left);
      break;
    }
    chunks.push_back(left.first(static_cast<size_t>(size)));
    at += static_cast<size_t>(size);
  }
  std::ranges::stable_sort(chunks, {}, OrderOfChecks);
  for (const std::span<uint8_t> chunk : chunks) {
    const uint64_t offset = region.start + static_cast<uint64_t>(chunk.data() - bytes.data());
    if (IsAllowedUnsigned(region, *gap, offset, chunk)) {
      gap->starts.push_back(offset);
    } else {
      Blank(offset, chunk);
    }
  }
}

// protection.md, "What a verifying reader uses". Unsigned regions may hold only index chunks,
// checkpoints and free space, and descriptions behind the last checkpoint, which are reported.
bool VerifyingIo::IsAllowedUnsigned(const Region& region, const Verified& gap, uint64_t offset,
                                    ByteSpan chunk) {
  const ChunkHeader header = ParseChunkHeader(chunk.data());
  const ByteSpan payload = chunk.subspan(kChunkHeaderSize, header.length);
  if (header.flags != 0) return false;
  switch (header.tag) {
    case kTagFree:
      return std::ranges::all_of(payload, [](uint8_t byte) { return byte == 0; });
    case kTagVeri:
      return IsKnownCheckpoint(offset, payload);
    case kTagIndex:
      if (IsTop(payload)) return IsSignedTop(region, gap, offset, payload);
      return IsPage(payload) && IsSignedPage(region, offset, payload);
    case kTagTail:
      return IsLocator(region, offset, payload);
    case kTagTracks:
    case kTagMeta:
      return region.is_tail && last_.final && IsEdit(offset, header.tag, payload);
    default:
      return false;
  }
}

bool VerifyingIo::IsKnownCheckpoint(uint64_t offset, ByteSpan payload) const {
  if (offset < base_ || !known_.contains(offset - base_)) return false;
  Checkpoint checkpoint;
  return DecodeCheckpoint(payload, offset, key(), &checkpoint).ok() &&
         checkpoint.tree_id == last_.tree_id && checkpoint.position == offset - base_;
}

// The place that the n-th page had when the file was signed can hold no other page.
bool VerifyingIo::IsSignedPage(const Region& region, uint64_t offset, ByteSpan payload) const {
  if (payload.size() < kPageRest) return false;
  const std::optional<PageForm> form = FormOf(payload);
  if (!form) return false;
  const auto& expected = form == PageForm::kCopy ? region.copies : region.originals;
  const Sha256Digest digest = PageDigest(*form, payload, offset, base_);
  if (std::ranges::find(expected, digest) == expected.end()) return false;
  const auto number = page_numbers_.find(offset);
  return number == page_numbers_.end() ||
         PageDigest(PageForm::kCopy, payload, offset, base_) == last_.copies[number->second].digest;
}

// A top names pages where they were when the file was signed. One at the front names copies there.
bool VerifyingIo::NamesPages(const Region& region, const Verified& gap, const IndexTop& top) const {
  for (size_t i = 0; i < top.pages.size(); ++i) {
    const uint64_t offset = top.pages[i].offset;
    const auto number = page_numbers_.find(offset);
    if (number != page_numbers_.end() && number->second == i) continue;
    if (region.start != 0 || std::ranges::count(gap.starts, offset) == 0) return false;
    const ByteSpan chunk = ByteSpan(gap.bytes).subspan(static_cast<size_t>(offset));
    const ChunkHeader header = ParseChunkHeader(chunk.data());
    const ByteSpan payload = chunk.subspan(kChunkHeaderSize, header.length);
    if (header.tag != kTagIndex || !IsPage(payload) ||
        PageDigest(PageForm::kCopy, payload, offset, base_) != last_.copies[i].digest)
      return false;
  }
  return true;
}

bool VerifyingIo::IsSignedTop(const Region& region, const Verified& gap, uint64_t offset,
                              ByteSpan payload) {
  if (!last_.final || (!region.is_tail && region.start != 0)) return false;
  TrackIds ids;
  for (const Checkpoint::Track& track : last_.tracks) ids.Add(track.track_id);
  IndexTop top;
  if (!DecodeTop(payload, ids, offset, &top) || TopDigest(top) != last_.top ||
      top.pages.size() != last_.copies.size() || !NamesPages(region, gap, top) ||
      !IsCurrentDescription(kTagTracks, top.trak, last_.trak) ||
      !IsCurrentDescription(kTagMeta, top.meta, last_.meta))
    return false;
  if (!region.is_tail) return true;
  const uint64_t size = payload.size() + kChunkOverhead;
  if (top.file_size != offset + size + kTailSize) return false;
  tops_[offset] = size;
  return true;
}

bool VerifyingIo::IsLocator(const Region& region, uint64_t offset, ByteSpan payload) const {
  Tail tail;
  if (!region.is_tail || payload.size() != kTailPayloadSize || !DecodeTail(payload, offset, &tail))
    return false;
  const auto top = tops_.find(tail.top);
  return top != tops_.end() && top->second == tail.top_size;
}

// Whether a description is the one that was current when the file was signed, or an edit of it.
bool VerifyingIo::IsCurrentDescription(uint32_t tag, uint64_t description, uint64_t place) {
  const auto edit = edits_.find(description);
  if (edit != edits_.end()) return edit->second == tag;
  if (description == 0 || place == 0) return description == 0 && place == 0;
  Sha256Digest named, signed_one;
  return LeafHashAt(description, &named).ok() && LeafHashAt(base_ + place - 1, &signed_one).ok() &&
         named == signed_one;
}

Status VerifyingIo::LeafHashAt(uint64_t offset, Sha256Digest* hash) {
  const Checkpoint* checkpoint = nullptr;
  size_t leaf = 0;
  H4MK_TRY(FindLeaf(offset, &checkpoint, &leaf));
  *hash = checkpoint->leaves[leaf].hash;
  return {};
}

namespace {

// The digest of what an edit must leave as it is; none if the text is no description.
std::optional<Sha256Digest> DigestOf(uint32_t tag, ByteSpan text) {
  Result<Json> parsed =
      ParseJson({reinterpret_cast<const char*>(text.data()), text.size()}, 0, "description");
  if (!parsed.ok() || !parsed.value().is_object()) return std::nullopt;
  Json& json = parsed.value();
  Sha256 both;
  if (tag == kTagTracks) {
    both.Add(TracksDigest(json.value("tracks", Json())));
    json.erase("tracks");
    both.Add(JsonDigest(json));
  } else {
    both.Add(MetaDigest(json));
    both.Add(JsonDigest(json.value("protection", Json())));
  }
  return both.Finish();
}

}  // namespace

// A description behind the final checkpoint may only change words about the recording.
bool VerifyingIo::IsEdit(uint64_t offset, uint32_t tag, ByteSpan payload) {
  const uint64_t place = tag == kTagTracks ? last_.trak : last_.meta;
  Bytes text = {'{', '}'};
  if (place != 0 && !ReadSigned(base_ + place - 1, tag, &text).ok()) return false;
  const std::optional<Sha256Digest> edited = DigestOf(tag, payload);
  if (!edited || edited != DigestOf(tag, text)) return false;
  edits_[offset] = tag;
  return true;
}

// The payload of a chunk that was signed.
Status VerifyingIo::ReadSigned(uint64_t offset, uint32_t tag, Bytes* payload) {
  if (!StartsChunk(offset)) return Corrupt(offset, "no signed chunk starts");
  // It lies within one region, the one that was loaded for this.
  const ByteSpan chunk = ByteSpan(verified_.front().bytes);
  const ChunkHeader header = ParseChunkHeader(chunk.data());
  if (header.tag != tag) return Corrupt(offset, "chunk " + TagText(tag) + " was signed as another");
  const ByteSpan bytes = chunk.subspan(kChunkHeaderSize, header.length);
  payload->assign(bytes.begin(), bytes.end());
  return {};
}

bool VerifyingIo::StartsChunk(uint64_t offset) {
  const Verified* region = nullptr;
  return Find(offset, &region) > 0 && std::ranges::count(region->starts, offset) > 0;
}

int64_t VerifyingIo::Read(uint8_t* buffer, size_t size) {
  const int64_t count = ReadAt(position_, buffer, size);
  if (count > 0) position_ += static_cast<uint64_t>(count);
  return count;
}

int64_t VerifyingIo::ReadAt(uint64_t offset, uint8_t* buffer, size_t size) {
  const Verified* region = nullptr;
  if (const int64_t found = Find(offset, &region); found <= 0) return found;
  const auto from = static_cast<size_t>(offset - region->start);
  const size_t count = std::min(size, region->bytes.size() - from);
  std::copy_n(region->bytes.data() + from, count, buffer);
  return static_cast<int64_t>(count);
}

// Brings the region that holds an offset to the front of verified_. 1; 0: the file ends before it;
// negative: an error.
int64_t VerifyingIo::Find(uint64_t offset, const Verified** region) {
  const auto holds = [offset](const Verified& verified) {
    return offset >= verified.start && offset < verified.end();
  };
  const auto found = std::ranges::find_if(verified_, holds);
  if (found == verified_.end()) {
    if (offset >= static_cast<uint64_t>(std::max<int64_t>(Size(), 0))) return 0;
    const Status status = Load(offset);
    if (!status.ok()) return input_.io_error() < 0 ? input_.io_error() : -1;
    if (!holds(verified_.front())) return 0;
  } else {
    std::rotate(verified_.begin(), found, found + 1);
  }
  *region = &verified_.front();
  return 1;
}

int64_t VerifyingIo::Seek(int64_t offset) {
  position_ = static_cast<uint64_t>(offset);
  return 0;
}

int64_t VerifyingIo::Size() {
  const int64_t size = io_.Size();
  if (last_.final || size < 0) return size;
  if (static_cast<uint64_t>(size) > size_seen_)
    if (const Status status = FindLast(static_cast<uint64_t>(size)); !status.ok()) Report(status);
  return last_.final ? size : static_cast<int64_t>(last_end_);
}

Status VerifyingIo::FindLeaf(uint64_t offset, const Checkpoint** checkpoint, size_t* leaf) {
  if (offset >= base_ && offset - base_ < last_.position) {
    H4MK_TRY(CheckpointBehind(offset - base_, checkpoint));
    const std::vector<TreeLeaf>& leaves = (*checkpoint)->leaves;
    for (*leaf = 0; *leaf < leaves.size(); ++*leaf)
      if (base_ + leaves[*leaf].position == offset) return {};
  }
  return Corrupt(offset, "no signed chunk starts");
}

Status VerifyingIo::Verdict() const {
  if (problems_ > 0) return first_problem_;
  if (has_unsigned_descriptions())
    return Status(Code::kCorrupt, "descriptions were changed without being signed");
  return {};
}

bool VerifyingIo::NextWarning(Status* warning) {
  if (warnings_.empty()) return false;
  *warning = std::move(warnings_.front());
  warnings_.pop_front();
  return true;
}

}  // namespace h4mk
