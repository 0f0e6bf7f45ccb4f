// SPDX-License-Identifier: MIT
// h4mk cat: the payloads of one track, one behind the other.
#include "block_source.h"
#include "command.h"
#include "key_option.h"
#include "progress.h"
#include "track_option.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct CatOptions {
  CommonOptions common;
  int64_t track_id = kNoTrack;
  std::string output = "-";
  WriteOptions write;
  KeyOptions key;
};

void Describe(CLI::App* command, CatOptions* options) {
  AddCommonOptions(command, &options->common);
  AddTrackOption(command, &options->track_id, false);
  command
      ->add_option("--output,-o", options->output, "Where the payloads go, default standard output")
      ->type_name("FILE");
  AddWriteOptions(command, &options->write);
  AddDecryptionKeyOptions(command, &options->key);
  command->footer("Damaged blocks are left out. For an attachment: its bytes.");
}

struct Copied {
  uint64_t blocks = 0, bytes = 0;
};

// Writes what can be read; what cannot is reported. An error only where writing failed.
Status Copy(BlockPipeline& reader, uint32_t track, uint64_t file_size, Sink& sink, Output& output,
            Copied* counts) {
  ByteSpan attachment;
  if (reader.Attachment(track, &attachment).ok()) {
    counts->bytes = attachment.size();
    return sink.Write(attachment);
  }
  for (uint32_t i = 0; i < reader.tracks().size(); ++i) reader.Discard(i, i != track);
  const auto progress = MakeProgress("cat");
  for (;;) {
    ReadBlock block;
    const Status status = reader.Next(&block);
    if (status.ok() && (block.record->flags & kBlockEncrypted)) {
      output.Problem(NoKey());
      return {};
    }
    if (status.ok()) {
      H4MK_TRY(sink.Write({block.data, block.record->size}));
      ++counts->blocks;
      counts->bytes += block.record->size;
      if (progress) progress(static_cast<uint64_t>(block.offset), file_size);
    } else if (status.code() == Code::kCorrupt || status.code() == Code::kUnsupported) {
      output.Problem(status);
    } else {
      if (status.code() != Code::kEnd && status.code() != Code::kAgain) output.Problem(status);
      return {};
    }
  }
}

int Run(const CatOptions& options) {
  // Payloads on standard output leave no room there for anything else.
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  InputFile file;
  OpenedFile opened;
  if (const Status status = file.Open(options.common.file); !status.ok())
    return output.Fail(status);
  if (const Status status = OpenWithKey(file, options.key, &opened); !status.ok())
    return output.Fail(status);
  BlockPipeline& reader = *opened.reader;
  Result<uint32_t> track = FindTrack(reader, options.track_id);
  if (!track.ok()) return output.Fail(track.status());
  OutputFile out;
  if (const Status status = out.Open(options.output, options.write); !status.ok())
    return output.Fail(status);
  Sink sink(out.io());
  Copied counts;
  const Status status = out.Commit(Copy(reader, track.value(), file.size(), sink, output, &counts));
  if (!status.ok()) return output.Fail(status);
  ReportWarnings(reader, output);
  output.Set("track_id", reader.tracks()[track.value()].id);
  output.Set("blocks", counts.blocks);
  output.Set("bytes", counts.bytes);
  return output.Finish();
}

}  // namespace

void AddCat(CLI::App& app, int* exit_code) {
  AddCommand<CatOptions>(app, exit_code, "cat", "Write the payloads of one track", Describe, Run);
}

}  // namespace h4mk::tool
