// SPDX-License-Identifier: MIT
// h4mk merge: the tracks of several files side by side in one.
#include <limits>
#include <set>

#include "block_source.h"
#include "command.h"
#include "file/chunk_list.h"
#include "open/make_writer.h"
#include "recording.h"
#include "text.h"
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
  Status Open(const std::string& path) {
    path_ = path;
    H4MK_TRY(file_.Open(path));
    ReadOptions read;
    read.keep_external = true;
    H4MK_TRY(file_.OpenReader(std::move(read), &opened_));
    return {};
  }

  BlockPipeline& reader() { return *opened_.reader; }
  bool has_block() const { return has_block_; }
  const ReadBlock& block() const { return block_; }
  // Seconds; blocks without a time come at once.
  double time() {
    const BlockRecord& record = *block_.record;
    const int64_t time = SeekTime(record.dts, record.pts);
    if (time == kNoTime) return -std::numeric_limits<double>::infinity();
    return Seconds(time, reader().tracks()[static_cast<size_t>(record.track)].time_base);
  }

  // The next block that can be read; damage is a problem of the output.
  void Next(Output& output) {
    output.SetInput(path_);
    ReadNext(output);
    output.SetInput("");
  }

  // What does not go along, since this program does not know whether it fits.
  void NoteLeftOut(Output& output) {
    if (IsUrl(path_)) return;
    Source source = file_.NewSource();
    ChunkInfo chunk;
    size_t others = 0;
    while (ReadChunkInfo(source, file_.version(), chunk.next, &chunk).ok())
      if (!IsInterpreted(TagText(chunk.tag))) ++others;
    tool::NoteLeftOut(others, output, path_ + ": ");
  }

  std::vector<uint32_t> tracks;  // of the new file, by track of this one

 private:
  void ReadNext(Output& output) {
    for (;;) {
      const Status status = reader().Next(&block_);
      has_block_ = status.ok();
      if (status.ok()) return;
      if (status.code() != Code::kEnd && status.code() != Code::kAgain) output.Problem(status);
      if (status.code() != Code::kCorrupt) return ReportWarnings(reader(), output);
    }
  }

  std::string path_;
  InputFile file_;
  OpenedFile opened_;
  ReadBlock block_;
  bool has_block_ = false;
};

using MergeInputs = std::vector<std::unique_ptr<MergeInput>>;

Status AddTracks(MergeInput& input, FileWriter& writer, std::set<int64_t>* ids) {
  for (uint32_t i = 0; i < input.reader().tracks().size(); ++i) {
    Json description = input.reader().tracks()[i].description;
    int64_t id = input.reader().tracks()[i].id;
    while (ids->contains(id)) id = *ids->rbegin() + 1;
    if (id > kMaxTrackId) return Status(Code::kLimit, "no track_id is left for another track");
    ids->insert(id);
    description["track_id"] = id;
    H4MK_TRY(writer.AddTrack(description, &input.tracks.emplace_back()));
    ByteSpan attachment;
    if (input.reader().Attachment(i, &attachment).ok())
      H4MK_TRY(writer.SetAttachment(input.tracks.back(), attachment));
  }
  return {};
}

Status CopyBlock(const MergeInput& input, FileWriter& writer) {
  const BlockRecord& record = *input.block().record;
  Block block;
  block.track = input.tracks[static_cast<size_t>(record.track)];
  block.flags = record.flags & kBlockPublicFlags;
  block.pts = record.pts;
  block.dts = record.dts;
  block.duration = record.duration;
  block.data = {input.block().data, record.size};
  block.side_data = input.block().side_data;
  if (record.flags & kBlockExternal)
    block.external_offset = static_cast<uint64_t>(input.block().external_offset);
  return writer.Write(block);
}

Status CopyAll(MergeInputs& inputs, FileWriter& writer, Output& output, uint64_t* blocks) {
  for (const auto& input : inputs) input->Next(output);
  for (;; ++*blocks) {
    MergeInput* earliest = nullptr;
    for (const auto& input : inputs)
      if (input->has_block() && (earliest == nullptr || input->time() < earliest->time()))
        earliest = input.get();
    if (earliest == nullptr) return {};
    H4MK_TRY(CopyBlock(*earliest, writer));
    earliest->Next(output);
  }
}

Status OpenAll(const MergeOptions& options, MergeInputs* inputs) {
  for (const std::string& path : options.files) {
    if (const Status status = inputs->emplace_back(std::make_unique<MergeInput>())->Open(path);
        !status.ok())
      return status.Saying(path + ": " + status.message());
  }
  return {};
}

Status Merge(MergeInputs& inputs, Io& out, Output& output, size_t* tracks, uint64_t* blocks) {
  std::unique_ptr<FileWriter> writer;
  H4MK_TRY(MakeWriter(out, 2, {}, {}, &writer));
  std::set<int64_t> ids;
  for (const auto& input : inputs) H4MK_TRY(AddTracks(*input, *writer, &ids));
  *tracks = ids.size();
  if (!inputs[0]->reader().meta().empty()) H4MK_TRY(writer->SetMeta(inputs[0]->reader().meta()));
  H4MK_TRY(CopyAll(inputs, *writer, output, blocks));
  H4MK_TRY(CheckCopied(*blocks, output));
  return writer->Finish();
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
  for (const auto& input : inputs) input->NoteLeftOut(output);
  return output.Finish();
}

}  // namespace

void AddMerge(CLI::App& app, int* exit_code) {
  AddCommand<MergeOptions>(app, exit_code, "merge",
                           "The tracks of several files side by side in one", Describe, Run);
}

}  // namespace h4mk::tool
