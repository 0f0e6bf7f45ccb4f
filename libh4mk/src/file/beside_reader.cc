// SPDX-License-Identifier: MIT
#include "file/beside_reader.h"

#include <algorithm>

namespace h4mk {
namespace {

constexpr size_t kMaxOtherFiles = 64;

}  // namespace

BesideReader::BesideReader(std::unique_ptr<FileReader> file, OpenBeside open, BufferAllocator& allocator)
    : ReplacingReader(std::move(file), allocator), open_(std::move(open)) {}

bool BesideReader::IsNeeded(const FileReader& file) {
  return std::any_of(file.tracks().begin(), file.tracks().end(),
                     [](const Track& track) { return track.description.contains(kBesideKey); });
}

Status BesideReader::Replace(const ReadBlock& stored, ReadBlock* block) {
  const BlockRecord& record = *stored.record;
  if (!(record.flags & kBlockElsewhere) || (record.flags & kBlockEncrypted)) return {};
  const Track& track = file().tracks()[static_cast<size_t>(record.track)];
  // The message of a failure, with the place in this file.
  const auto fail = [&](const Status& status) {
    const std::string what = "block " + std::to_string(record.ordinal) + " of track " + std::to_string(track.id) + ": " + status.message();
    return status.code() == Code::kCorrupt ? Corrupt(static_cast<uint64_t>(stored.offset), what + ", named")
                                           : Status(status.code(), what);
  };
  if (stored.corrupt) return fail(Status(Code::kCorrupt, "its reference is damaged"));
  BlockReference reference;
  OtherFile* other = nullptr;
  std::string name;
  uint8_t* data = nullptr;
  Status status = DecodeBlockReference({stored.data, record.size}, &reference);
  if (status.ok()) status = OtherFileOf(track, &other, &name);
  if (status.ok()) status = ReadRange(reference, *other, name, &data);
  if (!status.ok()) return fail(status);
  UseBuffer(data, reference.size, kBlockElsewhere, block);
  return {};
}

Status BesideReader::OtherFileOf(const Track& track, OtherFile** other, std::string* name) {
  const auto member = track.description.find(kBesideKey);
  if (member == track.description.end() || !member->is_string() ||
      !IsNameOfFileBeside(member->get_ref<const std::string&>()))
    return Status(Code::kCorrupt, "its track does not name a file beside this one");
  *name = member->get<std::string>();
  const auto known = others_.find(*name);
  if (known != others_.end()) {
    *other = &known->second;
    return {};
  }
  if (!open_) return Status(Code::kNotFound, "it is in the file \"" + *name + "\" beside this one, which was not asked for");
  if (others_.size() == kMaxOtherFiles) return Status(Code::kLimit, "its track names one file too many (64)");
  OtherFile opened;
  if (const Status status = open_(*name, &opened.io); !status.ok())
    return Status(Code::kNotFound, "it is in the file \"" + *name + "\" beside this one, which cannot be opened" +
                                       (status.message().empty() ? "" : ": " + status.message()));
  if (!opened.io->CanSeek() || opened.io->Size() < 0)
    return Status(Code::kNotSeekable, "\"" + *name + "\" cannot seek");
  opened.source = std::make_unique<Source>(*opened.io);
  *other = &(others_[*name] = std::move(opened));
  return {};
}

Status BesideReader::ReadRange(const BlockReference& reference, OtherFile& other, const std::string& name, uint8_t** data) {
  const auto range = [&] {
    return "bytes " + std::to_string(reference.offset) + " to " + std::to_string(reference.offset + reference.size) + " of \"" + name + "\"";
  };
  if (reference.offset + reference.size > static_cast<uint64_t>(std::max<int64_t>(0, other.io->Size())))
    return Status(Code::kCorrupt, range() + " are behind its end");
  H4MK_TRY(NewBuffer(reference.size, data));
  size_t got = 0;
  if (const Status status = other.source->ReadAt(reference.offset, *data, reference.size, &got); !status.ok())
    return Status(status.code(), range() + " cannot be read");
  Sha256 hash;
  hash.Add({*data, got});
  if (got < reference.size || hash.Finish() != reference.digest)
    return Status(Code::kCorrupt, range() + " are not those that the block was");
  return {};
}

}  // namespace h4mk
