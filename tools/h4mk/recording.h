// SPDX-License-Identifier: MIT
// Files as commands read and write them by the public API (h4mk.h).
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

  uint32_t id() const { return info.track_id; }
  TimeBase time_base() const { return {info.time_base_num, info.time_base_den}; }
};

// How a file is read.
struct Reading {
  // Opens encrypted blocks. Null, or one that is not given: they are handed out as they are.
  const KeyOptions* key = nullptr;
  bool asks_key = false;      // a key that is not given is typed at the terminal, if there is one
  std::string verify_key;     // a public key in PEM form, "" for none
  bool keep_corrupt = false;  // the rest is as in h4mk_reader_options
  bool without_data = false;
  bool with_proofs = false;
};

// A file that is read, by its path or - for standard input.
class Recording {
 public:
  Status Open(const std::string& path, const Reading& reading = {});
  // The same of a file that is open already, which outlives this object. Several may read one.
  Status Open(InputFile& file, const Reading& reading = {});

  h4mk_reader* get() const { return reader_.get(); }
  InputFile& file() const { return *file_; }
  const std::string& path() const { return file_->path(); }
  int version() const { return h4mk_reader_version(get()); }
  bool is_closed() const { return h4mk_reader_is_closed(get()) != 0; }
  uint64_t size() const { return file_->size(); }  // when it was opened
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
  // Hands out the blocks of this track only.
  void KeepOnly(uint32_t track);
  // The bytes of an attachment; valid as long as this object.
  Status Attachment(uint32_t track, ByteSpan* bytes) const;
  // What a call of the library returned, with its words.
  Status Told(h4mk_status status) const;

  // The next block that can be read. Damage is a problem of the output. kEnd: no more, also where
  // the file has no end, which is another problem.
  Status Next(Output& output, h4mk_block* block);
  // What is wrong with the file and cost no block becomes problems of the output. Next() does this
  // at the end; who stops earlier asks for it. Whether there was anything.
  bool TellWarnings(Output& output);
  // The same, and a file without an end is a problem: for those who look at the whole of it.
  void TellState(Output& output);

  // With an encrypted file that was opened by its key: what writes another one like it.
  h4mk_writer_options WriterOptions() const;

  // What h4mk_convert() needs to read this file as it was opened.
  h4mk_convert_options ConvertOptions() const;
  // Does that, from the start of the file. What could not be kept becomes notes.
  Status Convert(OutputFile& out, const h4mk_convert_options& options, const Work& work,
                 Output& output);

 private:
  struct Free {
    void operator()(h4mk_reader* reader) const { h4mk_reader_free(reader); }
  };
  bool IsCheckpoint(const h4mk_chunk& chunk) const;
  Status OpenReader(const h4mk_reader_options& options);
  Status ReadDescriptions();

  std::unique_ptr<InputFile> own_;
  InputFile* file_ = nullptr;
  Io* io_ = nullptr;  // the reader's
  Secret secret_;
  h4mk_key key_ = H4MK_KEY_INIT;
  std::string scheme_;  // of the encryption, "" without
  std::unique_ptr<h4mk_reader, Free> reader_;
  std::vector<RecordedTrack> tracks_;
  Json meta_;
  std::optional<Contents> contents_;
};

// For those who need the whole of a file that has no end.
Status NoEndYet();

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

// The description of a track whose data is in the file itself, not in one beside it.
Json WithOwnData(Json description);

// A file that is written: of version 2, unless the options say another.
class NewRecording {
 public:
  // What is written to outlives this object.
  Status Open(Io& out, const h4mk_writer_options& options = H4MK_WRITER_OPTIONS_INIT);
  Status AddTrack(const Json& description, uint32_t* track);
  Status UpdateTrack(uint32_t track, const Json& description);
  Status SetAttachment(uint32_t track, ByteSpan bytes);
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

// The time by which a block is found.
inline int64_t TimeOf(const h4mk_block& block) { return SeekTime(block.pts, block.dts); }
inline int64_t TimeOf(const h4mk_block_info& block) { return SeekTime(block.pts, block.dts); }
// A time moved by `by`. H4MK_NO_TIME stays that.
inline int64_t Later(int64_t time, int64_t by) {
  return time == H4MK_NO_TIME ? time : Sum(time, by);
}

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_RECORDING_H_
