// SPDX-License-Identifier: MIT
#include "pipeline/unpacking_reader.h"

#include <algorithm>

namespace h4mk {

Status OpenUnpacked(BufferAllocator& allocator, std::unique_ptr<FileReader>* reader) {
  H4MK_TRY((*reader)->Open());
  const std::vector<Track>& tracks = (*reader)->tracks();
  if (std::any_of(tracks.begin(), tracks.end(),
                  [](const Track& track) { return track.compression != Compression::kNone; }))
    *reader = std::make_unique<UnpackingReader>(std::move(*reader), allocator);
  return {};
}

Status UnpackingReader::Replace(const ReadBlock& stored, ReadBlock* block) {
  const BlockRecord& record = *stored.record;
  if (!(record.flags & kBlockCompressed) || (record.flags & kBlockEncrypted)) return {};
  const Track& track = file().tracks()[static_cast<size_t>(record.track)];
  const auto fail = [&](const std::string& what) {
    return Corrupt(static_cast<uint64_t>(stored.offset),
                   "block " + std::to_string(record.ordinal) + " of track " +
                       std::to_string(track.id) + " cannot be unpacked: " + what);
  };
  if (track.compression != Compression::kZstd) return fail("its track does not say how");
  if (stored.corrupt) return fail("damaged");
  const ByteSpan packed(stored.data, record.size);
  size_t size = 0;
  if (const Status status = BlockUnpacker::UnpackedSize(packed, &size); !status.ok())
    return fail(status.message());
  uint8_t* data = nullptr;
  H4MK_TRY(NewBuffer(size, &data));
  Status status = unpacker_.Unpack(packed, {data, size});
  if (status.code() == Code::kCorrupt) return fail(status.message());
  if (!status.ok()) return status;
  UseBuffer(data, size, kBlockCompressed, block);
  return {};
}

}  // namespace h4mk
