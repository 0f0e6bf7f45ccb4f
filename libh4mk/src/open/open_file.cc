// SPDX-License-Identifier: MIT
#include "open/open_file.h"

#include <string>

#include "chunk/chunk_format.h"
#include "legacy/legacy.h"
#include "pipeline/decrypting_reader.h"
#include "pipeline/unpacking_reader.h"
#include "reader/reader.h"

namespace h4mk {

int FileVersion(ByteSpan front) {
  if (front.size() < kTransportHeaderSize || LoadLe<uint32_t>(front.data()) != kFileMagic) return 0;
  if (front[4] == 0) return front[5] == 1 ? kTransportVersion : 0;
  return front.size() < kFileHeaderSize ? 0 : front[4];
}

Status MakeReader(Source source, BufferAllocator& allocator, bool keep_corrupt,
                  std::vector<MasterKey>* keys, std::unique_ptr<FileReader>* reader) {
  uint8_t front[kFileHeaderSize];
  size_t got = 0;
  H4MK_TRY(source.ReadAt(0, front, sizeof front, &got));
  source.Unread(0, ByteSpan(front, got));
  if (got < 4 || LoadLe<uint32_t>(front) != kFileMagic)
    return Status(Code::kNotH4mk, "not an H4MK file: \"H4MK\" expected at byte 0").At(0);
  const int version = FileVersion({front, got});
  if (version == 0 && got < kFileHeaderSize && (got < kTransportHeaderSize || front[4] != 0))
    return Status(Code::kTruncated, "file ends inside its header at byte " + std::to_string(got))
        .At(got);
  switch (version) {
    case 1:
    case kTransportVersion:
      return OpenLegacy(version, std::move(source), allocator, keep_corrupt, keys, reader);
    case 2:
      *reader = std::make_unique<Reader>(std::move(source), allocator, keep_corrupt);
      return {};
    default:
      return Status(Code::kVersion, "version " + std::to_string(front[4]) +
                                        " at byte 4 is not supported; expected 1 or 2")
          .At(4);
  }
}

namespace {

bool IsEncrypted(const FileReader& reader) { return reader.meta().contains(kProtectionKey); }

}  // namespace

Status OpenFile(Io& io, BufferAllocator& allocator, ReadOptions options, OpenedFile* opened) {
  std::unique_ptr<FileReader>& reader = opened->reader;
  if (options.verify_key || options.with_proofs) {
    opened->verifying = std::make_unique<VerifyingIo>(io, std::move(options.verify_key));
    H4MK_TRY(opened->verifying->Open());
  }
  Io& input = opened->verifying ? *opened->verifying : io;
  H4MK_TRY(MakeReader(Source(input), allocator, options.keep_corrupt, &options.keys, &reader));
  if (reader->version() == 2)
    static_cast<Reader&>(*reader).SetBeside(std::move(options.open_beside), options.keep_external);
  if (opened->verifying) {
    auto verifying = std::make_unique<VerifyingReader>(std::move(reader), *opened->verifying,
                                                       options.refuse_unsigned
                                                           ? VerifyingReader::Strictness::kRefuse
                                                           : VerifyingReader::Strictness::kTell);
    opened->proving = verifying.get();
    reader = std::move(verifying);
  }
  if (!options.keys.empty())
    reader =
        std::make_unique<DecryptingReader>(std::move(reader), std::move(options.keys), allocator);
  H4MK_TRY(OpenUnpacked(allocator, &reader));
  if (options.keep_encrypted || !IsEncrypted(*reader)) return {};
  return BlockCipher::Open(reader->meta()[std::string(kProtectionKey)], {}).status();
}

}  // namespace h4mk
