// SPDX-License-Identifier: MIT
// Files as commands read and write them by the public API (h4mk.h): every version in, version 2
// out.
#ifndef H4MK_TOOLS_RECORDING_H_
#define H4MK_TOOLS_RECORDING_H_

#include <h4mk/h4mk.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api.h"
#include "file.h"
#include "key_option.h"
#include "output.h"
#include "text.h"

namespace h4mk::tool {

// What a file says of a track, and what its index knows.
struct RecordedTrack {
  Json description;
  h4mk_track_info info = H4MK_TRACK_INFO_INIT;
  std::string kind;
  bool is_attachment = false, is_cover = false;  // a cover is one picture, not a film

  TimeBase time_base() const { return {info.time_base_num, info.time_base_den}; }
};

// A file that is read, by its path or - for standard input.
class Recording {
 public:
  // key: opens encrypted blocks; null, or one that is not given: they are handed out as they are.
  // verify_key: a public key in PEM form, "" for none.
  Status Open(const std::string& path, const KeyOptions* key = nullptr,
              const std::string& verify_key = "");

  h4mk_reader* get() const { return reader_.get(); }
  const std::string& path() const { return path_; }
  uint64_t size() const { return file_.size(); }  // when it was opened
  int64_t CurrentSize() { return io_->Size(); }
  const std::vector<RecordedTrack>& tracks() const { return tracks_; }
  const Json& meta() const { return meta_; }
  bool is_encrypted() const { return !scheme_.empty(); }
  // What only a look at each chunk of the file tells.
  struct Contents {
    bool is_signed = false;
    std::vector<h4mk_chunk> others;  // that this program does not interpret, in their order
  };
  const Contents& contents();
  // Index of the track with an id; kArgument if there is none.
  Result<uint32_t> Find(int64_t track_id) const;
  // The bytes of an attachment; valid as long as this object.
  Status Attachment(uint32_t track, ByteSpan* bytes) const;

  // The next block that can be read. Damage is a problem of the output. kEnd: no more, also where
  // the file has no end, which is another problem.
  Status Next(Output& output, h4mk_block* block);
  // What is wrong with the file and cost no block becomes problems of the output. Next() does this
  // at the end; who stops earlier asks for it.
  void TellWarnings(Output& output);

  // With an encrypted file that was opened by its key: what writes another one like it.
  h4mk_writer_options WriterOptions() const;

 private:
  struct Free {
    void operator()(h4mk_reader* reader) const { h4mk_reader_free(reader); }
  };
  Status Told(h4mk_status status) const;
  bool IsCheckpoint(const h4mk_chunk& chunk) const;
  Status ReadScheme();
  Status ReadDescriptions();

  std::string path_;
  InputFile file_;
  Io* io_ = nullptr;  // the reader's
  MasterKey master_;
  h4mk_key key_ = H4MK_KEY_INIT;
  std::string scheme_;  // of the encryption, "" without
  std::unique_ptr<h4mk_reader, Free> reader_;
  std::vector<RecordedTrack> tracks_;
  Json meta_;
  std::optional<Contents> contents_;
};

// Whether this program knows what is in chunks with a tag.
bool IsInterpreted(std::string_view tag);
// For commands that make a new file of blocks: which chunks of the input have not gone along.
// `where` begins the note. At a URL nothing is looked for: each chunk would be a request.
void NoteLeftOut(Recording& input, Output& output, const std::string& where = "");
// The same where `count` of them are known.
void NoteLeftOut(size_t count, Output& output, const std::string& where);
// For the same, behind the last block: an error where no block could be read, so that nothing is
// written, and a note where some could not.
Status CheckCopied(uint64_t blocks, Output& output);

// A file of version 2 that is written.
class NewRecording {
 public:
  // out is open already, and outlives this object.
  Status Open(OutputFile& out, const h4mk_writer_options& options);
  Status AddTrack(const Json& description, uint32_t* track);
  Status AddAttachment(const Json& description, ByteSpan bytes);
  Status SetMeta(const Json& meta);
  Status AddChunk(const char* tag, uint32_t flags, ByteSpan bytes);
  Status Write(const h4mk_block& block);
  Status Finish();

 private:
  struct Free {
    void operator()(h4mk_writer* writer) const { h4mk_writer_free(writer); }
  };
  Status Told(h4mk_status status) const;
  std::unique_ptr<h4mk_writer, Free> writer_;
};

// pts, or dts where there is no pts.
inline int64_t TimeOf(const h4mk_block& block) {
  return block.pts == H4MK_NO_TIME ? block.dts : block.pts;
}
// A time moved by `by`. H4MK_NO_TIME stays that.
inline int64_t Later(int64_t time, int64_t by) {
  return time == H4MK_NO_TIME ? time : Sum(time, by);
}

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_RECORDING_H_
