// SPDX-License-Identifier: MIT
// The chunks as the first reader sees them, then SEEK and VERI.
#include <algorithm>

#include "chunk/chunk_format.h"
#include "legacy/maintain.h"
#include "legacy/transport/transport_file.h"

namespace h4mk {
namespace {

void CheckTables(const TransportFile& file, VerifyReport* report) {
  Result<std::vector<TransportSeekEntry>> seek = file.Seek();
  if (!seek.ok()) return report->Error(seek.status());
  if (!std::ranges::is_sorted(seek.value(), {}, &TransportSeekEntry::pts_us))
    report->Error(0, "SEEK is not in the order of its times: lookups may miss entries");
  report->index_checked = true;
}

Status CheckVeri(const TransportFile& file, VerifyReport* report) {
  H4MK_ASSIGN(TransportVeri veri, file.CheckVeri());
  if (!veri.present) {
    report->Error(report->file_size, "no VERI at the end: the file was cut, or never had one");
    return {};
  }
  if (!veri.as_written && !veri.as_checked)
    report->Error(0, "VERI is the hash of neither the chunks nor the payloads before it");
  else if (!veri.as_checked)
    report->Note(
        0,
        "VERI is right as writers write it; the first reader of this dialect takes it for wrong");
  return {};
}

}  // namespace

Status VerifyTransport(Io& io, VerifyReport* report) {
  report->version = kTransportVersion;
  report->file_size = static_cast<uint64_t>(std::max<int64_t>(io.Size(), 0));
  if (io.Seek(0) < 0) return Status(Code::kIo, "cannot seek");
  Source source(io);
  Result<TransportFile> file = TransportFile::Open(source, /*check=*/true);
  if (!file.ok()) {
    const Status& status = file.status();
    if (status.code() != Code::kCorrupt && status.code() != Code::kTruncated) return status;
    report->Error(status.offset().value_or(report->file_size), status.message());
    return {};
  }
  const std::vector<ChunkInfo>& chunks = file.value().chunks();
  for (const ChunkInfo& chunk : chunks) {
    ++report->chunks[TagText(chunk.tag)];
    if (chunk.tag != kTagCore) continue;
    ++report->blocks;
    report->payload_bytes += chunk.length;
  }
  // The dialect has no end of its own; a writer's last chunk is VERI.
  const uint64_t end = file.value().end();
  report->closed = !chunks.empty() && chunks.back().tag == kTagVeri && end == report->file_size;
  if (end != report->file_size) report->Error(Corrupt(end, "bytes that are no chunk"));
  CheckTables(file.value(), report);
  return CheckVeri(file.value(), report);
}

}  // namespace h4mk
