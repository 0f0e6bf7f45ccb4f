// SPDX-License-Identifier: MIT
// Changes what a closed file of version 2 says of itself by appending to it (core.md, "Editing"):
// no byte of a chunk is touched, the work is in proportion to the metadata, and whatever happens in
// between, the file says either the old or the new.
#ifndef H4MK_MAINTAIN_EDIT_H_
#define H4MK_MAINTAIN_EDIT_H_

#include "base/io.h"
#include "file/chunk_walk.h"
#include "file/file_end.h"

namespace h4mk {

class EditableFile : public Io {
 public:
  // Returns when what was written is on the disk, or a negative code.
  virtual int64_t Sync() = 0;
  virtual int64_t Truncate(uint64_t size) = 0;
};

// Reads a file that somebody may have read before.
Source SourceFromStart(Io& io);

class Editor {
 public:
  // The file must outlive the editor, and nobody else may write to it.
  explicit Editor(EditableFile& file) : file_(file) {}

  // kNotFound: the file has no end. Errors of ReadFileEnd().
  Status Open();

  const std::vector<Track>& tracks() const { return end_.tracks.tracks; }
  const Json& meta() const { return end_.meta; }
  // kArgument: no description, or one with another track_id or time base.
  Status SetTrack(uint32_t track, const Json& description);
  Status SetMeta(const Json& meta);

  // Writes what was changed, if anything was. On an error the file is as it was, as far as that can
  // still be done.
  Status Commit();

 private:
  EditableFile& file_;
  FileEnd end_;
  uint32_t salt_ = 0;
  bool tracks_changed_ = false, meta_changed_ = false;
};

// Takes the last edit back. kNotFound: there was none.
Status UndoEdit(EditableFile& file);

// Appends bytes at an offset so that they count as a whole or not at all: the last kTailSize of
// them, which make the file a closed one, are written when all the others are on the disk.
Status AppendEnd(EditableFile& file, uint64_t offset, ByteSpan bytes);

}  // namespace h4mk

#endif  // H4MK_MAINTAIN_EDIT_H_
