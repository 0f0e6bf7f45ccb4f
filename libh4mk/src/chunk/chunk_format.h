// SPDX-License-Identifier: MIT
// core.md, "File" and "Chunk": constants and fixed structures of the outermost layer.
#ifndef H4MK_CHUNK_CHUNK_FORMAT_H_
#define H4MK_CHUNK_CHUNK_FORMAT_H_

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace h4mk {

inline constexpr size_t kFileHeaderSize = 16;
inline constexpr size_t kChunkHeaderSize = 12;  // tag, flags, length
inline constexpr size_t kCrcSize = 4;
inline constexpr size_t kChunkOverhead = kChunkHeaderSize + kCrcSize;
inline constexpr uint64_t kMaxIndexSize = 128u << 20;  // of a cluster

// A tag as it stands in the file, read as a little-endian number.
constexpr uint32_t Tag(const char (&text)[5]) {
  return static_cast<uint32_t>(static_cast<uint8_t>(text[0])) |
         static_cast<uint32_t>(static_cast<uint8_t>(text[1])) << 8 |
         static_cast<uint32_t>(static_cast<uint8_t>(text[2])) << 16 |
         static_cast<uint32_t>(static_cast<uint8_t>(text[3])) << 24;
}

inline constexpr uint32_t kFileMagic = Tag("H4MK");
inline constexpr uint32_t kTagTracks = Tag("TRAK");
inline constexpr uint32_t kTagMeta = Tag("META");
inline constexpr uint32_t kTagSafe = Tag("SAFE");
inline constexpr uint32_t kTagVeri = Tag("VERI");
inline constexpr uint32_t kTagNote = Tag("NOTE");
inline constexpr uint32_t kTagCore = Tag("CORE");
inline constexpr uint32_t kTagIndex = Tag("TSEK");
inline constexpr uint32_t kTagAttachment = Tag("ATTA");
inline constexpr uint32_t kTagFree = Tag("FREE");      // reserved space, ignored
inline constexpr uint32_t kTagOriginal = Tag("ORIG");  // what a converted file was made of
inline constexpr uint32_t kTagTail = Tag("TAIL");      // the locator, last chunk of a closed file

inline constexpr std::array kKnownTags = {kTagTracks, kTagMeta,     kTagSafe,  kTagVeri,
                                          kTagNote,   kTagCore,     kTagIndex, kTagAttachment,
                                          kTagFree,   kTagOriginal, kTagTail};

// protection.md, "Signed files": whether the payload of VERI begins as that of a checkpoint does, a
// signature that holds for this file alone.
inline constexpr uint32_t kCheckpointMagic = Tag("H4VC");
inline bool IsCheckpoint(ByteSpan payload) {
  return payload.size() >= 4 && LoadLe<uint32_t>(payload.data()) == kCheckpointMagic;
}

// core.md, "Chunk": flags. A chunk with one of the high bits that is not known must not be used.
inline constexpr uint32_t kCoreIsCluster = 1u << 30;
inline constexpr uint32_t kMustKnowFlags = 0xFFFF0000;

// Version 1: type and time of the block stand in the flags of its CORE chunk.
inline constexpr uint32_t kCoreTypeShift = 28;

// core.md, "File": the header of version 2.
struct FileHeader {
  uint8_t version = 2;
  uint8_t required_features = 0;
  uint16_t optional_features = 0;
  uint32_t salt = 0;
};

struct ChunkHeader {
  uint32_t tag = 0;
  uint32_t flags = 0;
  uint32_t length = 0;  // of the payload

  uint64_t size() const { return uint64_t{length} + kChunkOverhead; }
  // Both of version 2 only.
  bool is_cluster() const { return tag == kTagCore && (flags & kMustKnowFlags) == kCoreIsCluster; }
  // Flags of a chunk that this library would use, if it knew them. Chunks that are only kept may
  // have any.
  uint32_t unknown_flags() const;
};

inline ChunkHeader ParseChunkHeader(const uint8_t* p) {
  return {LoadLe<uint32_t>(p), LoadLe<uint32_t>(p + 4), LoadLe<uint32_t>(p + 8)};
}

inline std::array<uint8_t, kChunkHeaderSize> ChunkHeaderBytes(const ChunkHeader& header) {
  std::array<uint8_t, kChunkHeaderSize> bytes;
  StoreLe(bytes.data(), header.tag);
  StoreLe(bytes.data() + 4, header.flags);
  StoreLe(bytes.data() + 8, header.length);
  return bytes;
}

// A tag in a form fit for messages.
std::string TagText(uint32_t tag);

// What is said of a chunk with flags that must be known and are not.
std::string UnknownFlags(const ChunkHeader& header, uint64_t offset);

// Tags are four printable ASCII characters; anything else is damage, not an unknown chunk.
bool IsPlausibleTag(uint32_t tag);

// One of the tags of core.md: what resynchronisation looks for.
bool IsKnownTag(uint32_t tag);

}  // namespace h4mk

#endif  // H4MK_CHUNK_CHUNK_FORMAT_H_
