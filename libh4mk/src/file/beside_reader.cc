// SPDX-License-Identifier: MIT
#include "file/beside_reader.h"

#include <algorithm>
#include <cstring>

namespace h4mk {
namespace {

constexpr size_t kMaxOtherFiles = 64;

}  // namespace

BesideReader::BesideReader(std::unique_ptr<FileReader> file, OpenBeside open, BufferAllocator& allocator)
    : ForwardingReader(std::move(file)), open_(std::move(open)), allocator_(allocator) {}

BesideReader::~BesideReader() { ReleaseBuffer(); }

bool BesideReader::IsNeeded(const FileReader& file) {
  return std::any_of(file.tracks().begin(), file.tracks().end(),
                     [](const Track& track) { return track.description.contains(kBesideKey); });
}

void BesideReader::ReleaseBuffer() {
  if (buffer_ != nullptr) allocator_.Release(buffer_);
  buffer_ = nullptr;
}

Status BesideReader::Next(ReadBlock* block) {
  for (;;) {
    if (!held_) H4MK_TRY(file().Next(&stored_));
    held_ = true;  // until it was handed out: what may go well the next time must not cost it
    Status status = Resolve(stored_, block);
    if (!status.ok() && status.code() != Code::kCorrupt) return status;
    held_ = false;
    // A reference whose damage was reported leads nowhere, and need not be reported again.
    if (status.ok() || !stored_.corrupt) return status;
  }
}

Status BesideReader::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  H4MK_TRY(file().Seek(track, time, mode, any));
  held_ = false;
  return {};
}

Status BesideReader::Rewind() {
  H4MK_TRY(file().Rewind());
  held_ = false;
  return {};
}

Status BesideReader::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) {
  ReadBlock stored;
  H4MK_TRY(file().ReadBlockAt(track, ordinal, &stored));
  return Resolve(stored, block);
}

Status BesideReader::Resolve(const ReadBlock& stored, ReadBlock* block) {
  *block = stored;
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
  record_ = record;
  record_.size = reference.size;
  record_.flags &= ~kBlockElsewhere;
  block->record = &record_;
  block->data = data;
  block->buffer = buffer_;
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

// Into buffer_.
Status BesideReader::ReadRange(const BlockReference& reference, OtherFile& other, const std::string& name, uint8_t** data) {
  const auto range = [&] {
    return "bytes " + std::to_string(reference.offset) + " to " + std::to_string(reference.offset + reference.size) + " of \"" + name + "\"";
  };
  if (reference.offset + reference.size > static_cast<uint64_t>(std::max<int64_t>(0, other.io->Size())))
    return Status(Code::kCorrupt, range() + " are behind its end");
  ReleaseBuffer();
  buffer_ = allocator_.Alloc(reference.size + kBlockPadding, data);
  if (buffer_ == nullptr) return Status(Code::kMemory, "no memory for a block");
  size_t got = 0;
  if (const Status status = other.source->ReadAt(reference.offset, *data, reference.size, &got); !status.ok())
    return Status(status.code(), range() + " cannot be read");
  Sha256 hash;
  hash.Add({*data, got});
  if (got < reference.size || hash.Finish() != reference.digest)
    return Status(Code::kCorrupt, range() + " are not those that the block was");
  std::memset(*data + reference.size, 0, kBlockPadding);
  return {};
}

}  // namespace h4mk
