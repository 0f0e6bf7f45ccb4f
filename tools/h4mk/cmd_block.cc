// SPDX-License-Identifier: MIT
// h4mk block and h4mk manifest: one block by its number; what there is to fetch.
#include "block_source.h"
#include "clients/old_clients.h"
#include "command.h"
#include "key_option.h"
#include "text.h"
#include "track_option.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct BlockOptions {
  CommonOptions common;
  int64_t track_id = kNoTrack;
  int64_t index = 0;
  std::string output = "block.bin";
  bool raw = false;
  WriteOptions write;
  KeyOptions key;
};

void DescribeBlock(CLI::App* command, BlockOptions* options) {
  AddCommonOptions(command, &options->common);
  AddTrackOption(command, &options->track_id, false);
  command
      ->add_option("--index,-i", options->index,
                   "Number of the block within its track, from 0; negative: from the end")
      ->required();
  command->add_option("--output,-o", options->output,
                      "Where its bytes go, default block.bin; - for standard output");
  command->add_flag("--raw", options->raw,
                    "As they are in the file: encrypted; transport dialect: not decompressed");
  AddWriteOptions(command, &options->write);
  AddDecryptionKeyOptions(command, &options->key);
  command->footer(
      "Exit status 1: there is no such block. In the transport dialect blocks are counted over all "
      "tracks.");
}

int FetchBlock(InputFile& file, const BlockOptions& options, Output& output) {
  Recording recording;
  Reading reading;
  if (!options.raw) reading.key = &options.key;
  reading.asks_key = true;
  if (const Status status = recording.Open(file, reading); !status.ok()) return output.Fail(status);
  Result<uint32_t> index = FindTrack(recording, options.track_id);
  if (!index.ok()) return output.Fail(index.status());
  const RecordedTrack& track = recording.tracks()[index.value()];
  const uint64_t blocks = track.info.block_count;
  const uint64_t ordinal = static_cast<uint64_t>(options.index) + (options.index < 0 ? blocks : 0);
  h4mk_block block = H4MK_BLOCK_INIT;
  Status status =
      recording.Told(h4mk_reader_read_block(recording.get(), index.value(), ordinal, &block));
  if (status.code() == Code::kNotFound) {
    const bool is_damaged = recording.TellWarnings(output);
    output.Text("no block {}{}; the track has {}\n", options.index,
                is_damaged ? " that can be read" : "", Grouped(blocks));
    output.Set("block", nullptr);
    return output.Finish(kExitNo);
  }
  if (status.ok() && !options.raw && (block.flags & H4MK_BLOCK_ENCRYPTED))
    status = NoKey().Saying(NoKey().message() + ", or ask for --raw");
  OutputFile out;
  if (status.ok()) status = out.Open(options.output, options.write);
  if (!status.ok()) return output.Fail(status);
  Sink sink(out.io());
  status = out.Commit(sink.Write({block.data, block.size}));
  if (!status.ok()) return output.Fail(status);
  output.Set("block", BlockJson(block, track));
  output.Text("wrote {} ({} bytes)\n", Printable(options.output), block.size);
  recording.TellState(output);
  return output.Finish();
}

int RunBlock(const BlockOptions& options) {
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  InputFile file;
  if (const Status status = file.Open(options.common.file); !status.ok())
    return output.Fail(status);
  if (file.version() == H4MK_VERSION_TRANSPORT && options.track_id == kNoTrack &&
      !options.common.json)
    return VideoBlock(options.common.file, options.index, options.raw, options.output,
                      options.write);
  return FetchBlock(file, options, output);
}

struct ManifestOptions {
  CommonOptions common;
};

void DescribeManifest(CLI::App* command, ManifestOptions* options) {
  AddCommonOptions(command, &options->common);
  command->footer(
      "Always JSON. For files of the transport dialect as the old video client has it.");
}

int RunManifest(const ManifestOptions& options) {
  Output output(options.common.file, /*json=*/true);
  InputFile file;
  if (const Status status = file.Open(options.common.file); !status.ok())
    return output.Fail(status);
  if (file.version() == H4MK_VERSION_TRANSPORT && !options.common.json)
    return VideoManifest(options.common.file);
  Recording recording;
  if (const Status status = recording.Open(file); !status.ok()) return output.Fail(status);
  Json tracks = Json::array(), seek_tracks = Json::array();
  uint64_t blocks = 0;
  for (uint32_t i = 0; i < recording.tracks().size(); ++i) {
    const RecordedTrack& track = recording.tracks()[i];
    uint64_t entries = 0, bytes = 0;
    (void)h4mk_reader_index_size(recording.get(), i, &entries, &bytes);
    if (entries > 0) seek_tracks.push_back(track.id());
    blocks += track.info.block_count;
    Json entry = Json::object();
    for (const char* key : {"track_id", "name", "kind", "codec", "time_base"})
      if (track.description.contains(key)) entry[key] = track.description[key];
    entry["blocks"] = track.info.block_count;
    entry["bytes"] = track.info.byte_count;
    entry["seek_points"] = entries;
    tracks.push_back(std::move(entry));
  }
  output.Set("version", recording.version());
  output.Set("tracks", std::move(tracks));
  output.Set("seek_tracks", std::move(seek_tracks));
  output.Set("core_blocks", blocks);
  recording.TellState(output);
  return output.Finish();
}

}  // namespace

void AddBlock(CLI::App& app, int* exit_code) {
  AddCommand<BlockOptions>(app, exit_code, "block", "Write one block to a file", DescribeBlock,
                           RunBlock);
}

void AddManifest(CLI::App& app, int* exit_code) {
  AddCommand<ManifestOptions>(app, exit_code, "manifest", "Tracks and numbers of blocks, as JSON",
                              DescribeManifest, RunManifest);
}

}  // namespace h4mk::tool
