// SPDX-License-Identifier: MIT
#include "writer/description_writer.h"

namespace h4mk {
namespace {

// Descriptions are repeated at the end of a file that is at least so many times as large.
constexpr uint64_t kRepeatShare = 64;

}  // namespace

void DescriptionWriter::SetMeta(const Json& meta) {
  if (meta == json_) return;
  json_ = meta;
  meta_.changed = true;
}

Status DescriptionWriter::WriteChanged(uint32_t tag, const std::string& text,
                                       Description* description) {
  description->offset = chunks_.position();
  description->changed = false;
  return chunks_.WriteChunk(tag, 0, AsBytes(text));
}

Status DescriptionWriter::Write() {
  if (trak_.changed) H4MK_TRY(WriteChanged(kTagTracks, EncodeTracks(tracks_), &trak_));
  if (meta_.changed) H4MK_TRY(WriteChanged(kTagMeta, DumpJson(json_), &meta_));
  return {};
}

Status DescriptionWriter::WriteAtEnd() {
  if (chunks_.position() / kRepeatShare > EncodeTracks(tracks_).size()) {
    for (Description* description : {&trak_, &meta_}) {
      if (description->changed || description->offset == 0) continue;
      description->same_before = description->offset;
      description->changed = true;
    }
  }
  return Write();
}

}  // namespace h4mk
