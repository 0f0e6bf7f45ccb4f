// SPDX-License-Identifier: MIT
#include "legacy/transport/transport_file.h"

#include <algorithm>

#include "base/crc32.h"
#include "base/fault.h"
#include "base/sha256.h"
#include "chunk/chunk_format.h"
#include "legacy/python_json.h"
#include "legacy/transport/transport_cipher.h"

namespace h4mk {

Bytes MakeTransportChunk(uint32_t tag, ByteSpan payload) {
  Bytes chunk;
  chunk.reserve(kTransportChunkHeaderSize + payload.size());
  AppendLe(chunk, tag);
  AppendBe(chunk, static_cast<uint32_t>(payload.size()));
  AppendBe(chunk, Crc32(0, payload));
  AppendBytes(chunk, payload);
  return chunk;
}

Result<TransportFile> TransportFile::Open(Source& source, bool check) {
  TransportFile file(source);
  uint8_t header[kTransportHeaderSize];
  H4MK_TRY(file.ReadHeader(header));
  if (const auto version = LoadBe<uint16_t>(header + 4); version != 1)
    return Fault("bad_version", "version " + std::to_string(version) + " at byte 4; expected 1",
                 Code::kVersion)
        .At(4);
  H4MK_TRY(file.ReadChunks(check));
  return file;
}

std::vector<ChunkInfo> TransportFile::cores() const {
  std::vector<ChunkInfo> cores;
  std::ranges::copy_if(chunks(), std::back_inserter(cores),
                       [](const ChunkInfo& chunk) { return chunk.tag == kTagCore; });
  return cores;
}

Result<std::vector<TransportSeekEntry>> TransportFile::Seek() const {
  H4MK_ASSIGN(std::optional<Bytes> payload, First(kTagSeek));
  if (!payload) return std::vector<TransportSeekEntry>();
  return DecodeTransportSeek(*payload);
}

Result<TransportVeri> TransportFile::CheckVeri() const {
  TransportVeri veri;
  const ChunkInfo* chunk = FirstChunk(kTagVeri);
  if (chunk == nullptr) return veri;
  veri.present = true;
  Bytes stored;
  H4MK_TRY(ReadPayload(*chunk, &stored));
  Sha256 before, payloads;
  const auto add = [&](Sha256& hash, uint64_t begin, uint64_t end) {
    return ForBytes(*source_, begin, end, [&](ByteSpan bytes) { hash.Add(bytes); });
  };
  H4MK_TRY(add(before, kTransportHeaderSize, chunk->offset));
  for (uint32_t tag : {kTagCore, kTagSeek, kTagMeta, kTagSafe})
    for (const ChunkInfo& other : chunks())
      if (other.tag == tag) H4MK_TRY(add(payloads, other.payload, other.next));
  veri.as_written = std::ranges::equal(before.Finish(), stored);
  veri.as_checked = std::ranges::equal(payloads.Finish(), stored);
  return veri;
}

Result<std::optional<TransportFile::Metadata>> TransportFile::ReadMetadata() const {
  H4MK_ASSIGN(std::optional<Bytes> payload, First(kTagMeta));
  std::optional<Metadata> metadata;
  if (payload && payload->size() >= 12) {
    const uint8_t* bytes = payload->data();
    metadata = Metadata{LoadBe<uint64_t>(bytes), LoadBe<uint32_t>(bytes + 8)};
  }
  return metadata;
}

Status TransportChunkWriter::WriteHeader() {
  Bytes header;
  AppendLe(header, kFileMagic);
  AppendBe(header, uint32_t{1} << 16);  // version 1, and what is not used
  return sink_.Write(header);
}

Status TransportChunkWriter::WriteChunk(uint32_t tag, ByteSpan payload) {
  const Bytes chunk = MakeTransportChunk(tag, payload);
  hash_.Add(chunk);
  return sink_.Write(chunk);
}

Status TransportChunkWriter::WriteVeri() {
  return sink_.Write(MakeTransportChunk(kTagVeri, hash_.Finish()));
}

Status WriteTransport(const TransportContents& contents, Sink& sink) {
  Json meta = contents.meta;
  meta["compression"] = {{"engine", "geometric-reference"},
                         {"engine_id", "unknown"},
                         {"fingerprint", "unknown"},
                         {"deterministic", true},
                         {"identity_safe", true},
                         {"opaque", false},
                         {"sealed", false}};
  std::optional<TransportCipher> cipher;
  if (!contents.secret.empty()) {
    cipher.emplace(contents.secret, contents.meta);
    meta["encryption"] = {{"cipher", "living-cipher-v3"},
                          {"mode", "compress-then-encrypt"},
                          {"context_binding", "container+track+timestamp+index"},
                          {"sealed", true}};
  }
  const std::string meta_text = DumpPythonJson(meta, JsonStyle::kCompact);
  const std::string safe_text = DumpPythonJson(contents.safe, JsonStyle::kCompact);
  const Bytes seek = EncodeTransportSeek(contents.seek);

  TransportChunkWriter writer(sink);
  H4MK_TRY(writer.WriteHeader());
  for (ByteSpan block : contents.blocks)
    H4MK_TRY(cipher ? writer.WriteChunk(kTagCore, cipher->Seal(block))
                    : writer.WriteChunk(kTagCore, block));
  H4MK_TRY(writer.WriteChunk(kTagSeek, seek));
  H4MK_TRY(writer.WriteChunk(kTagMeta, AsBytes(meta_text)));
  H4MK_TRY(writer.WriteChunk(kTagSafe, AsBytes(safe_text)));
  return writer.WriteVeri();
}

}  // namespace h4mk
