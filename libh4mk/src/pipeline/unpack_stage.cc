// SPDX-License-Identifier: MIT
#include "pipeline/unpack_stage.h"

#include <string>

namespace h4mk {

Status UnpackStage::Process(ReadBlock* block, BlockMemory& memory) {
  const BlockRecord& record = *block->record;
  if (!(record.flags & kBlockCompressed) || (record.flags & kBlockEncrypted)) return {};
  const Track& track = file_.tracks()[static_cast<size_t>(record.track)];
  const auto fail = [&](const std::string& what) {
    return Corrupt(static_cast<uint64_t>(block->offset),
                   "block " + std::to_string(record.ordinal) + " of track " +
                       std::to_string(track.id) + " cannot be unpacked: " + what);
  };
  if (track.compression == Compression::kUnknown)
    return fail("this version of the library does not know the compression " +
                DumpJson(track.description[kCompressionKey]));
  if (track.compression == Compression::kNone) return fail("its track does not say how");
  if (block->corrupt) return fail("damaged");
  const ByteSpan packed(block->data, record.size);
  size_t size = 0;
  Status status = BlockUnpacker::UnpackedSize(packed, &size);
  if (status.code() == Code::kCorrupt) return fail(status.message());
  H4MK_TRY(status);
  uint8_t* data = nullptr;
  H4MK_TRY(memory.New(size, &data));
  status = unpacker_.Unpack(packed, {data, size});
  if (status.code() == Code::kCorrupt) return fail(status.message());
  if (!status.ok()) return status;
  memory.Use(data, size, kBlockCompressed, block);
  return {};
}

}  // namespace h4mk
