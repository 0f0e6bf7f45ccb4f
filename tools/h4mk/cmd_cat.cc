// SPDX-License-Identifier: MIT
// h4mk cat: the payloads of one track, one behind the other.
#include "command.h"
#include "files_option.h"
#include "key_option.h"
#include "progress.h"
#include "track_option.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct CatOptions {
  FilesOptions files;
  int64_t track_id = kNoTrack;
  std::string output = "-";
  WriteOptions write;
  KeyOptions key;
};

void Describe(CLI::App* command, CatOptions* options) {
  AddFilesOptions(command, &options->files);
  options->files.together = true;
  AddTrackOption(command, &options->track_id, false);
  command
      ->add_option("--output,-o", options->output, "Where the payloads go, default standard output")
      ->type_name("FILE");
  AddWriteOptions(command, &options->write);
  AddDecryptionKeyOptions(command, &options->key);
  command->footer(
      "Damaged blocks are left out. For an attachment: its bytes. Payloads of several files come "
      "one behind the other.");
}

struct Copied {
  uint64_t blocks = 0, bytes = 0;
};

// Writes what can be read; what cannot is reported. An error only where writing failed.
Status Copy(Recording& recording, uint32_t track, Sink& sink, Output& output, Copied* counts) {
  ByteSpan attachment;
  if (recording.Attachment(track, &attachment).ok()) {
    counts->bytes = attachment.size();
    recording.TellState(output);
    return sink.Write(attachment);
  }
  recording.KeepOnly(track);
  const auto progress = MakeProgress("cat");
  h4mk_block block = H4MK_BLOCK_INIT;
  while (recording.Next(output, &block).ok()) {
    if (block.flags & H4MK_BLOCK_ENCRYPTED) {
      output.Problem(NoKey());
      return {};
    }
    H4MK_TRY(sink.Write({block.data, block.size}));
    ++counts->blocks;
    counts->bytes += block.size;
    if (progress) progress(static_cast<uint64_t>(block.offset), recording.size());
  }
  return {};
}

// out is opened for the first file that can be read. *failed: nothing can be written any more.
int CatOne(const CatOptions& options, const std::string& path, std::optional<OutputFile>* out,
           bool* failed, Output& output) {
  Recording recording;
  Reading reading;
  reading.key = &options.key;
  reading.asks_key = true;
  if (*failed) return output.Finish(kExitBad);
  if (const Status status = recording.Open(path, reading); !status.ok()) return output.Fail(status);
  Result<uint32_t> track = FindTrack(recording, options.track_id);
  if (!track.ok()) return output.Fail(track.status());
  Copied counts;
  Status status;
  if (!*out) status = out->emplace().Open(options.output, options.write);
  if (status.ok()) {
    Sink sink((*out)->io());
    status = Copy(recording, track.value(), sink, output, &counts);
    if (!status.ok()) status = (*out)->Explain(std::move(status));
  }
  *failed = !status.ok();
  if (*failed) return output.Fail(status);
  output.Set("track_id", recording.tracks()[track.value()].id());
  output.Set("blocks", counts.blocks);
  output.Set("bytes", counts.bytes);
  return output.Finish();
}

int Run(const CatOptions& options) {
  std::optional<OutputFile> out;
  bool failed = false;
  const int code =
      ForEachFile(options.files, options.output,
                  [&](const std::string& path, const std::string& /*to*/, Output& output) {
                    return CatOne(options, path, &out, &failed, output);
                  });
  if (!out || failed) return code;
  const Status status = out->Commit();
  return status.ok() ? code : Output(options.output, /*json=*/false, stderr).Fail(status);
}

}  // namespace

void AddCat(CLI::App& app, int* exit_code) {
  AddCommand<CatOptions>(app, exit_code, "cat", "Write the payloads of one track", Describe, Run);
}

}  // namespace h4mk::tool
