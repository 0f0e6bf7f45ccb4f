// SPDX-License-Identifier: MIT
#include "open/open_file.h"

#include <algorithm>
#include <string>

#include "chunk/chunk_format.h"
#include "chunk/chunk_reader.h"
#include "legacy/legacy.h"
#include "open/protection.h"
#include "pipeline/unpack_stage.h"
#include "reader/reader.h"

namespace h4mk {

int FileVersion(ByteSpan front) {
  if (front.size() < kTransportHeaderSize || LoadLe<uint32_t>(front.data()) != kFileMagic) return 0;
  if (front[4] == 0) return front[5] == 1 ? kTransportVersion : 0;
  return front.size() < kFileHeaderSize ? 0 : front[4];
}

namespace {

// *reader is not open yet. Takes from the options what the reader does itself. kNotH4mk,
// kTruncated, kVersion, kUnsupported, kIo.
Status MakeReader(Source source, BufferAllocator& allocator, ReadOptions* options,
                  std::unique_ptr<FileReader>* reader) {
  uint8_t front[kFileHeaderSize];
  size_t got = 0;
  H4MK_TRY(source.ReadAt(0, front, sizeof front, &got));
  source.Unread(0, ByteSpan(front, got));
  if (got < 4 || LoadLe<uint32_t>(front) != kFileMagic) return NotH4mk(got == 0);
  const int version = FileVersion({front, got});
  if (version == 0 && got < kFileHeaderSize && (got < kTransportHeaderSize || front[4] != 0))
    return Status(Code::kTruncated, "file ends inside its header at byte " + std::to_string(got))
        .At(got);
  switch (version) {
    case 1:
    case kTransportVersion:
      return OpenLegacy(version, std::move(source), allocator, options->keep_corrupt,
                        &options->keys, reader);
    case 2: {
      auto made = std::make_unique<Reader>(std::move(source), allocator, options->keep_corrupt);
      made->SetBeside(std::move(options->open_beside));
      if (options->without_data) made->LeaveDataOut();
      *reader = std::move(made);
      return {};
    }
    default:
      return Status(Code::kVersion, "version " + std::to_string(front[4]) +
                                        " at byte 4 is not supported; expected 1 or 2")
          .At(4);
  }
}

// Compressed blocks are unpacked. That this cannot be done is said now, not at the first of them.
Status AddUnpackStage(BlockPipeline* reader) {
  const FileReader& file = reader->file();
  const auto track = std::ranges::find_if(
      file.tracks(), [](const Track& it) { return it.compression != Compression::kNone; });
  const bool is_compressed = track != file.tracks().end();
  if (is_compressed)
    if (const Status status = BlockUnpacker::IsThere(); !status.ok())
      return status.Saying("track " + std::to_string(track->id) +
                           " is compressed: " + status.message());
  // Where the end is not known, a compressed track may come on the way.
  if (is_compressed || !file.is_closed()) reader->Add(std::make_shared<UnpackStage>(file));
  return {};
}

}  // namespace

Status OpenFile(Io& io, BufferAllocator& allocator, ReadOptions options, OpenedFile* opened) {
  if (options.verify_key || options.with_proofs)
    H4MK_TRY(
        OpenSignature(io, std::move(options.verify_key), options.strictness, &opened->signature));
  Io& input = opened->signature ? opened->signature->io() : io;
  std::unique_ptr<FileReader> file;
  H4MK_TRY(MakeReader(Source(input), allocator, &options, &file));
  opened->reader = std::make_unique<BlockPipeline>(std::move(file), allocator);
  BlockPipeline& reader = *opened->reader;
  if (opened->signature) reader.Add(opened->signature);
  if (!options.keys.empty()) {
    std::shared_ptr<BlockStage> decrypt;
    H4MK_TRY(MakeDecryptStage(std::move(options.keys), &decrypt));
    reader.Add(std::move(decrypt));
  }
  H4MK_TRY(reader.Open());
  if (options.without_data && reader.version() == 2) return {};
  H4MK_TRY(AddUnpackStage(&reader));
  if (options.keep_encrypted || !reader.meta().contains(kProtectionKey)) return {};
  return WhyEncrypted(reader.meta()[std::string(kProtectionKey)]);
}

}  // namespace h4mk
