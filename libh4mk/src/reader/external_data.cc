// SPDX-License-Identifier: MIT
#include "reader/external_data.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/json.h"

namespace h4mk {
namespace {

constexpr size_t kMaxOtherFiles = 64;
// Groups are kept up to so many bytes; of what is more the blocks are read twice, once to check the
// group and once each.
constexpr uint64_t kMaxKept = 64u << 20;
// Ranges that are no further apart are read at once, as Source would do; but no more than a window
// of them.
constexpr uint64_t kSmallGap = 4 << 10;
constexpr uint64_t kWindow = 1 << 20;
// core.md, "Limits": how many times the size of the other file is read of it.
constexpr uint64_t kMaxRepeated = 32;

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

std::string Describe(std::span<const ExternalRange> ranges, const std::string& name) {
  uint64_t from = UINT64_MAX, until = 0;
  for (const ExternalRange& range : ranges) {
    from = std::min(from, range.offset);
    until = std::max(until, range.end());
  }
  return "bytes " + std::to_string(from) + " to " + std::to_string(until) + " of " + Quoted(name);
}

uint64_t SizeOf(Io& io) { return static_cast<uint64_t>(std::max<int64_t>(0, io.Size())); }

bool IsControl(std::string_view name, size_t i) {
  const auto byte = static_cast<uint8_t>(name[i]);
  if (byte < 0x20 || byte == 0x7F) return true;
  return byte == 0xC2 && static_cast<uint8_t>(name[i + 1]) <
                             0xA0;  // U+0080 to U+009F; valid UTF-8 goes on behind 0xC2
}

// How many ranges from the first one on are read at once.
size_t RunLength(std::span<const ExternalRange> ranges) {
  size_t count = 1;
  while (count < ranges.size() && ranges[count].offset >= ranges[count - 1].end() &&
         ranges[count].offset - ranges[count - 1].end() <= kSmallGap &&
         ranges[count].end() - ranges[0].offset <= kWindow)
    ++count;
  return count;
}

}  // namespace

bool IsNameOfFileBeside(std::string_view name) {
  if (name.empty() || name.size() > 255 || name == "." || name == ".." || name[0] == '-' ||
      !IsUtf8(name))
    return false;
  if (name.find_first_of("/\\:%?#") != name.npos) return false;
  for (size_t i = 0; i < name.size(); ++i)
    if (IsControl(name, i)) return false;
  return true;
}

bool NamesFileBeside(const Track& track) {
  const auto name = track.description.find(kBesideKey);
  return name != track.description.end() && name->is_string() &&
         IsNameOfFileBeside(name->get_ref<const std::string&>());
}

ExternalData::~ExternalData() {
  for (auto& [track, group] : groups_) Drop(&group);
  if (single_ != nullptr) allocator_.Release(single_);
}

void ExternalData::Drop(Group* group) {
  if (group->buffer != nullptr) allocator_.Release(group->buffer);
  kept_ -= group->size;
  *group = Group();
}

void ExternalData::Restart() {
  for (OtherFile& other : others_) other.read = 0;
  for (auto& [track, group] : groups_)
    if (group.failure.code() == Code::kNotFound) Drop(&group);
}

bool ExternalData::IsNews() { return failed_ != nullptr && !std::exchange(failed_->is_told, true); }

Status ExternalData::Fetch(const Track& track, uint64_t cluster, const ClusterIndex& index,
                           const BlockRecord& block) {
  const ExternalRange& range = index.range_of(block);
  const ExternalGroup& described = index.groups()[range.group];
  Group& group = groups_[block.track];
  if (!group.known || group.cluster != cluster || group.hash != described.hash) {
    Drop(&group);
    group.cluster = cluster;
    const Status status = Load(track, index, described, &group);
    if (!status.ok()) Drop(&group);
    if (!status.ok() && status.code() != Code::kCorrupt && status.code() != Code::kNotFound)
      return status;
    group.failure = status;
    if (status.code() == Code::kCorrupt)
      group.failure =
          Corrupt(cluster, "the " + std::to_string(described.count) + " blocks of track " +
                               std::to_string(track.id) +
                               " that are in another file cannot be used: " + status.message() +
                               ", named by the cluster");
    group.cluster = cluster;
    group.hash = described.hash;
    group.known = true;
  }
  failed_ = &group;
  H4MK_TRY(group.failure);
  if (group.buffer == nullptr) return ReadAgain(track, index, range, group);
  data_ = group.data + range.start;
  buffer_ = group.buffer;
  return {};
}

Status ExternalData::Load(const Track& track, const ClusterIndex& index,
                          const ExternalGroup& described, Group* group) {
  H4MK_ASSIGN(OtherFile * other, OtherFileOf(track));
  const std::span<const ExternalRange> ranges = index.ranges(described);
  const uint64_t size = SizeOf(*other->io);
  if (std::any_of(ranges.begin(), ranges.end(),
                  [&](const ExternalRange& range) { return range.end() > size; }))
    return Status(Code::kCorrupt, Describe(ranges, other->name) +
                                      " are not all there: the file has " + std::to_string(size));
  other->read += described.size;
  if (other->read / kMaxRepeated > size)
    return Status(Code::kCorrupt, Quoted(other->name) + " is read more than " +
                                      std::to_string(kMaxRepeated) + " times");
  return Verify(*other, index, described, group);
}

// Reads a group once, and compares it with its hash before anything else can see a byte of it.
Status ExternalData::Verify(OtherFile& other, const ClusterIndex& index,
                            const ExternalGroup& described, Group* group) {
  const std::span<const ExternalRange> ranges = index.ranges(described);
  const bool is_kept = ranges.size() == 1 || TakeRoom(described.size, group->cluster);
  if (is_kept) {
    group->buffer =
        allocator_.Alloc(static_cast<size_t>(described.size) + kBlockPadding, &group->data);
    if (group->buffer == nullptr)
      return Status(Code::kMemory, "no memory for " + std::to_string(described.size) + " bytes");
    group->size = static_cast<size_t>(described.size);
    kept_ += group->size;
    std::memset(group->data + group->size, 0, kBlockPadding);
  }
  Sha256 hash;
  H4MK_TRY(ReadRanges(other, ranges, is_kept ? group->data : nullptr, [&](ByteSpan bytes) {
    hash.Add(bytes);
    if (!is_kept) group->digests.push_back(Sha256Of(bytes));
  }));
  if (hash.Finish() == described.hash) return {};
  return Status(Code::kCorrupt,
                Describe(ranges, other.name) + " are not what they were when they were described");
}

// Calls visit with the bytes of each range, and puts them one after the other to `out`, if that is
// not null.
Status ExternalData::ReadRanges(OtherFile& other, std::span<const ExternalRange> ranges,
                                uint8_t* out, const std::function<void(ByteSpan)>& visit) {
  other.source->Forget();  // the file may have been changed
  while (!ranges.empty()) {
    const std::span<const ExternalRange> run = ranges.first(RunLength(ranges));
    const auto size = static_cast<size_t>(run.back().end() - run[0].offset);
    const bool is_direct = out != nullptr && run.size() == 1;
    if (!is_direct) window_.resize(size);
    uint8_t* bytes = is_direct ? out : window_.data();
    size_t got = 0;
    if (const Status status = other.source->ReadAt(run[0].offset, bytes, size, &got); !status.ok())
      return Status(status.code(), Describe(run, other.name) + " cannot be read");
    if (got < size) return Status(Code::kCorrupt, Describe(run, other.name) + " are not all there");
    for (const ExternalRange& range : run) {
      const ByteSpan data(bytes + (range.offset - run[0].offset), range.size);
      visit(data);
      if (out == nullptr) continue;
      if (!is_direct && range.size > 0) std::memcpy(out, data.data(), range.size);
      out += range.size;
    }
    ranges = ranges.subspan(run.size());
  }
  return {};
}

// A block of a group that was good, and is not kept.
Status ExternalData::ReadAgain(const Track& track, const ClusterIndex& index,
                               const ExternalRange& range, const Group& group) {
  if (single_ != nullptr) allocator_.Release(std::exchange(single_, nullptr));
  H4MK_ASSIGN(OtherFile * other, OtherFileOf(track));
  uint8_t* data = nullptr;
  single_ = allocator_.Alloc(range.size + kBlockPadding, &data);
  if (single_ == nullptr) return Status(Code::kMemory, "no memory for a block");
  std::memset(data + range.size, 0, kBlockPadding);
  const std::span<const ExternalRange> ranges(&range, 1);
  const auto position =
      static_cast<size_t>(&range - index.ranges(index.groups()[range.group]).data());
  bool is_same = false;
  H4MK_TRY(ReadRanges(*other, ranges, data, [&](ByteSpan bytes) {
    is_same = Sha256Of(bytes) == group.digests[position];
  }));
  if (!is_same)
    return Status(Code::kCorrupt,
                  Describe(ranges, other->name) + " were changed while they were read");
  data_ = data;
  buffer_ = single_;
  return {};
}

// Whether there is room for so many bytes, at the cost of what other clusters have left behind.
bool ExternalData::TakeRoom(uint64_t size, uint64_t cluster) {
  for (auto& [track, group] : groups_)
    if (kept_ + size > kMaxKept && group.buffer != nullptr && group.cluster != cluster)
      Drop(&group);
  return kept_ + size <= kMaxKept;
}

Result<ExternalData::OtherFile*> ExternalData::OtherFileOf(const Track& track) {
  if (!NamesFileBeside(track))
    return Status(Code::kCorrupt, "the track does not name a file beside this one");
  OtherFile opened;
  opened.name = track.description.find(kBesideKey)->get<std::string>();
  const auto known = std::ranges::find(others_, opened.name, &OtherFile::name);
  if (known != others_.end()) return &*known;
  const std::string blocks =
      Quoted(opened.name) + ", which has blocks of track " + std::to_string(track.id) + ", ";
  if (!open_) return Status(Code::kNotFound, blocks + "was not looked for beside this file");
  if (others_.size() == kMaxOtherFiles)
    return Status(Code::kCorrupt, blocks + "is one file too many (64)");
  if (const Status status = open_(opened.name, &opened.io); !status.ok())
    return Status(Code::kNotFound,
                  blocks + (status.code() == Code::kNotFound
                                ? "was not found beside this file"
                                : "cannot be opened beside this file: " + status.message()));
  if (!opened.io->CanSeek() || opened.io->Size() < 0)
    return Status(Code::kNotFound, blocks + "cannot be used: it cannot seek");
  opened.source = std::make_unique<Source>(*opened.io);
  return &others_.emplace_back(std::move(opened));
}

}  // namespace h4mk
