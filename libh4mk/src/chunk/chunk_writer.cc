// SPDX-License-Identifier: MIT
#include "chunk/chunk_writer.h"

#include "base/crc32.h"

namespace h4mk {

Bytes MakeChunk(uint32_t tag, uint32_t flags, ByteSpan payload, uint32_t salt) {
  Bytes chunk;
  chunk.reserve(payload.size() + kChunkOverhead);
  AppendLe(chunk, tag);
  AppendLe(chunk, flags);
  AppendLe(chunk, static_cast<uint32_t>(payload.size()));
  AppendBytes(chunk, payload);
  AppendLe(chunk, Crc32(salt, chunk));
  return chunk;
}

Status ChunkWriter::WriteFileHeader(const FileHeader& header) {
  Bytes bytes;
  AppendLe(bytes, kFileMagic);
  AppendLe(bytes, header.version);
  AppendLe(bytes, header.required_features);
  AppendLe(bytes, header.optional_features);
  AppendLe(bytes, header.salt);
  AppendLe(bytes, uint32_t{0});
  salt_ = header.salt;
  header_ = front_ = ContainerChecksum(salt_, bytes);
  H4MK_TRY(sink_.Write(bytes));
  if (observer_ != nullptr) observer_->HeaderWritten(bytes);
  return {};
}

Status ChunkWriter::WriteChunk(uint32_t tag, uint32_t flags, ByteSpan payload) {
  const Bytes chunk = MakeChunk(tag, flags, payload, salt_);
  rest_.Add(LoadLe<uint32_t>(chunk.data() + chunk.size() - kCrcSize));
  const uint64_t offset = sink_.position();
  H4MK_TRY(sink_.Write(chunk));
  const ByteSpan hashed = ByteSpan(chunk).first(chunk.size() - kCrcSize);
  if (observer_ != nullptr) observer_->Written(offset, {&hashed, 1});
  return {};
}

Status ChunkWriter::WriteParts(ByteSpan head, std::span<const ByteSpan> body, uint32_t crc) {
  uint8_t stored[kCrcSize];
  StoreLe(stored, crc);
  rest_.Add(crc);
  const uint64_t offset = sink_.position();
  H4MK_TRY(sink_.Write(head));
  for (ByteSpan piece : body) H4MK_TRY(sink_.Write(piece));
  H4MK_TRY(sink_.Write(stored));
  if (observer_ == nullptr) return {};
  std::vector<ByteSpan> chunk{head};
  chunk.insert(chunk.end(), body.begin(), body.end());
  observer_->Written(offset, chunk);
  return {};
}

Status ChunkWriter::WriteContainerChecksum(uint32_t checksum) {
  uint8_t stored[kCrcSize];
  StoreLe(stored, checksum);
  return sink_.Write(stored);
}

uint32_t ChunkWriter::checksum() const {
  ContainerChecksum all = front_;
  all.Append(rest_);
  return all.value();
}

void ChunkWriter::Mark() {
  front_.Append(rest_);
  rest_ = ContainerChecksum();
}

uint32_t ChunkWriter::ChecksumWithFront(ByteSpan front) const {
  ContainerChecksum all = header_;
  all.AddChunks(front);
  all.Append(rest_);
  return all.value();
}

}  // namespace h4mk
