// SPDX-License-Identifier: MIT
#include "open/whole_file.h"

#include <algorithm>
#include <array>

#include "chunk/chunk_reader.h"
#include "legacy/legacy.h"
#include "open/open_file.h"

namespace h4mk {
namespace {

// A file whose front was damaged: what its first bytes are in every file of version 2, and the salt
// that stands behind them.
class WithHeader final : public Io {
 public:
  explicit WithHeader(Io& file) : file_(file) {}
  int64_t Read(uint8_t* buffer, size_t size) override {
    const int64_t got = file_.Read(buffer, size);
    for (int64_t i = 0; i < std::min(got, static_cast<int64_t>(size)) &&
                        position_ + i < static_cast<int64_t>(kFront.size());
         ++i)
      buffer[i] = kFront[static_cast<size_t>(position_ + i)];
    if (got > 0) position_ += got;
    return got;
  }
  int64_t Write(const uint8_t*, size_t) override { return -1; }
  bool CanSeek() const override { return file_.CanSeek(); }
  int64_t Seek(int64_t offset) override {
    position_ = offset;
    return file_.Seek(offset);
  }
  int64_t Size() override { return file_.Size(); }

 private:
  static constexpr std::array<uint8_t, 8> kFront = {'H', '4', 'M', 'K', 2};  // core.md, "File"
  Io& file_;
  int64_t position_ = 0;
};

Status CheckSeekable(Io& io) {
  if (io.CanSeek() && io.Size() >= 0) return {};
  return Status(Code::kNotSeekable, "the input cannot seek");
}

// A size is believed, and memory taken for it, once its last byte is there.
Status ReadWhole(Io& io, Bytes* bytes) {
  Source source(io);
  const auto size = static_cast<uint64_t>(std::max<int64_t>(io.Size(), 0));
  uint8_t last = 0;
  if (size > 0) H4MK_TRY(source.ReadAll(size - 1, {&last, 1}));
  bytes->resize(static_cast<size_t>(size));
  size_t got = 0;
  H4MK_TRY(source.ReadAt(0, bytes->data(), bytes->size(), &got));
  bytes->resize(got);
  return {};
}

}  // namespace

Status ReadVersion(Io& io, int* version) {
  H4MK_TRY(CheckSeekable(io));
  const Status failed(Code::kIo, "cannot seek to byte 0");
  if (io.Seek(0) < 0) return failed;
  uint8_t front[16];
  size_t got = 0;
  H4MK_TRY(Source(io).ReadAt(0, front, sizeof front, &got));
  *version = FileVersion({front, got});
  return io.Seek(0) < 0 ? failed : Status();
}

Status VerifyFile(Io& io, const ChunkWalk::Progress& progress, VerifyReport* report) {
  int version = 0;
  H4MK_TRY(ReadVersion(io, &version));
  if (version == 2) return VerifyV2(io, progress, report);
  if (IsLegacy(version)) return VerifyLegacy(version, io, progress, report);
  if (version == 0) return NotH4mk(io.Size() == 0);
  return Status(Code::kNotH4mk,
                "version " + std::to_string(version) + " of the format is not supported");
}

Status WalkFile(Io& io, const ChunkWalk::Progress& progress,
                const std::function<void(const Piece&)>& visit) {
  int version = 0;
  H4MK_TRY(ReadVersion(io, &version));
  if (version == 0) return NotH4mk(io.Size() == 0);
  if (version != 1 && version != 2)
    return Status(Code::kVersion, "only files of versions 1 and 2 have chunks with checksums");
  Source source(io);
  FileHeader header;  // has the salt; the walk finds it by itself where the header is damaged
  if (version == 2) (void)ReadFileHeader(source, &header).ok();
  const TrackIds none;
  ChunkWalk walk(source, none, version, ChunkWalk::Depth::kAll, progress);
  return ForEachPiece(walk, visit);
}

Status RecoverFile(Io& io, Io& output, const ChunkWalk::Progress& progress, RecoverReport* report) {
  int version = 0;
  H4MK_TRY(ReadVersion(io, &version));
  if (version == 2) return RecoverV2(io, output, progress, report);
  if (IsLegacy(version)) {
    Bytes file;
    H4MK_TRY(ReadWhole(io, &file));
    return RecoverLegacy(version, file, output, progress, report);
  }
  if (io.Size() == 0) return NotH4mk(/*is_empty=*/true);
  WithHeader repaired(io);  // the header may be what was damaged
  return RecoverV2(repaired, output, progress, report);
}

}  // namespace h4mk
