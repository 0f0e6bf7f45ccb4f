// SPDX-License-Identifier: MIT
// h4mk cut: whole groups of a file as a file of their own, without decoding anything.
#include <h4mk/protection.h>

#include <algorithm>
#include <span>
#include <vector>

#include "chapters.h"
#include "command.h"
#include "files_option.h"
#include "progress.h"
#include "recording.h"
#include "text.h"
#include "time_option.h"
#include "track_option.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct CutOptions {
  FilesOptions files;
  int64_t track_id = kNoTrack;
  TimeOption from, to;
  std::string output, proofs, public_key;
  bool keep_times = false;
  WriteOptions write;
  KeyOptions key;
};

void Describe(CLI::App* command, CutOptions* options) {
  AddFilesOptions(command, &options->files);
  options->from.Add(command, "from", "Where the cut begins, default the start", false);
  options->to.Add(command, "to", "Where it ends, default the end", false);
  command
      ->add_option("--output,-o", options->output,
                   "The new file, or - for standard output; of several files the folder that gets "
                   "them")
      ->type_name("OUT")
      ->required();
  AddTrackOption(command, &options->track_id, false);
  command->get_option("--track")->description(
      "The track whose groups are taken, default the first with pictures");
  command->add_flag("--keep-times", options->keep_times,
                    "Leave the times as they are; without it OUT begins at 0");
  CLI::Option* key = command
                         ->add_option("--public-key", options->public_key,
                                      "A public key (PEM): take only what it has signed")
                         ->type_name("PUB");
  command
      ->add_option("--proofs", options->proofs,
                   "Write a proof of every block into this file, one a line; keeps the times")
      ->type_name("FILE")
      ->needs(key);
  AddWriteOptions(command, &options->write);
  AddDecryptionKeyOptions(command, &options->key);
  command->footer(
      "Groups are taken whole: OUT begins with the last seek point that is not later than "
      "--from, and ends before the\n"
      "first one that is not earlier than --to. Nothing is decoded. Attachments, tags and the "
      "chapters of the range go along.\n"
      "An encrypted file is encrypted again by the same key. A signature is of the whole file and "
      "does not go along: --proofs keeps\n"
      "what it says of each block, and `h4mk verify --proofs FILE --public-key PUB OUT` checks "
      "that.\n"
      "Exit status: 1 there is nothing between the two times.");
}

// The blocks of one track that are taken.
struct Part {
  bool wanted = false;                         // there may be more
  bool begun = false;                          // its first block was there
  int64_t begin = INT64_MIN, end = INT64_MAX;  // where the cut begins and ends, in its time base
  int64_t key_time = INT64_MIN;  // blocks behind the first one that are shown before it need what
                                 // was cut off
  int64_t last = INT64_MAX;      // no block behind this cluster is taken
  int64_t shift = 0;             // of its times
  uint32_t track = 0;            // in the new file
  int64_t start = H4MK_NO_TIME, stop = H4MK_NO_TIME;  // what was taken
};

class Cutter {
 public:
  Cutter(const CutOptions& options, const std::string& path, Output& output)
      : options_(options), path_(path), output_(output) {}

  Status Open();
  Status Copy(OutputFile& out, OutputFile* proofs);
  void Report();
  Recording& input() { return input_; }

 private:
  Status ChooseMain();
  Status PlanMain();
  void PlanPart(uint32_t track);
  int64_t LastCluster(uint32_t track, int64_t end) const;
  bool FirstBetween(uint32_t track, int64_t from, int64_t to, h4mk_block_info* block) const;
  Status AddTracks(NewRecording& writer);
  Status CopyBlock(h4mk_block block, NewRecording& writer, OutputFile* proofs);
  bool ShiftsTimes() const {
    return options_.from.given() && !options_.keep_times && options_.proofs.empty();
  }
  Status CopyCovers(NewRecording& writer, OutputFile* proofs);
  bool Takes(const h4mk_block& block);
  bool IsDone(int64_t cluster) const;
  int64_t InTrack(int64_t time, uint32_t track) const {
    return Rescale(time, main_base_, input_.tracks()[track].time_base());
  }

  const CutOptions& options_;
  const std::string path_;
  Output& output_;
  Recording input_;
  uint32_t main_ = 0;
  TimeBase main_base_;
  int64_t start_ = INT64_MIN, end_ = INT64_MAX;  // of the main track, in its time base
  std::vector<Part> parts_;
  uint64_t blocks_ = 0, bytes_ = 0;
};

Status Cutter::Open() {
  std::string pem;
  if (!options_.public_key.empty()) H4MK_TRY(ReadPublicKey(options_.public_key, &pem));
  Reading reading;
  reading.key = &options_.key;
  reading.verify_key = pem;
  H4MK_TRY(input_.Open(path_, reading));
  if (input_.is_encrypted() && !options_.key.given()) return NoKey();
  if (input_.is_encrypted() && !options_.proofs.empty())
    return Status(Code::kArgument, "the blocks are encrypted anew, so that no proof fits them");
  for (const RecordedTrack& track : input_.tracks())
    if (!options_.proofs.empty() && track.description.contains("compression"))
      return Status(Code::kArgument,
                    fmt::format("the blocks of track {} are compressed, so that no proof fits what "
                                "is read of them",
                                track.info.track_id));
  parts_.resize(input_.tracks().size());
  H4MK_TRY(ChooseMain());
  H4MK_TRY(PlanMain());
  for (uint32_t i = 0; i < parts_.size(); ++i)
    if (i == main_ || (input_.tracks()[i].info.block_count > 0 && !input_.tracks()[i].is_cover))
      PlanPart(i);
  return {};
}

// The first track with pictures, else the first one with blocks.
Status Cutter::ChooseMain() {
  const auto& tracks = input_.tracks();
  if (options_.track_id != kNoTrack) {
    const Result<uint32_t> found = input_.Find(options_.track_id);
    if (!found.ok()) return found.status();
    main_ = found.value();
    if (tracks[main_].info.block_count == 0)
      return Status(Code::kArgument, fmt::format("track {} has no blocks", options_.track_id));
  } else {
    const auto has_blocks = [](const RecordedTrack& track) { return track.info.block_count > 0; };
    auto found = std::ranges::find_if(tracks, [&](const RecordedTrack& track) {
      return has_blocks(track) && track.kind == "video" && !track.is_cover;
    });
    if (found == tracks.end()) found = std::ranges::find_if(tracks, has_blocks);
    if (found == tracks.end()) return Status(Code::kNotFound, "the file has no blocks");
    main_ = static_cast<uint32_t>(found - tracks.begin());
  }
  main_base_ = tracks[main_].time_base();
  return {};
}

bool Cutter::FirstBetween(uint32_t track, int64_t from, int64_t to, h4mk_block_info* block) const {
  uint64_t total = 0;
  return h4mk_reader_keyframes_between(input_.get(), track, from, to, block, 1, &total) ==
             H4MK_OK &&
         total > 0;
}

Status Cutter::PlanMain() {
  const h4mk_track_info& info = input_.tracks()[main_].info;
  const int64_t from = options_.from.given() ? options_.from.In(main_base_) : info.start_pts;
  const int64_t to = options_.to.given() ? options_.to.In(main_base_) : INT64_MAX;
  if (to <= from) return Status(Code::kArgument, "--to is not behind --from");
  if (from >= info.end_pts || to <= info.start_pts)
    return Status(Code::kNotFound,
                  fmt::format("nothing is there: the track goes from {} to {}",
                              Clock(info.start_pts, main_base_), Clock(info.end_pts, main_base_)));
  h4mk_block_info key = H4MK_BLOCK_INFO_INIT;
  if (options_.from.given()) {
    if (h4mk_reader_keyframe(input_.get(), main_, from, &key) != H4MK_OK &&
        !FirstBetween(main_, from, to - 1, &key))
      return Status(Code::kNotFound, "no seek point is there");
    start_ = TimeOf(key);
  }
  if (to != INT64_MAX && FirstBetween(main_, to, INT64_MAX, &key)) end_ = TimeOf(key);
  return {};
}

// A seek leads to the first seek point of every track, so nothing is looked up for it here: in a
// file of many tracks each lookup may read all clusters.
void Cutter::PlanPart(uint32_t track) {
  Part& part = parts_[track];
  part.wanted = true;
  part.begun = !options_.from.given();
  if (start_ != INT64_MIN) part.begin = InTrack(start_, track);
  if (end_ != INT64_MAX) part.end = InTrack(end_, track);
  if (ShiftsTimes()) part.shift = -part.begin;
  if (end_ != INT64_MAX && input_.tracks()[track].info.all_key)
    part.last = LastCluster(track, part.end);
}

// The last cluster with a seek point before the end, as far as the index knows. Without it the rest
// of the file would be read for the next subtitle, which may be the last one of the film.
int64_t Cutter::LastCluster(uint32_t track, int64_t end) const {
  bool is_known = false;
  int64_t last = -1;
  std::vector<h4mk_index_entry> entries(1000, h4mk_index_entry(H4MK_INDEX_ENTRY_INIT));
  size_t copied = entries.size();
  for (uint64_t first = 0; copied == entries.size(); first += copied) {
    if (h4mk_reader_index_entries(input_.get(), track, first, entries.data(), entries.size(),
                                  &copied) != H4MK_OK)
      return INT64_MAX;
    for (const h4mk_index_entry& entry : std::span(entries).first(copied)) {
      is_known = true;
      if (entry.time < end) last = std::max(last, entry.offset);
    }
  }
  return is_known ? last : INT64_MAX;
}

// Each track is taken from its first seek point on, up to the first one at the end or behind it.
bool Cutter::Takes(const h4mk_block& block) {
  Part& part = parts_[block.track];
  const int64_t time = h4mk::tool::TimeOf(block);
  if (!part.wanted || time == H4MK_NO_TIME) return part.wanted && part.begun;
  const bool is_key = (block.flags & H4MK_BLOCK_KEY) != 0;
  if (time >= part.end && (is_key || !part.begun)) {
    part.wanted = false;
    h4mk_reader_discard(input_.get(), block.track, 1);
    return false;
  }
  if (is_key && !part.begun) {
    part.begun = true;
    part.key_time = time;
  }
  // A subtitle that was over when the cut begins.
  const bool is_over =
      block.track != main_ && block.duration > 0 && Sum(time, block.duration) <= part.begin;
  return part.begun && time >= part.key_time && !is_over;
}

// Whether nothing is taken any more behind this cluster.
bool Cutter::IsDone(int64_t cluster) const {
  return std::ranges::none_of(
      parts_, [&](const Part& part) { return part.wanted && cluster <= part.last; });
}

Status Cutter::AddTracks(NewRecording& writer) {
  for (uint32_t i = 0; i < parts_.size(); ++i) {
    Json description = input_.tracks()[i].description;
    ByteSpan attachment;
    if (input_.tracks()[i].is_attachment && input_.Attachment(i, &attachment).ok()) {
      H4MK_TRY(writer.AddAttachment(description, attachment));
      continue;
    }
    if (parts_[i].shift != 0) description.erase("start_time");
    H4MK_TRY(writer.AddTrack(WithOwnData(description), &parts_[i].track));
  }
  Json meta = input_.meta();
  meta.erase("protection");
  CutChapters(&meta, start_, end_, parts_[main_].shift != 0, main_base_);
  return meta.empty() ? Status() : writer.SetMeta(meta);
}

Status WriteProof(h4mk_reader* reader, OutputFile& proofs) {
  h4mk_value* made = nullptr;
  if (const h4mk_status status = h4mk_reader_prove(reader, &made); status != H4MK_OK)
    return Status(static_cast<Code>(status), h4mk_reader_message(reader));
  const Value proof(made);
  const std::string line = std::string(h4mk_value_to_json(proof.get())) + "\n";
  return Sink(proofs.io()).Write({reinterpret_cast<const uint8_t*>(line.data()), line.size()});
}

Status Cutter::CopyBlock(h4mk_block block, NewRecording& writer, OutputFile* proofs) {
  Part& part = parts_[block.track];
  if (proofs != nullptr) H4MK_TRY(WriteProof(input_.get(), *proofs));
  const int64_t time = h4mk::tool::TimeOf(block);
  if (time != H4MK_NO_TIME) {
    part.start = part.start == H4MK_NO_TIME ? time : std::min(part.start, time);
    part.stop = std::max(part.stop, Sum(time, block.duration));
  }
  block.pts = Later(block.pts, part.shift);
  block.dts = Later(block.dts, part.shift);
  block.track = part.track;
  ++blocks_;
  bytes_ += block.size;
  return writer.Write(block);
}

// They belong to the whole file.
Status Cutter::CopyCovers(NewRecording& writer, OutputFile* proofs) {
  for (uint32_t i = 0; i < parts_.size(); ++i) {
    h4mk_block block = H4MK_BLOCK_INIT;
    if (input_.tracks()[i].is_cover &&
        h4mk_reader_read_block(input_.get(), i, 0, &block) == H4MK_OK)
      H4MK_TRY(CopyBlock(block, writer, proofs));
  }
  return {};
}

Status Cutter::Copy(OutputFile& out, OutputFile* proofs) {
  NewRecording writer;
  H4MK_TRY(writer.Open(out.io(), input_.WriterOptions()));
  H4MK_TRY(AddTracks(writer));
  H4MK_TRY(CopyCovers(writer, proofs));
  for (uint32_t i = 0; i < parts_.size(); ++i)
    h4mk_reader_discard(input_.get(), i, !parts_[i].wanted);
  if (options_.from.given())
    H4MK_TRY(input_.Told(h4mk_reader_seek(input_.get(), main_, start_, H4MK_SEEK_BACKWARD)));
  const auto progress = MakeProgress("cut");
  h4mk_block block = H4MK_BLOCK_INIT;
  for (;;) {
    const Status status = input_.Next(output_, &block);
    if (status.code() == Code::kEnd) break;
    if (!status.ok()) return status;
    if (Takes(block))
      H4MK_TRY(CopyBlock(block, writer, proofs));
    else if (!parts_[block.track].wanted && IsDone(block.chunk))
      break;
    if (progress) progress(static_cast<uint64_t>(block.offset), input_.size());
  }
  input_.TellWarnings(output_);  // also where the end of the file was not reached
  H4MK_TRY(CheckCopied(blocks_, output_));
  return writer.Finish();
}

void Cutter::Report() {
  const Part& part = parts_[main_];
  output_.Set("track_id", input_.tracks()[main_].info.track_id);
  const bool is_empty = part.start == H4MK_NO_TIME;  // of the main track nothing could be read
  output_.Set("from", is_empty ? Json(nullptr) : Json(Seconds(part.start, main_base_)));
  output_.Set("to", is_empty ? Json(nullptr) : Json(Seconds(part.stop, main_base_)));
  output_.Set("shifted", part.shift != 0);
  output_.Set("blocks", blocks_);
  output_.Set("bytes", bytes_);
  const std::string file = Printable(path_), blocks = Counted(blocks_, "block");
  if (is_empty)
    output_.Text("took {} of {}, {} bytes\n", blocks, file, Grouped(bytes_));
  else
    output_.Text("took {} to {} of {}: {}, {} bytes\n", Clock(part.start, main_base_),
                 Clock(part.stop, main_base_), file, blocks, Grouped(bytes_));
  NoteLeftOut(input_, output_);
  if (options_.proofs.empty() && !IsUrl(input_.path()) && input_.contents().is_signed &&
      !output_.json())
    output_.Note(std::nullopt,
                 "the signature is of the whole file and does not go along; `--proofs FILE "
                 "--public-key PUB` keeps a proof of every block");
}

int CutOne(const CutOptions& options, const std::string& path, const std::string& to,
           Output& output) {
  Cutter cutter(options, path, output);
  OutputFile out, proofs;
  Status status = cutter.Open();
  if (status.code() == Code::kNotFound) {
    output.Text("{}\n", Printable(status.message()));
    output.Set("blocks", 0);
    return output.Finish(kExitNo);
  }
  if (status.ok()) status = out.Open(to, options.write);
  const bool with_proofs = status.ok() && !options.proofs.empty();
  if (with_proofs) status = proofs.Open(options.proofs, options.write, OutputFile::Content::kText);
  if (status.ok()) status = cutter.Copy(out, with_proofs ? &proofs : nullptr);
  if (status.ok()) status = out.Commit();
  if (status.ok() && with_proofs) status = proofs.Commit();
  if (!status.ok()) return output.Fail(out.Explain(std::move(status)));
  cutter.Report();
  return output.Finish();
}

int Run(const CutOptions& options) {
  if (!options.proofs.empty() && AreSeveral(options.files))
    return Output(options.files.paths[0], options.files.json)
        .Fail(Status(Code::kArgument, "--proofs is for one file"));
  return ForEachFile(options.files, options.output,
                     [&](const std::string& path, const std::string& to, Output& output) {
                       return CutOne(options, path, to, output);
                     });
}

}  // namespace

void AddCut(CLI::App& app, int* exit_code) {
  AddCommand<CutOptions>(app, exit_code, "cut", "A range of time as a file of its own", Describe,
                         Run);
}

}  // namespace h4mk::tool
