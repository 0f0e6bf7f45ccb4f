// SPDX-License-Identifier: MIT
#include "convert/convert.h"

#include <algorithm>

#include "base/fault.h"
#include "chunk/chunk_reader.h"
#include "convert/original.h"
#include "file/chunk_list.h"
#include "open/open_file.h"
#include "protect/block_cipher.h"
#include "protect/checkpoint.h"
#include "reader/external_data.h"

namespace h4mk {
namespace {

void Say(const ConvertOptions& options, const std::string& text) {
  if (options.message) options.message(text);
}

bool CanSeek(BlockPipeline& input) {
  return input.source().seekable() && input.source().Size() >= 0;
}

Status CopyTracks(BlockPipeline& input, FileWriter& writer, int version) {
  for (uint32_t i = 0; i < input.tracks().size(); ++i) {
    uint32_t track = 0;
    Json description = input.tracks()[i].description;
    if (version != 2) description.erase(kCompressionKey);  // only version 2 has compressed blocks
    description.erase(kBesideKey);                         // what is read are the blocks themselves
    H4MK_TRY(writer.AddTrack(description, &track));
    ByteSpan attachment;
    if (input.Attachment(i, &attachment).ok()) H4MK_TRY(writer.SetAttachment(track, attachment));
  }
  if (input.meta().empty()) return {};
  return writer.SetMeta(input.meta());
}

// Whether a chunk means the same in a file of another version: VERI is a hash of the bytes of its
// own file.
bool IsCopied(const ChunkInfo& chunk, int from, int to) {
  if (chunk.tag == kTagOriginal && from == 2 && to == 2) return true;
  if (!IsKeptTag(chunk.tag) || chunk.length > kMaxSmallChunk) return false;
  if (to == kTransportVersion) return chunk.tag == kTagSafe;
  if (from == kTransportVersion) return chunk.tag != kTagVeri && chunk.tag != Tag("SEEK");
  return true;
}

Status CopyChunks(BlockPipeline& input, FileWriter& writer, const ConvertOptions& options,
                  OriginalRecorder* recorder) {
  if (!CanSeek(input)) return {};
  bool told_signature = false;
  ChunkInfo chunk;
  for (uint64_t offset = 0;; offset = chunk.next) {
    Status status = ReadChunkInfo(input.source(), input.version(), offset, &chunk);
    if (status.code() == Code::kEnd || status.code() == Code::kCorrupt) return {};
    if (!status.ok()) return status;
    if (!IsCopied(chunk, input.version(), options.version)) continue;
    Bytes payload;
    status = ReadChunkPayload(input.source(), input.version(), chunk, &payload);
    if (status.code() == Code::kCorrupt) {
      Say(options, status.message() + "; it is left out");
      continue;
    }
    if (!status.ok()) return status;
    if (chunk.tag == kTagVeri && IsCheckpoint(payload)) {
      if (!told_signature)
        Say(options, "the old signatures are removed: they were of the old file");
      told_signature = true;
      continue;
    }
    H4MK_TRY(writer.AddChunk(chunk.tag, chunk.flags, payload));
    if (recorder) recorder->AddChunk(chunk.offset, chunk.next);
  }
}

Status CopyBlocks(BlockPipeline& input, FileWriter& writer, const ConvertOptions& options,
                  OriginalRecorder* recorder) {
  constexpr uint32_t kBlocksBetweenCalls = 64;
  const uint64_t total = CanSeek(input) ? static_cast<uint64_t>(input.source().Size()) : 0;
  bool damaged = false;
  uint64_t payload = 0;
  for (uint32_t count = 1;; ++count) {
    ReadBlock read;
    Status status = input.Next(&read);
    if (status.code() == Code::kEnd) break;
    if (status.code() == Code::kAgain || status.code() == Code::kCorrupt) {
      Say(options, status.message());
      damaged = true;
      if (status.code() == Code::kAgain) break;
      continue;
    }
    if (!status.ok()) return status;
    if (recorder) H4MK_TRY(recorder->AddBlock(read));
    const BlockRecord& record = *read.record;
    payload += record.size;
    if (payload > options.max_payload)
      return Status(Code::kLimit, "the blocks are more than the " +
                                      std::to_string(options.max_payload) +
                                      " bytes that the output may have");
    Block block;
    block.track = static_cast<uint32_t>(record.track);
    block.flags = (record.flags & kBlockPublicFlags) | (read.corrupt ? kBlockCorrupt : 0u);
    block.pts = record.pts;
    block.dts = record.dts;
    block.duration = record.duration;
    block.data = {read.data, record.size};
    block.side_data = read.side_data;
    // Its number is part of what the block was encrypted with.
    if (block.flags & kBlockEncrypted) block.ordinal = record.ordinal;
    H4MK_TRY(writer.Write(block));
    if (options.progress && count % kBlocksBetweenCalls == 0)
      options.progress(static_cast<uint64_t>(read.offset), total);
  }
  return damaged ? Status(Code::kCorrupt, "parts of the file were damaged and are left out")
                 : Status();
}

}  // namespace

Status CopyFile(BlockPipeline& input, FileWriter& writer, const ConvertOptions& options,
                OriginalRecorder* recorder) {
  H4MK_TRY(CopyTracks(input, writer, options.version));
  H4MK_TRY(CopyChunks(input, writer, options, recorder));
  return CopyBlocks(input, writer, options, recorder);
}

Status Convert(BlockPipeline& input, Io& output, ConvertOptions options) {
  Status warning;
  while (input.NextWarning(&warning)) Say(options, warning.message());
  if (input.version() == 2 && options.version != 2) {
    Sink sink(output);
    bool rebuilt = false;
    H4MK_TRY(RebuildOriginal(input, options.version, sink, &rebuilt));
    if (rebuilt) return {};
  }
  std::unique_ptr<FileWriter> writer;
  H4MK_TRY(
      MakeWriter(output, options.version, options.writer, std::move(options.protect), &writer));
  std::unique_ptr<OriginalRecorder> recorder;
  if (options.version == 2 && input.version() != 2 && options.keep_original && CanSeek(input))
    recorder = std::make_unique<OriginalRecorder>(input);
  Status damage = CopyFile(input, *writer, options, recorder.get());
  if (!damage.ok() && damage.code() != Code::kCorrupt) return damage;
  if (recorder) {
    std::vector<Bytes> payloads;
    Status status = recorder->Finish(&payloads);
    if (status.code() == Code::kLimit) {
      Say(options, status.message() + "; the original cannot be made again from the new file");
      payloads.clear();
    } else if (!status.ok()) {
      return status;
    }
    for (const Bytes& payload : payloads) H4MK_TRY(writer->AddChunk(kTagOriginal, 0, payload));
  }
  H4MK_TRY(writer->Finish());
  return damage;
}

}  // namespace h4mk
