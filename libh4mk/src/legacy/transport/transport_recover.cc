// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/crc32.h"
#include "legacy/maintain.h"
#include "legacy/transport/transport_file.h"

namespace h4mk {
namespace {

class TransportRecovery {
 public:
  TransportRecovery(ByteSpan file, RecoverReport* report) : file_(file), report_(*report) {}

  Status Run(Io& output, const ChunkWalk::Progress& progress);

 private:
  std::optional<TransportChunk> HeaderAt(uint64_t offset) const;
  ByteSpan PayloadOf(const TransportChunk& chunk) const {
    return file_.subspan(static_cast<size_t>(chunk.offset), chunk.length);
  }
  bool IsWhole(const TransportChunk& chunk);
  bool EndsWhereOneBegins(const TransportChunk& chunk);
  uint64_t NextWhole(uint64_t from);
  void Walk(const ChunkWalk::Progress& progress);
  void TakeDamaged(const TransportChunk& chunk);
  void FillGap();
  Status Write(Io& output) const;

  const ByteSpan file_;
  RecoverReport& report_;
  uint64_t checks_left_ = 0;  // bytes that looking for chunks behind damage may still read
  std::vector<ByteSpan> cores_;
  std::optional<size_t> gap_;  // bytes that are no chunk stand before this block
  struct Other {
    uint32_t tag = 0;
    ByteSpan payload;
  };
  std::vector<Other> others_;
  bool has_veri_ = false;
};

// The header of a chunk that fits into the file.
std::optional<TransportChunk> TransportRecovery::HeaderAt(uint64_t offset) const {
  if (offset > file_.size() || file_.size() - offset < kTransportChunkHeaderSize) return {};
  const TransportChunk chunk = ParseTransportChunk(offset, file_.data() + offset);
  if (!IsPlausibleTag(chunk.tag) || chunk.length > file_.size() - chunk.offset) return {};
  return chunk;
}

bool TransportRecovery::IsWhole(const TransportChunk& chunk) {
  if (chunk.length > checks_left_) return false;
  checks_left_ -= chunk.length;
  return Crc32(0, PayloadOf(chunk)) == chunk.crc;
}

bool TransportRecovery::EndsWhereOneBegins(const TransportChunk& chunk) {
  const uint64_t end = chunk.offset + chunk.length;
  if (end == file_.size()) return true;
  const auto next = HeaderAt(end);
  return next && IsTransportTag(next->tag);
}

uint64_t TransportRecovery::NextWhole(uint64_t from) {
  for (; from < file_.size(); ++from)
    if (const auto chunk = HeaderAt(from); chunk && IsTransportTag(chunk->tag) && IsWhole(*chunk))
      return from;
  return file_.size();
}

void TransportRecovery::Walk(const ChunkWalk::Progress& progress) {
  checks_left_ = 4 * uint64_t{file_.size()};
  uint64_t at = kTransportHeaderSize;
  while (at < file_.size()) {
    if (progress) progress(at, file_.size());
    const auto chunk = HeaderAt(at);
    if (chunk && IsWhole(*chunk)) {
      if (chunk->tag == kTagCore)
        cores_.push_back(PayloadOf(*chunk));
      else if (chunk->tag == kTagVeri)
        has_veri_ = true;
      else
        others_.push_back({chunk->tag, PayloadOf(*chunk)});
      at = chunk->offset + chunk->length;
    } else if (chunk && IsTransportTag(chunk->tag) && EndsWhereOneBegins(*chunk)) {
      TakeDamaged(*chunk);
      at = chunk->offset + chunk->length;
    } else {
      const uint64_t end = NextWhole(at + 1);
      report_.losses.push_back({at, end - at, "no whole chunk", /*may_hold_blocks=*/true});
      if (!gap_) gap_ = cores_.size();
      at = end;
    }
  }
}

void TransportRecovery::TakeDamaged(const TransportChunk& chunk) {
  const bool is_core = chunk.tag == kTagCore;
  report_.losses.push_back({chunk.offset - kTransportChunkHeaderSize,
                            chunk.length + kTransportChunkHeaderSize,
                            TagText(chunk.tag) + " chunk does not match its CRC", is_core});
  if (!is_core) return;
  ++report_.lost_blocks;
  cores_.push_back({});
}

// TRAK in META names every block: those that are missing were where bytes were lost.
void TransportRecovery::FillGap() {
  for (const Other& other : others_) {
    if (other.tag != kTagMeta || !gap_) continue;
    Result<Json> meta = ParseLegacyJson(AsText(other.payload), "META");
    Bytes trak;
    if (!meta.ok() || !meta.value().is_object()) return;
    const Json in_meta = meta.value().value("trak_b64", Json());
    if (!in_meta.is_string() || !DecodeBase64(in_meta.get<std::string>(), &trak)) return;
    const auto entries =
        DecodeTransportTrak(AsText(trak), file_.size() / kTransportChunkHeaderSize);
    if (!entries.ok() || entries.value().size() <= cores_.size()) return;
    const size_t missing = entries.value().size() - cores_.size();
    cores_.insert(cores_.begin() + static_cast<ptrdiff_t>(*gap_), missing, ByteSpan());
    report_.lost_blocks += missing;
    return;
  }
}

Status TransportRecovery::Write(Io& output) const {
  Sink sink(output);
  TransportChunkWriter writer(sink);
  H4MK_TRY(writer.WriteHeader(0));
  for (ByteSpan core : cores_) H4MK_TRY(writer.WriteChunk(kTagCore, core));
  for (const Other& other : others_) H4MK_TRY(writer.WriteChunk(other.tag, other.payload));
  return writer.WriteVeri();
}

Status TransportRecovery::Run(Io& output, const ChunkWalk::Progress& progress) {
  Walk(progress);
  FillGap();
  if (cores_.empty() && others_.empty())
    return Corrupt(kTransportHeaderSize,
                   "neither blocks nor anything else found; nothing to recover");
  const auto has = [this](uint32_t tag) {
    return std::any_of(others_.begin(), others_.end(),
                       [tag](const Other& other) { return other.tag == tag; });
  };
  if (!has(kTagMeta))
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
