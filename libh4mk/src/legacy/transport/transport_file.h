// SPDX-License-Identifier: MIT
// A file of the transport dialect as its first reader sees it, and a writer of the same bytes
// (legacy.md, "Transport dialect"). TransportReader plays such files.
#ifndef H4MK_LEGACY_TRANSPORT_TRANSPORT_FILE_H_
#define H4MK_LEGACY_TRANSPORT_TRANSPORT_FILE_H_

#include <optional>
#include <vector>

#include "base/io.h"
#include "base/sha256.h"
#include "file/versions.h"
#include "legacy/transport/transport_tables.h"

namespace h4mk {

struct TransportChunk {
  uint64_t offset = 0;  // of the payload
  uint32_t tag = 0;     // as chunk_format.h's Tag()
  uint32_t length = 0;
  uint32_t crc = 0;
};

// The two readings of VERI, which never agree on what the first writer made.
struct TransportVeri {
  bool present = false;
  bool as_written = false;  // SHA-256 of the chunks before it: what writers put there
  bool as_checked =
      true;  // SHA-256 of payloads by tag: what the first reader compares; true without VERI
};

class TransportFile {
 public:
  // Parses a whole file; with `check` every CRC, as the first reader does. Memory: 24 bytes a
  // chunk. The source must be seekable, of known size, and outlive the result. too_short,
  // bad_magic, bad_version, chunk_overrun, chunk_crc.
  static Result<TransportFile> Open(Source& source, bool check);

  const std::vector<TransportChunk>& chunks() const { return chunks_; }
  const std::vector<TransportChunk>& cores() const { return cores_; }
  uint64_t end() const { return end_; }  // of the last chunk; fewer than 12 bytes may follow
  Status ReadPayload(const TransportChunk& chunk, Bytes* payload) const;
  // The payload of the first chunk with a tag.
  Result<std::optional<Bytes>> First(uint32_t tag) const;

  // The first SEEK; empty if there is none. seek_too_short, seek_incomplete.
  Result<std::vector<TransportSeekEntry>> Seek() const;
  Result<TransportVeri> CheckVeri() const;
  // What the first reader takes for metadata: the first 12 bytes of META as two numbers.
  struct Metadata {
    uint64_t duration_us = 0;
    uint32_t frame_count = 0;
  };
  Result<std::optional<Metadata>> ReadMetadata() const;

 private:
  explicit TransportFile(Source& source) : source_(&source) {}
  Status Parse(bool check);
  Status CheckCrc(const TransportChunk& chunk) const;

  Source* source_;
  std::vector<TransportChunk> chunks_, cores_;
  uint64_t end_ = 0;
};

struct TransportContents {
  std::vector<ByteSpan> blocks;  // compressed
  std::vector<TransportSeekEntry> seek;
  Json meta = Json::object();  // "compression" is added
  Json safe = Json::object();
  ByteSpan secret;  // of a Living Cipher v3 that blocks are encrypted with; empty: they are not
};

// Writes a whole file.
Status WriteTransport(const TransportContents& contents, Sink& sink);

// The header of a chunk with this payload.
Bytes TransportChunkFront(uint32_t tag, ByteSpan payload);
// The chunk whose header stands at `offset`. REQUIRES: kTransportChunkHeaderSize bytes.
TransportChunk ParseTransportChunk(uint64_t offset, const uint8_t* bytes);

// Appends header and chunks.
class TransportChunkWriter {
 public:
  explicit TransportChunkWriter(Sink& sink) : sink_(sink) {}
  Status WriteHeader(uint16_t reserved);
  Status WriteChunk(uint32_t tag, ByteSpan payload);
  // The hash of all chunks before it, their headers included. Nothing may follow.
  Status WriteVeri();

 private:
  Status Put(ByteSpan front, ByteSpan payload);

  Sink& sink_;
  Sha256 hash_;
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_TRANSPORT_TRANSPORT_FILE_H_
