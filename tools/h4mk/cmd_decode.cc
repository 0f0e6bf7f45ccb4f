// SPDX-License-Identifier: MIT
// h4mk decode and h4mk adapters: what an adapter makes of a track's blocks, and which adapters
// there are.
#include <algorithm>

#include "block_source.h"
#include "command.h"
#include "decode/chain_decoder.h"
#include "decode/track_parameters.h"
#include "key_option.h"
#include "output_writer.h"
#include "plugin_option.h"
#include "text.h"
#include "time_option.h"
#include "track_option.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

// --------------------------------------------------------------------------------------------------------------
// decode

struct DecodeOptions {
  CommonOptions common;
  int64_t track_id = kNoTrack;
  std::string adapter;
  std::vector<std::string> plugins;
  TimeOption time, from, to;
  KeyOptions key;
  std::string output;
  WriteOptions write;
};

void DescribeDecode(CLI::App* command, DecodeOptions* options) {
  AddCommonOptions(command, &options->common);
  AddTrackOption(command, &options->track_id, false);
  command->add_option("--adapter", options->adapter, "The adapter, default the one for the track")
      ->type_name("NAME");
  AddPluginOption(command, &options->plugins);
  AddDecryptionKeyOptions(command, &options->key);
  options->time.Add(command, "time", "Only what is shown at this time", false);
  options->from.Add(command, "from", "Where to begin, default the start", false);
  options->to.Add(command, "to", "Where to end, default the end", false);
  command
      ->add_option("--output,-o", options->output,
                   "Where the outputs go: sound as WAV if the name ends in .wav, else as 32-bit "
                   "floats; raw pictures; "
                   "bytes. Default standard output, with --json nowhere")
      ->type_name("OUT");
  AddWriteOptions(command, &options->write);
  command->footer(
      "Blocks that cannot be decoded are reported and left out; then the exit status is 2. 1: "
      "nothing is shown at the time.");
}

const char* OutputTypeName(int32_t type) {
  switch (type) {
    case H4MK_OUTPUT_AUDIO:
      return "audio";
    case H4MK_OUTPUT_VIDEO:
      return "video";
    default:
      return "bytes";
  }
}

Json OutputJson(const h4mk_output& output, ChainDecoder& decoder, const Track& track) {
  Json row = {{"ordinal", output.ordinal}, {"pts", nullptr}, {"time", nullptr}};
  if (output.pts != kNoTime) {
    row["pts"] = output.pts;
    row["time"] = Seconds(output.pts, track.time_base);
  }
  row["type"] = OutputTypeName(output.type);
  row["size"] = output.size;
  if (output.type == H4MK_OUTPUT_AUDIO) {
    row["sample_rate"] = output.sample_rate;
    row["channels"] = output.channels;
  } else if (output.type == H4MK_OUTPUT_VIDEO) {
    row["width"] = output.width;
    row["height"] = output.height;
    row["pixel_format"] = output.pixel_format;
  }
  const char* state = nullptr;
  if (decoder.Describe(&state).ok()) {
    const Result<Json> parsed = ParseJson(state, 0, "the description of a state");
    row["state"] = parsed.ok() ? parsed.value() : Json(state);
  }
  return row;
}

// The decoder for the track that is asked for, at the first output.
Status OpenDecoder(const DecodeOptions& options, BlockPipeline& reader, uint32_t track,
                   AdapterRegistry* adapters, std::unique_ptr<ChainDecoder>* decoder) {
  H4MK_TRY(LoadPlugins(options.plugins, adapters));
  const TrackParameters parameters(reader.tracks()[track]);
  const h4mk_adapter* adapter = nullptr;
  if (const Status status = adapters->Choose(
          options.adapter.empty() ? nullptr : options.adapter.c_str(), parameters.ToC(), &adapter);
      !status.ok())
    return status.Saying(status.message() +
                         "; --plugin PATH brings one, `h4mk adapters` lists those that are there");
  std::unique_ptr<DecodeSession> session;
  H4MK_TRY(DecodeSession::Open(*adapter, parameters.ToC(), &session));
  *decoder = std::make_unique<ChainDecoder>(reader, track, std::move(session));
  return {};
}

bool GoesOn(Code code) {
  return code == Code::kCorrupt || code == Code::kAdapter || code == Code::kLimit;
}

// Hands all outputs that are asked for to `writer` (null: none) and to the report. An error only
// where writing failed.
Status DecodeAll(const DecodeOptions& options, ChainDecoder& decoder, const Track& track,
                 OutputWriter* writer, Output& report, uint64_t* count) {
  const uint64_t most = options.write.MostOutput();
  uint64_t bytes = 0;  // of outputs, which cost time also where nobody takes them
  const int64_t to = options.to.given() ? options.to.In(track.time_base) : INT64_MAX;
  for (;;) {
    h4mk_output output;
    const Status status = decoder.Next(&output);
    if (!status.ok()) {
      if (status.code() != Code::kEnd && status.code() != Code::kAgain) report.Problem(status);
      if (!GoesOn(status.code())) return {};
      continue;
    }
    if (output.pts != kNoTime && output.pts > to) return {};
    ++*count;
    if (output.size > most - std::min(most, bytes)) return options.write.TooMuch();
    bytes += output.size;
    report.Row([&] { return OutputJson(output, decoder, track); });
    if (writer != nullptr) H4MK_TRY(writer->Write(output));
    if (options.time.given()) return {};
  }
}

int RunDecode(const DecodeOptions& options) {
  const std::string path = options.output.empty() && !options.common.json ? "-" : options.output;
  Output report(options.common.file, options.common.json, path == "-" ? stderr : stdout);
  InputFile file;
  OpenedFile opened;
  AdapterRegistry adapters;
  std::unique_ptr<ChainDecoder> decoder;
  if (const Status status = file.Open(options.common.file); !status.ok())
    return report.Fail(status);
  if (const Status status = OpenWithKey(file, options.key, &opened); !status.ok())
    return report.Fail(status);
  BlockPipeline& reader = *opened.reader;
  const Result<uint32_t> found = FindTrack(reader, options.track_id);
  if (!found.ok()) return report.Fail(found.status());
  const Track& track = reader.tracks()[found.value()];
  if (const Status status = OpenDecoder(options, reader, found.value(), &adapters, &decoder);
      !status.ok())
    return report.Fail(status);
  const TimeOption& start = options.time.given() ? options.time : options.from;
  if (start.given()) {
    const Status status = decoder->Seek(start.In(track.time_base));
    if (status.code() == Code::kNotFound) return report.Finish(kExitNo);
    if (!status.ok()) return report.Fail(status);
  }
  OutputWriter writer;
  if (!path.empty())
    if (const Status status = writer.Open(path, options.write); !status.ok())
      return report.Fail(status);
  report.Set("track_id", track.id);
  if (report.json()) report.BeginRows("outputs");
  uint64_t count = 0;
  Status status =
      DecodeAll(options, *decoder, track, path.empty() ? nullptr : &writer, report, &count);
  if (status.ok() && !path.empty()) status = writer.Finish();
  if (!status.ok()) return report.Fail(writer.Explain(std::move(status)));
  ReportWarnings(reader, report);
  return report.Finish(count == 0 && options.time.given() ? kExitNo : kExitDone);
}

// ------------------------------------------------------------------------------------------------------------
// adapters

struct AdaptersOptions {
  bool json = false;
  std::vector<std::string> plugins;
};

void DescribeAdapters(CLI::App* command, AdaptersOptions* options) {
  command->add_flag("--json", options->json, "One JSON object instead of text");
  AddPluginOption(command, &options->plugins);
  command->footer(
      "A track that names an adapter is decoded by that one, any other by the last in the list "
      "that claims it.");
}

int RunAdapters(const AdaptersOptions& options) {
  Output report("adapters", options.json);
  AdapterRegistry adapters;
  if (const Status status = LoadPlugins(options.plugins, &adapters); !status.ok())
    return report.Fail(status);
  report.BeginRows("adapters");
  for (const AdapterRegistry::Entry& entry : adapters.entries()) {
    const h4mk_adapter& adapter = *entry.adapter;
    Json row = {{"name", adapter.name}, {"description", adapter.description}};
    if (!entry.path.empty()) row["path"] = entry.path;
    report.Row([&] { return row; });
    report.Text("{:<12}  {}{}\n", adapter.name, Printable(adapter.description),
                entry.path.empty() ? "" : "  (" + Printable(entry.path) + ")");
  }
  return report.Finish();
}

}  // namespace

void AddDecode(CLI::App& app, int* exit_code) {
  AddCommand<DecodeOptions>(app, exit_code, "decode", "Decode a track with an adapter",
                            DescribeDecode, RunDecode);
}

void AddAdapters(CLI::App& app, int* exit_code) {
  AddCommand<AdaptersOptions>(app, exit_code, "adapters", "The adapters that decode can use",
                              DescribeAdapters, RunAdapters);
}

}  // namespace h4mk::tool
