// SPDX-License-Identifier: MIT
#include "protect/verifying_io.h"

#include <algorithm>
#include <utility>

#include "chunk/chunk_reader.h"
#include "file/file_end.h"
#include "protect/description.h"

namespace h4mk {
namespace {

constexpr size_t kMaxVerified =
    3;  // regions in memory: a chunk, what follows it, and the next chunk
constexpr uint64_t kMaxGap = 256u << 20;  // between two chunks of the tree: index pages
constexpr uint64_t kLost = 64u << 10;     // zeros at a time where a checkpoint is lost
// A top of a few bytes may tell of very many pages, so its size does not bound what it costs to
// decode it. After this many wrong tops no other is decoded; an honest file has none.
constexpr size_t kMaxRefusedTops = 16;

}  // namespace

VerifyingIo::VerifyingIo(Io& io, std::optional<SignatureKey> key)
    : io_(io), input_(io), chain_(input_, std::move(key)) {}

Status VerifyingIo::Open() {
  const int64_t size = io_.Size();
  if (!io_.CanSeek() || size < 0)
    return Status(Code::kNotSeekable, "signatures can be verified where the input can seek only");
  FileHeader header;
  H4MK_TRY(ReadFileHeader(input_, &header));
  H4MK_TRY(FollowChain(static_cast<uint64_t>(size)));
  H4MK_TRY(CheckHeader());
  // Neither the size nor the end of the file is verified before its last chunk is.
  const Checkpoint* checkpoint = &last();
  Checkpoint before;
  if (last().leaves.empty() && last().previous != 0) {
    H4MK_TRY(chain_.Read(last().position - last().previous, &before));
    checkpoint = &before;
  }
  if (checkpoint->leaves.empty()) return {};
  H4MK_TRY(LoadTail());
  const uint64_t problems_before = problems();
  H4MK_TRY(Load(base() + checkpoint->leaves.back().position));
  return problems() == problems_before ? Status() : log_.first();
}

// Takes the last checkpoint of a file that has this many bytes by now, if it is another one.
Status VerifyingIo::FollowChain(uint64_t size) {
  bool is_new = false;
  H4MK_TRY(chain_.FindNewest(size, &is_new));
  if (!is_new) return {};
  verified_.clear();
  tail_ = {};
  pages_ = {};
  for (size_t i = 0; i < last().copies.size(); ++i)
    tail_.page_numbers[base() + last().copies[i].place - 1] = i;
  return {};
}

// What stands between two leaves that a checkpoint lists, or around all of them.
VerifyingIo::Region VerifyingIo::Gap(uint64_t start, uint64_t end, const Checkpoint& checkpoint) {
  if (pages_.checkpoint != checkpoint.position) {
    pages_ = {checkpoint.position, {checkpoint.pages.begin(), checkpoint.pages.end()}, {}};
    for (const Checkpoint::Page& page : checkpoint.copies) pages_.copies.insert(page.digest);
  }
  Region region;
  region.start = start;
  region.end = end;
  region.originals = &pages_.originals;
  region.copies = &pages_.copies;
  return region;
}

Status VerifyingIo::RegionAt(uint64_t offset, Region* region) {
  if (offset < base()) {
    *region = Gap(0, base(), last());
    region->originals = nullptr;  // only copies of the index are put in at the front
    return {};
  }
  const uint64_t position = offset - base();
  if (position >= last().position) {
    const int64_t size = Size();
    region->start = base() + last().position;
    region->end = std::max(static_cast<uint64_t>(size), chain_.end());
    region->is_tail = true;
    return {};
  }
  const Checkpoint* checkpoint = nullptr;
  H4MK_TRY(chain_.Behind(position, &checkpoint));
  const std::vector<TreeLeaf>& leaves = checkpoint->leaves;
  const auto leaf = std::ranges::upper_bound(leaves, position, {}, &TreeLeaf::end);
  if (leaf != leaves.end() && leaf->position <= position) {
    region->start = base() + leaf->position;
    region->end = base() + leaf->end();
    region->leaf = leaf->hash;
    return {};
  }
  const uint64_t first =
      checkpoint->previous != 0 ? checkpoint->position - checkpoint->previous : 0;
  const uint64_t start = leaf == leaves.begin() ? first : std::prev(leaf)->end();
  const uint64_t end = leaf == leaves.end() ? checkpoint->position : leaf->position;
  *region = Gap(base() + start, base() + end, *checkpoint);
  return {};
}

// The index top in the tail names the pages that the gaps may hold.
Status VerifyingIo::LoadTail() {
  if (!last().final || tail_.loaded) return {};
  tail_.loaded = true;  // by now: what Load() reads in it leads here again
  const Status status = Load(signed_until());
  tail_.loaded = status.ok();
  return status;
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
    log_.Add(status);
    const uint64_t end = chain_.KnownBehind(offset);
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
      H4MK_TRY(TakeGap(region, &loaded));
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

// Everything else is read as the header says, so the header must be the one that was signed.
Status VerifyingIo::CheckHeader() {
  std::array<uint8_t, kFileHeaderSize> header;
  size_t got = 0;
  H4MK_TRY(input_.ReadAt(0, header.data(), header.size(), &got));
  if (got == header.size() && header == last().header) return {};
  return Corrupt(0, "the file header is not what was signed");
}

void VerifyingIo::Blank(uint64_t offset, std::span<uint8_t> bytes) {
  log_.Add(
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

// A top names descriptions and pages, and a locator names a top: what is named is checked first.
int OrderOfChecks(ByteSpan chunk) {
  const uint32_t tag = ParseChunkHeader(chunk.data()).tag;
  if (tag == kTagTail) return 2;
  return tag == kTagIndex && IsTop(chunk.subspan(kChunkHeaderSize)) ? 1 : 0;
}

}  // namespace

// Keeps only the chunks that may stand where no leaf is; the others become zeros.
Status VerifyingIo::TakeGap(const Region& region, Verified* gap) {
  const std::span<uint8_t> bytes(gap->bytes);
  GapContent content;
  std::vector<GapChunk>& chunks = content.chunks;
  size_t at = 0;
  if (region.start == 0) {
    at = std::min(kFileHeaderSize, bytes.size());
    std::copy_n(last().header.begin(), at, bytes.begin());
  }
  while (at < bytes.size()) {
    const std::span<uint8_t> left = bytes.subspan(at);
    const uint64_t size =
        left.size() < kChunkHeaderSize ? UINT64_MAX : ParseChunkHeader(left.data()).size();
    if (size > left.size()) {
      content.has_checksum = region.is_tail && last().final && left.size() == kCrcSize;
      if (!content.has_checksum) Blank(region.start + at, left);
      break;
    }
    chunks.push_back({region.start + at, left.first(static_cast<size_t>(size))});
    at += static_cast<size_t>(size);
  }
  for (int order = 0; order <= 2; ++order)
    for (GapChunk& chunk : chunks)
      if (OrderOfChecks(chunk.bytes) == order)
        chunk.is_allowed = IsAllowedUnsigned(region, content, chunk.offset, chunk.bytes);
  H4MK_TRY(std::exchange(failure_, Status()));  // so it was not looked at
  for (const GapChunk& chunk : chunks) {
    if (chunk.is_allowed) {
      gap->starts.push_back(chunk.offset);
    } else {
      Blank(chunk.offset, chunk.bytes);
    }
  }
  if (content.has_checksum && !chunks.empty() && chunks.back().is_allowed)
    tail_.has_end = ParseChunkHeader(chunks.back().bytes.data()).tag == kTagTail;
  return {};
}

// protection.md, "What a verifying reader uses". Unsigned regions may hold only index chunks,
// checkpoints and free space, and descriptions behind the last checkpoint, which are reported.
bool VerifyingIo::IsAllowedUnsigned(const Region& region, GapContent& gap, uint64_t offset,
                                    ByteSpan chunk) {
  const ChunkHeader header = ParseChunkHeader(chunk.data());
  const ByteSpan payload = chunk.subspan(kChunkHeaderSize, header.length);
  if (header.flags != 0) return false;
  switch (header.tag) {
    case kTagFree:
      return std::ranges::all_of(payload, [](uint8_t byte) { return byte == 0; });
    case kTagVeri:
      return chain_.IsKnown(offset, payload);
    case kTagIndex:
      if (IsTop(payload)) return IsSignedTop(region, gap, offset, payload);
      return IsPage(payload) && IsSignedPage(region, offset, payload);
    case kTagTail:
      return IsLocator(region, offset, payload);
    case kTagTracks:
    case kTagMeta:
      return region.is_tail && last().final && IsEdit(offset, header.tag, payload);
    default:
      return false;
  }
}

// The place that the n-th page had when the file was signed can hold no other page.
bool VerifyingIo::IsSignedPage(const Region& region, uint64_t offset, ByteSpan payload) const {
  if (payload.size() < kPageRest) return false;
  const std::optional<PageForm> form = FormOf(payload);
  if (!form) return false;
  const auto* expected = form == PageForm::kCopy ? region.copies : region.originals;
  if (expected == nullptr || !expected->contains(PageDigest(*form, payload, offset, base())))
    return false;
  const auto number = tail_.page_numbers.find(offset);
  return number == tail_.page_numbers.end() ||
         PageDigest(PageForm::kCopy, payload, offset, base()) ==
             last().copies[number->second].digest;
}

// A top names pages where they were when the file was signed. One at the front names copies there.
bool VerifyingIo::NamesPages(const Region& region, const GapContent& gap,
                             const IndexTop& top) const {
  for (size_t i = 0; i < top.pages.size(); ++i) {
    const uint64_t offset = top.pages[i].offset;
    const auto number = tail_.page_numbers.find(offset);
    if (number != tail_.page_numbers.end() && number->second == i) continue;
    if (region.start != 0) return false;
    const auto chunk = std::ranges::lower_bound(gap.chunks, offset, {}, &GapChunk::offset);
    if (chunk == gap.chunks.end() || chunk->offset != offset || !chunk->is_allowed) return false;
    const ChunkHeader header = ParseChunkHeader(chunk->bytes.data());
    const ByteSpan payload = ByteSpan(chunk->bytes).subspan(kChunkHeaderSize, header.length);
    if (header.tag != kTagIndex || !IsPage(payload) ||
        PageDigest(PageForm::kCopy, payload, offset, base()) != last().copies[i].digest)
      return false;
  }
  return true;
}

bool VerifyingIo::TellsWhatWasSigned(const Region& region, const GapContent& gap,
                                     const IndexTop& top) {
  return TopDigest(top) == last().top && NamesPages(region, gap, top) &&
         IsCurrentDescription(kTagTracks, top.trak, last().trak) &&
         IsCurrentDescription(kTagMeta, top.meta, last().meta);
}

bool VerifyingIo::IsSignedTop(const Region& region, GapContent& gap, uint64_t offset,
                              ByteSpan payload) {
  if (!last().final || (!region.is_tail && region.start != 0)) return false;
  if (gap.refused_tops == kMaxRefusedTops || PageCountOfTop(payload) != last().copies.size())
    return false;
  TrackIds ids;
  for (const Checkpoint::Track& track : last().tracks) ids.Add(track.track_id);
  IndexTop top;
  const uint64_t size = payload.size() + kChunkOverhead;
  if (!DecodeTop(payload, ids, offset, &top) || !TellsWhatWasSigned(region, gap, top) ||
      (region.is_tail && top.file_size != offset + size + kTailSize)) {
    ++gap.refused_tops;
    return false;
  }
  if (region.is_tail) tail_.tops[offset] = size;
  return true;
}

bool VerifyingIo::IsLocator(const Region& region, uint64_t offset, ByteSpan payload) const {
  Tail tail;
  if (!region.is_tail || payload.size() != kTailPayloadSize || !DecodeTail(payload, offset, &tail))
    return false;
  const auto top = tail_.tops.find(tail.top);
  return top != tail_.tops.end() && top->second == tail.top_size;
}

// Whether a description is the one that was current when the file was signed, or an edit of it.
bool VerifyingIo::IsCurrentDescription(uint32_t tag, uint64_t description, uint64_t place) {
  const auto edit = tail_.edits.find(description);
  if (edit != tail_.edits.end()) return edit->second == tag;
  if (description == 0 || place == 0) return description == 0 && place == 0;
  Sha256Digest named, signed_one;
  return IsRead(LeafHashAt(description, &named)) &&
         IsRead(LeafHashAt(base() + place - 1, &signed_one)) && named == signed_one;
}

// Whether that was read. Where reading has failed nothing is known, and TakeGap() says so.
bool VerifyingIo::IsRead(const Status& status) {
  if (status.code() == Code::kIo) failure_ = status;
  return status.ok();
}

Status VerifyingIo::LeafHashAt(uint64_t offset, Sha256Digest* hash) {
  const Checkpoint* checkpoint = nullptr;
  size_t leaf = 0;
  H4MK_TRY(chain_.FindLeaf(offset, &checkpoint, &leaf));
  *hash = checkpoint->leaves[leaf].hash;
  return {};
}

namespace {

// The digest of what an edit must leave as it is; none if the text is no description.
std::optional<Sha256Digest> DigestOf(uint32_t tag, ByteSpan text) {
  Result<Json> parsed = ParseJson(AsText(text), 0, "description");
  if (!parsed.ok() || !parsed.value().is_object()) return std::nullopt;
  Json& json = parsed.value();
  Sha256 both;
  if (tag == kTagTracks) {
    both.Add(TracksDigest(json.value("tracks", Json())));
    json.erase("tracks");
    both.Add(JsonDigest(json));
  } else {
    both.Add(MetaDigest(json));
    // Null counts as well: readers take a file that has this member for an encrypted one.
    if (json.contains("protection")) both.Add(JsonDigest(json["protection"]));
  }
  return both.Finish();
}

}  // namespace

// A description behind the final checkpoint may only change words about the recording.
bool VerifyingIo::IsEdit(uint64_t offset, uint32_t tag, ByteSpan payload) {
  const std::optional<Sha256Digest> edited = DigestOf(tag, payload);
  if (!edited || edited != SignedDescription(tag)) return false;
  tail_.edits[offset] = tag;
  return true;
}

// The digest of the description that was current when the file was signed; none if it cannot be
// read.
std::optional<Sha256Digest> VerifyingIo::SignedDescription(uint32_t tag) {
  const auto known = tail_.signed_descriptions.find(tag);
  if (known != tail_.signed_descriptions.end()) return known->second;
  const uint64_t place = tag == kTagTracks ? last().trak : last().meta;
  Bytes text = {'{', '}'};
  if (place != 0 && !IsRead(ReadSigned(base() + place - 1, tag, &text))) return std::nullopt;
  return tail_.signed_descriptions[tag] = DigestOf(tag, text);
}

// The payload of a chunk that was signed.
Status VerifyingIo::ReadSigned(uint64_t offset, uint32_t tag, Bytes* payload) {
  const int64_t starts = StartsChunk(offset);
  if (starts < 0) return Status(Code::kIo, "a signed chunk cannot be read").At(offset);
  if (starts == 0) return Corrupt(offset, "no signed chunk starts");
  // StartsChunk() has put the region first that holds all of the chunk.
  const ByteSpan chunk = ByteSpan(verified_.front().bytes);
  const ChunkHeader header = ParseChunkHeader(chunk.data());
  if (header.tag != tag) return Corrupt(offset, "chunk " + TagText(tag) + " was signed as another");
  const ByteSpan bytes = chunk.subspan(kChunkHeaderSize, header.length);
  payload->assign(bytes.begin(), bytes.end());
  return {};
}

int64_t VerifyingIo::StartsChunk(uint64_t offset) {
  const Verified* region = nullptr;
  const int64_t found = Find(offset, &region);
  return found <= 0 ? found : std::ranges::binary_search(region->starts, offset);
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
    Status status = offset >= chain_.end() ? FollowGrowth() : Status();
    if (status.ok() && offset >= static_cast<uint64_t>(std::max<int64_t>(Size(), 0))) return 0;
    if (status.ok()) status = Load(offset);
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

// Takes what was signed since the file was looked at last. kIo.
Status VerifyingIo::FollowGrowth() {
  const int64_t size = io_.Size();
  if (last().final || size < 0 || static_cast<uint64_t>(size) <= chain_.size_seen()) return {};
  const Status status = FollowChain(static_cast<uint64_t>(size));
  if (status.code() == Code::kIo) return status;
  if (!status.ok()) log_.Add(status);
  return {};
}

// Where what was appended cannot be read, all of it counts: who reads there is told.
int64_t VerifyingIo::Size() {
  const Status status = FollowGrowth();
  const int64_t size = io_.Size();
  if (last().final || size < 0 || !status.ok()) return size;
  return static_cast<int64_t>(chain_.end());
}

Status VerifyingIo::Verdict() const {
  if (problems() > 0) return log_.first();
  if (has_unsigned_descriptions())
    return Status(Code::kCorrupt, "descriptions were changed without being signed");
  return {};
}

}  // namespace h4mk
