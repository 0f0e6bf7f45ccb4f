// SPDX-License-Identifier: MIT
// TRAK and META of a file that is written: at its front, again where they change, and once more at
// its end (core.md, "File").
#ifndef H4MK_WRITER_DESCRIPTION_WRITER_H_
#define H4MK_WRITER_DESCRIPTION_WRITER_H_

#include <string>
#include <vector>

#include "base/json.h"
#include "chunk/chunk_writer.h"
#include "file/tracks.h"

namespace h4mk {

class DescriptionWriter {
 public:
  // Both must outlive the writer.
  DescriptionWriter(ChunkWriter& chunks, const std::vector<Track>& tracks)
      : chunks_(chunks), tracks_(tracks) {}

  void TracksChanged() { trak_.changed = true; }
  void SetMeta(const Json& meta);

  // Writes what has changed. The last TRAK and META of a file are the current ones.
  Status Write();
  // At the end of a file both are repeated, so that damage to the front does not cost all; not in a
  // file so small that they would be much of it.
  Status WriteAtEnd();

  // Offsets of the last ones, 0: none.
  uint64_t trak() const { return trak_.offset; }
  uint64_t meta() const { return meta_.offset; }
  // The same for an index at the front: earlier ones with the same contents, where there are some.
  uint64_t front_trak() const { return trak_.same_before ? trak_.same_before : trak_.offset; }
  uint64_t front_meta() const { return meta_.same_before ? meta_.same_before : meta_.offset; }

 private:
  struct Description {
    bool changed = false;
    uint64_t offset = 0;       // where it was written last
    uint64_t same_before = 0;  // where the same stands earlier in the file; 0: nowhere
  };

  Status WriteChanged(uint32_t tag, const std::string& text, Description* description);

  ChunkWriter& chunks_;
  const std::vector<Track>& tracks_;
  Json json_ = Json::object();  // META
  Description trak_{.changed = true}, meta_;
};

}  // namespace h4mk

#endif  // H4MK_WRITER_DESCRIPTION_WRITER_H_
