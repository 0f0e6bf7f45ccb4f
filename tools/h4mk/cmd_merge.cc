// SPDX-License-Identifier: MIT
// h4mk merge: the tracks of several files side by side in one.
#include <limits>
#include <set>

#include "command.h"
#include "key_option.h"
#include "recording.h"
#include "text.h"
#include "track_option.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct MergeOptions {
  std::vector<std::string> files;
  bool json = false;
  std::string output;
  WriteOptions write;
};

void Describe(CLI::App* command, MergeOptions* options) {
  command->add_option("FILE", options->files, "H4MK files of any version")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  AddQuietOption(command);
  command->add_option("--output,-o", options->output, "The new file, or - for standard output")
      ->type_name("OUT")
      ->required();
  AddWriteOptions(command, &options->write);
  command->footer(
      "Tracks keep their track_id where it is not taken; tags and chapters are those of the first "
      "file. Blocks of a sidecar stay where\n"
      "they are: put OUT into the same folder.");
}

// A file whose next block waits for its turn.
class MergeInput {
 public:
  Status Open(const std::string& path) { return recording_.Open(path); }

  Recording& recording() { return recording_; }
  bool has_block() const { return has_block_; }
  const h4mk_block& block() const { return block_; }
  // Seconds; blocks without a time come at once.
  double time() const {
    const int64_t time = SeekTime(block_.dts, block_.pts);
    if (time == kNoTime) return -std::numeric_limits<double>::infinity();
    return Seconds(time, recording_.tracks()[block_.track].time_base());
  }

  // The next block that can be read; damage is a problem of the output.
  void Next(Output& output) {
    output.SetInput(recording_.path());
    has_block_ = recording_.Next(output, &block_).ok();
    output.SetInput("");
  }

  // The block as it goes into the new file: what is in a file beside this one stays there.
  Status Stored(h4mk_block* stored) {
    *stored = block_;
    stored->track = tracks[block_.track];
    if (!recording_.tracks()[block_.track].description.contains(kBesideKey)) return {};
    h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
    H4MK_TRY(recording_.Told(
        h4mk_reader_block_info(recording_.get(), block_.track, block_.ordinal, &info)));
    if (!(info.flags & H4MK_BLOCK_EXTERNAL)) return {};
    stored->flags |= H4MK_BLOCK_EXTERNAL;
    stored->offset = info.offset;
    return {};
  }

  std::vector<uint32_t> tracks;  // of the new file, by track of this one

 private:
  Recording recording_;
  h4mk_block block_ = H4MK_BLOCK_INIT;
  bool has_block_ = false;
};

using MergeInputs = std::vector<std::unique_ptr<MergeInput>>;

Status AddTracks(MergeInput& input, NewRecording& writer, std::set<int64_t>* ids) {
  const std::vector<RecordedTrack>& tracks = input.recording().tracks();
  for (uint32_t i = 0; i < tracks.size(); ++i) {
    Json description = tracks[i].description;
    int64_t id = tracks[i].id();
    while (ids->contains(id)) id = *ids->rbegin() + 1;
    if (id > kMaxTrackId) return Status(Code::kLimit, "no track_id is left for another track");
    ids->insert(id);
    description["track_id"] = id;
    H4MK_TRY(writer.AddTrack(description, &input.tracks.emplace_back()));
    ByteSpan attachment;
    if (input.recording().Attachment(i, &attachment).ok())
      H4MK_TRY(writer.SetAttachment(input.tracks.back(), attachment));
  }
  return {};
}

Status CopyAll(MergeInputs& inputs, NewRecording& writer, Output& output, uint64_t* blocks) {
  for (const auto& input : inputs) input->Next(output);
  for (;; ++*blocks) {
    MergeInput* earliest = nullptr;
    for (const auto& input : inputs)
      if (input->has_block() && (earliest == nullptr || input->time() < earliest->time()))
        earliest = input.get();
    if (earliest == nullptr) return {};
    h4mk_block stored;
    H4MK_TRY(earliest->Stored(&stored));
    H4MK_TRY(writer.Write(stored));
    earliest->Next(output);
  }
}

Status OpenAll(const MergeOptions& options, MergeInputs* inputs) {
  for (const std::string& path : options.files) {
    if (const Status status = inputs->emplace_back(std::make_unique<MergeInput>())->Open(path);
        !status.ok())
      return status.Saying(path + ": " + status.message());
    if (inputs->back()->recording().is_encrypted())
      return NoKey().Saying(path + ": encrypted files cannot be merged: `h4mk convert` decrypts");
  }
  return {};
}

Status Merge(MergeInputs& inputs, Io& out, Output& output, size_t* tracks, uint64_t* blocks) {
  NewRecording writer;
  H4MK_TRY(writer.Open(out));
  std::set<int64_t> ids;
  for (const auto& input : inputs) H4MK_TRY(AddTracks(*input, writer, &ids));
  *tracks = ids.size();
  const Json& meta = inputs[0]->recording().meta();
  if (!meta.empty()) H4MK_TRY(writer.SetMeta(meta));
  H4MK_TRY(CopyAll(inputs, writer, output, blocks));
  H4MK_TRY(CheckCopied(*blocks, output));
  return writer.Finish();
}

int Run(const MergeOptions& options) {
  Output output(options.output, options.json, options.output == "-" ? stderr : stdout);
  size_t tracks = 0;
  uint64_t blocks = 0;
  MergeInputs inputs;
  OutputFile out;
  Status status = OpenAll(options, &inputs);
  if (status.ok()) status = out.Open(options.output, options.write);
  if (status.ok()) status = out.Commit(Merge(inputs, out.io(), output, &tracks, &blocks));
  if (!status.ok()) return output.Fail(status);
  output.Set("tracks", tracks);
  output.Set("blocks", blocks);
  output.Text("{} tracks, {} blocks\n", tracks, Grouped(blocks));
  for (const auto& input : inputs)
    NoteLeftOut(input->recording(), output, input->recording().path() + ": ");
  return output.Finish();
}

}  // namespace

void AddMerge(CLI::App& app, int* exit_code) {
  AddCommand<MergeOptions>(app, exit_code, "merge",
                           "The tracks of several files side by side in one", Describe, Run);
}

}  // namespace h4mk::tool
