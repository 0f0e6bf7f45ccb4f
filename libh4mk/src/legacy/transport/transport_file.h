// SPDX-License-Identifier: MIT
// A file of the transport dialect as its first reader sees it, and a writer of the same bytes
// (legacy.md, "Transport dialect"). TransportReader plays such files.
#ifndef H4MK_LEGACY_TRANSPORT_TRANSPORT_FILE_H_
#define H4MK_LEGACY_TRANSPORT_TRANSPORT_FILE_H_

#include "base/sha256.h"
#include "file/versions.h"
#include "legacy/strict_file.h"
#include "legacy/transport/transport_tables.h"

namespace h4mk {

// The two readings of VERI, which never agree on what the first writer made.
struct TransportVeri {
  bool present = false;
  bool as_written = false;  // SHA-256 of the chunks before it: what writers put there
  bool as_checked =
      true;  // SHA-256 of payloads by tag: what the first reader compares; true without VERI
};

class TransportFile : public StrictFile {
 public:
  // Parses a whole file; with `check` every CRC, as the first reader does. The source must be
  // seekable, of known size, and outlive the result. too_short, bad_magic, bad_version,
  // chunk_overrun, chunk_crc.
  static Result<TransportFile> Open(Source& source, bool check);

  std::vector<ChunkInfo> cores() const;
  // Of the last chunk; fewer than 12 bytes may follow.
  uint64_t end() const { return chunks().empty() ? kTransportHeaderSize : chunks().back().next; }

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
  explicit TransportFile(Source& source) : StrictFile(source, kTransportVersion) {}
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

// A whole chunk.
Bytes MakeTransportChunk(uint32_t tag, ByteSpan payload);

// Appends header and chunks.
class TransportChunkWriter {
 public:
  explicit TransportChunkWriter(Sink& sink) : sink_(sink) {}
  Status WriteHeader();
  Status WriteChunk(uint32_t tag, ByteSpan payload);
  // The hash of all chunks before it, their headers included. Nothing may follow.
  Status WriteVeri();

 private:
  Sink& sink_;
  Sha256 hash_;
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_TRANSPORT_TRANSPORT_FILE_H_
