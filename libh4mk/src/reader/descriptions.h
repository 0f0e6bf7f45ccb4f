// SPDX-License-Identifier: MIT
// What a file says of itself besides its blocks: tracks (TRAK), metadata (META), attachments.
#ifndef H4MK_READER_DESCRIPTIONS_H_
#define H4MK_READER_DESCRIPTIONS_H_

#include <map>
#include <optional>

#include "chunk/chunk_reader.h"
#include "file/file_reader.h"
#include "file/tracks.h"
#include "reader/warnings.h"

namespace h4mk {

// core.md, "Which description counts": a file may have several TRAK and META chunks. Those at the
// front are read first; the index names those that hold; those that come by while a growing file
// is read hold once a cluster follows them. A later TRAK adds tracks, and the earlier ones keep
// their places.
class Descriptions {
 public:
  // All must outlive this. What changes is added to `changes` as FileReader::kChanged….
  Descriptions(ChunkReader& chunks, Warnings& warnings, unsigned& changes)
      : chunks_(chunks), warnings_(warnings), changes_(changes) {}

  bool has_tracks() const { return has_tracks_; }
  const std::vector<Track>& tracks() const { return list_.tracks; }
  const TrackIds& ids() const { return list_.ids; }
  const Json& meta() const { return meta_; }
  // A track needs a feature that this library does not know.
  bool has_unknown_requirement() const { return has_unknown_requirement_; }
  Status Attachment(size_t track, ByteSpan* bytes) const;

  // A chunk of the front; others than TRAK, META and ATTA are passed over. kCorrupt: a TRAK that
  // cannot be used.
  Status UseFront(uint64_t offset, uint32_t tag, ByteSpan payload, uint32_t crc);
  // Reads those that an index names (0: none), unless they are the same as those at the front.
  // kCorrupt: there are no tracks then.
  Status UseNamed(uint64_t trak, uint64_t meta);
  // Reads those that stand among the clusters (0: none); a TRAK that contradicts the tracks is left
  // out. kIo.
  Status UseLater(uint64_t trak, uint64_t meta);

  // From now on later descriptions are used only if `check` says so, and a warning says why not.
  void SetCheck(DescriptionCheck check) { check_ = std::move(check); }

  // One that came by while reading.
  void AddPending(uint64_t offset, uint32_t tag, Bytes payload);
  // Uses those that stand before a cluster or a locator at `until`. is_all: they are complete. Else
  // one that may not be used alone waits for the other.
  void UsePending(uint64_t until, bool is_all);

  // Warns of attachments without a track.
  void CheckAttachments();

 private:
  struct Chunk {
    uint64_t offset = 0;
    uint32_t crc = 0;
  };
  struct Pending {
    uint64_t offset = 0;
    Bytes payload;
  };

  Status SetTracks(uint64_t offset, ByteSpan payload);
  Status ReadLater(uint64_t offset, uint32_t tag, std::optional<Pending>* chunk);
  template <typename T>
  std::optional<T> OrWarn(Result<T> result);
  Result<TrackList> ParseLater(const Pending& trak) const;
  Status Use(const std::optional<Pending>& trak, const std::optional<Pending>& meta);
  void TakeList(TrackList list);
  void SetMeta(uint64_t offset, ByteSpan payload);
  void TakeMeta(uint64_t offset, Json meta);
  void AddAttachment(uint64_t offset, ByteSpan payload);

  ChunkReader& chunks_;
  Warnings& warnings_;
  unsigned& changes_;
  TrackList list_;
  bool has_tracks_ = false;
  bool has_unknown_requirement_ = false;
  Json meta_ = Json::object();
  Chunk trak_, meta_chunk_;                // where list_ and meta_ come from
  std::map<uint32_t, Bytes> attachments_;  // by track id
  std::optional<Pending> pending_tracks_, pending_meta_;
  DescriptionCheck check_;
};

}  // namespace h4mk

#endif  // H4MK_READER_DESCRIPTIONS_H_
