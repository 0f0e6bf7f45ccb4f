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
Bytes TransportChunkFront(uint32_t tag, ByteSpan payload) {
  Bytes front;
  AppendLe(front, tag);
  AppendBe(front, static_cast<uint32_t>(payload.size()));
  AppendBe(front, Crc32(0, payload));
  return front;
}

TransportChunk ParseTransportChunk(uint64_t offset, const uint8_t* bytes) {
  return {offset + kTransportChunkHeaderSize, LoadLe<uint32_t>(bytes), LoadBe<uint32_t>(bytes + 4),
          LoadBe<uint32_t>(bytes + 8)};
}

Result<TransportFile> TransportFile::Open(Source& source, bool check) {
  TransportFile file(source);
  H4MK_TRY(file.Parse(check));
  return file;
}

Status TransportFile::Parse(bool check) {
  const int64_t known_size = source_->Size();
  if (!source_->seekable() || known_size < 0)
    return Status(Code::kNotSeekable, "a whole file that can seek is needed");
  const auto size = static_cast<uint64_t>(known_size);
  if (size < kTransportHeaderSize)
    return Fault("too_short", "file of " + std::to_string(size) + " bytes; its header has 8",
                 Code::kTruncated);
  uint8_t header[kTransportHeaderSize];
  H4MK_TRY(source_->ReadAll(0, header));
  if (LoadLe<uint32_t>(header) != kFileMagic)
    return Fault("bad_magic", "\"H4MK\" expected at byte 0", Code::kNotH4mk).At(0);
  if (const auto version = LoadBe<uint16_t>(header + 4); version != 1)
    return Fault("bad_version", "version " + std::to_string(version) + " at byte 4; expected 1",
                 Code::kVersion)
        .At(4);
  end_ = kTransportHeaderSize;
  while (size - end_ >= kTransportChunkHeaderSize) {
    uint8_t bytes[kTransportChunkHeaderSize];
    H4MK_TRY(source_->ReadAll(end_, bytes));
    const TransportChunk chunk = ParseTransportChunk(end_, bytes);
    if (chunk.length > size - chunk.offset)
      return Fault("chunk_overrun", TagText(chunk.tag) + " chunk of " +
                                        std::to_string(chunk.length) + " bytes at byte " +
                                        std::to_string(end_) + " extends past the file")
          .At(end_);
    if (check) H4MK_TRY(CheckCrc(chunk));
    chunks_.push_back(chunk);
    if (chunk.tag == kTagCore) cores_.push_back(chunk);
    end_ = chunk.offset + chunk.length;
  }
  return {};
}

Status TransportFile::CheckCrc(const TransportChunk& chunk) const {
  uint32_t crc = 0;
  H4MK_TRY(ForBytes(*source_, chunk.offset, chunk.offset + chunk.length,
                    [&](ByteSpan bytes) { crc = Crc32(crc, bytes); }));
  if (crc == chunk.crc) return {};
  return Fault("chunk_crc", TagText(chunk.tag) + " chunk at byte " +
                                std::to_string(chunk.offset - kTransportChunkHeaderSize) +
                                " does not match its CRC")
      .At(chunk.offset - kTransportChunkHeaderSize);
}

Status TransportFile::ReadPayload(const TransportChunk& chunk, Bytes* payload) const {
  payload->resize(chunk.length);  // no more than the file has: the parser has compared it
  return source_->ReadAll(chunk.offset, *payload);
}

Result<std::optional<Bytes>> TransportFile::First(uint32_t tag) const {
  std::optional<Bytes> payload;
  const auto chunk = std::find_if(chunks_.begin(), chunks_.end(),
                                  [&](const TransportChunk& c) { return c.tag == tag; });
  if (chunk == chunks_.end()) return payload;
  payload.emplace();
  H4MK_TRY(ReadPayload(*chunk, &*payload));
  return payload;
}

Result<std::vector<TransportSeekEntry>> TransportFile::Seek() const {
  H4MK_ASSIGN(std::optional<Bytes> payload, First(kTagSeek));
  if (!payload) return std::vector<TransportSeekEntry>();
  return DecodeTransportSeek(*payload);
}

Result<TransportVeri> TransportFile::CheckVeri() const {
  TransportVeri veri;
  const auto chunk = std::find_if(chunks_.begin(), chunks_.end(),
                                  [](const TransportChunk& c) { return c.tag == kTagVeri; });
  if (chunk == chunks_.end()) return veri;
  veri.present = true;
  Bytes stored;
  H4MK_TRY(ReadPayload(*chunk, &stored));
  const auto matches = [&](Sha256& hash) {
    const Sha256Digest digest = hash.Finish();
    return std::equal(digest.begin(), digest.end(), stored.begin(), stored.end());
  };
  Sha256 before, payloads;
  const auto add_to = [](Sha256& hash) { return [&hash](ByteSpan bytes) { hash.Add(bytes); }; };
  if (Status status = ForBytes(*source_, kTransportHeaderSize,
                               chunk->offset - kTransportChunkHeaderSize, add_to(before));
      !status.ok())
    return status;
  for (uint32_t tag : {kTagCore, kTagSeek, kTagMeta, kTagSafe})
    for (const TransportChunk& other : chunks_)
      if (other.tag == tag)
        if (Status status =
                ForBytes(*source_, other.offset, other.offset + other.length, add_to(payloads));
            !status.ok())
          return status;
  veri.as_written = matches(before);
  veri.as_checked = matches(payloads);
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

Status TransportChunkWriter::WriteHeader(uint16_t reserved) {
  Bytes header;
  AppendLe(header, kFileMagic);
  AppendBe(header, uint16_t{1});
  AppendBe(header, reserved);
  return sink_.Write(header);
}

Status TransportChunkWriter::WriteChunk(uint32_t tag, ByteSpan payload) {
  const Bytes front = TransportChunkFront(tag, payload);
  hash_.Add(front);
  hash_.Add(payload);
  return Put(front, payload);
}

Status TransportChunkWriter::WriteVeri() {
  const Sha256Digest hash = hash_.Finish();
  return Put(TransportChunkFront(kTagVeri, hash), hash);
}

Status TransportChunkWriter::Put(ByteSpan front, ByteSpan payload) {
  H4MK_TRY(sink_.Write(front));
  return sink_.Write(payload);
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
    MarkEncryptedTransport(&meta);
  }
  const std::string meta_text = DumpPythonJson(meta, JsonStyle::kCompact);
  const std::string safe_text = DumpPythonJson(contents.safe, JsonStyle::kCompact);
  const Bytes seek = EncodeTransportSeek(contents.seek);

  TransportChunkWriter writer(sink);
  H4MK_TRY(writer.WriteHeader(0));
  for (ByteSpan block : contents.blocks)
    H4MK_TRY(cipher ? writer.WriteChunk(kTagCore, cipher->Seal(block))
                    : writer.WriteChunk(kTagCore, block));
  H4MK_TRY(writer.WriteChunk(kTagSeek, seek));
  H4MK_TRY(writer.WriteChunk(kTagMeta, AsBytes(meta_text)));
  H4MK_TRY(writer.WriteChunk(kTagSafe, AsBytes(safe_text)));
  return writer.WriteVeri();
}

}  // namespace h4mk
