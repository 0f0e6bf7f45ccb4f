// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/memory_io.h"
#include "chunk/chunk_format.h"
#include "legacy/maintain.h"
#include "legacy/transport/transport_file.h"
#include "legacy/transport/transport_scan.h"

namespace h4mk {
namespace {

class TransportRecovery {
 public:
  TransportRecovery(ByteSpan file, RecoverReport* report)
      : file_(file), input_(file), source_(input_), scan_(source_), report_(*report) {}

  Status Run(Io& output, const ChunkWalk::Progress& progress);

 private:
  struct Other {
    uint32_t tag = 0;
    ByteSpan payload;
  };

  bool HeaderAt(uint64_t offset, ChunkInfo* chunk);
  bool EndsWhereOneBegins(const ChunkInfo& chunk);
  Status Walk(const ChunkWalk::Progress& progress);
  void Take(const ChunkInfo& chunk);
  void TakeDamaged(const ChunkInfo& chunk);
  void FillGap();
  Status Write(Io& output) const;

  const ByteSpan file_;
  MemoryInput input_;
  Source source_;
  TransportScan scan_;
  RecoverReport& report_;
  std::vector<ByteSpan> cores_;
  std::optional<size_t> gap_;  // bytes that are no chunk stand before this block
  std::vector<Other> others_;
  bool has_veri_ = false;
};

// The header of a chunk that fits into the file.
bool TransportRecovery::HeaderAt(uint64_t offset, ChunkInfo* chunk) {
  return ReadChunkInfo(source_, kTransportVersion, offset, chunk).ok() &&
         IsPlausibleTag(chunk->tag);
}

bool TransportRecovery::EndsWhereOneBegins(const ChunkInfo& chunk) {
  ChunkInfo next;
  return chunk.next == file_.size() || (HeaderAt(chunk.next, &next) && IsTransportTag(next.tag));
}

Status TransportRecovery::Walk(const ChunkWalk::Progress& progress) {
  uint64_t at = kTransportHeaderSize;
  while (at < file_.size()) {
    if (progress) progress(at, file_.size());
    ChunkInfo chunk;
    const bool has_header = HeaderAt(at, &chunk);
    bool whole = false;
    if (has_header) H4MK_TRY(scan_.IsWhole(chunk, &whole));
    if (whole) {
      Take(chunk);
      at = chunk.next;
    } else if (has_header && IsTransportTag(chunk.tag) && EndsWhereOneBegins(chunk)) {
      TakeDamaged(chunk);
      at = chunk.next;
    } else {
      uint64_t end = 0;
      const Status status = scan_.FindNext(at, &end);
      if (status.code() == Code::kEnd) end = file_.size();
      if (!status.ok() && status.code() != Code::kEnd) return status;
      report_.losses.push_back({at, end - at, "no whole chunk", /*may_hold_blocks=*/true});
      if (!gap_) gap_ = cores_.size();
      at = end;
    }
  }
  return {};
}

void TransportRecovery::Take(const ChunkInfo& chunk) {
  const ByteSpan payload = file_.subspan(static_cast<size_t>(chunk.payload), chunk.length);
  if (chunk.tag == kTagCore)
    cores_.push_back(payload);
  else if (chunk.tag == kTagVeri)
    has_veri_ = true;
  else
    others_.push_back({chunk.tag, payload});
}

void TransportRecovery::TakeDamaged(const ChunkInfo& chunk) {
  const bool is_core = chunk.tag == kTagCore;
  report_.losses.push_back({chunk.offset, chunk.next - chunk.offset,
                            TagText(chunk.tag) + " chunk does not match its CRC", is_core});
  if (!is_core) return;
  ++report_.lost_blocks;
  cores_.push_back({});
}

// TRAK in META names every block: those that are missing were where bytes were lost.
void TransportRecovery::FillGap() {
  const auto chunk = std::ranges::find(others_, kTagMeta, &Other::tag);
  if (chunk == others_.end() || !gap_) return;
  const Result<Json> meta = ParseLegacyJson(AsText(chunk->payload), "META");
  if (!meta.ok() || !meta.value().is_object()) return;
  const Json in_meta = meta.value().value("trak_b64", Json());
  Bytes trak;
  if (!in_meta.is_string() || !DecodeBase64(in_meta.get<std::string>(), &trak)) return;
  const auto entries = DecodeTransportTrak(AsText(trak), file_.size() / kTransportChunkHeaderSize);
  if (!entries.ok() || entries.value().size() <= cores_.size()) return;
  const size_t missing = entries.value().size() - cores_.size();
  cores_.insert(cores_.begin() + static_cast<ptrdiff_t>(*gap_), missing, ByteSpan());
  report_.lost_blocks += missing;
}

Status TransportRecovery::Write(Io& output) const {
  Sink sink(output);
  TransportChunkWriter writer(sink);
  H4MK_TRY(writer.WriteHeader());
  for (ByteSpan core : cores_) H4MK_TRY(writer.WriteChunk(kTagCore, core));
  for (const Other& other : others_) H4MK_TRY(writer.WriteChunk(other.tag, other.payload));
  return writer.WriteVeri();
}

Status TransportRecovery::Run(Io& output, const ChunkWalk::Progress& progress) {
  H4MK_TRY(Walk(progress));
  FillGap();
  if (cores_.empty() && others_.empty())
    return Corrupt(kTransportHeaderSize,
                   "neither blocks nor anything else found; nothing to recover");
  if (std::ranges::find(others_, kTagMeta, &Other::tag) == others_.end())
    report_.losses.push_back(
        {file_.size(), 0, "META: what the tracks and times of the blocks are"});
  else if (!has_veri_)
    report_.losses.push_back({file_.size(), 0, "VERI; it was made anew"});
  for (ByteSpan core : cores_) report_.payload_bytes += core.size();
  report_.blocks = cores_.size() - report_.lost_blocks;
  return Write(output);
}

}  // namespace

Status RecoverTransport(ByteSpan file, Io& output, const ChunkWalk::Progress& progress,
                        RecoverReport* report) {
  return TransportRecovery(file, report).Run(output, progress);
}

}  // namespace h4mk
