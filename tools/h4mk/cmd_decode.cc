// SPDX-License-Identifier: MIT
// h4mk decode and h4mk adapters: what an adapter makes of a track's blocks, and which adapters
// there are.
#include <algorithm>

#include "block_source.h"
#include "command.h"
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

Json OutputJson(const h4mk_output& output, h4mk_decoder* decoder, TimeBase time_base) {
  Json row = {{"ordinal", output.ordinal}, {"pts", nullptr}, {"time", nullptr}};
  if (output.pts != kNoTime) {
    row["pts"] = output.pts;
    row["time"] = Seconds(output.pts, time_base);
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
  if (h4mk_decoder_describe(decoder, &state) == H4MK_OK) {
    const Result<Json> parsed = ParseJson(state, 0, "the description of a state");
    row["state"] = parsed.ok() ? parsed.value() : Json(state);
  }
  return row;
}

struct DecoderFree {
  void operator()(h4mk_decoder* decoder) const { h4mk_decoder_free(decoder); }
};
using Decoder = std::unique_ptr<h4mk_decoder, DecoderFree>;

Status Told(h4mk_status status, const Decoder& decoder) {
  if (status == H4MK_OK) return {};
  const std::string message = h4mk_decoder_message(decoder.get());
  return Status(static_cast<Code>(status), message.empty() ? h4mk_strerror(status) : message);
}

// The decoder for the track that is asked for, at the first output.
Status OpenDecoder(const DecodeOptions& options, const Recording& recording, uint32_t track,
                   const Adapters& adapters, Decoder* decoder) {
  h4mk_decoder_options settings = H4MK_DECODER_OPTIONS_INIT;
  settings.adapters = adapters.get();
  settings.adapter = options.adapter.empty() ? nullptr : options.adapter.c_str();
  h4mk_decoder* opened = nullptr;
  const h4mk_status made = h4mk_decoder_open(recording.get(), track, &settings, &opened);
  decoder->reset(opened);
  const Status status = Told(made, *decoder);
  if (status.code() != Code::kNotFound) return status;
  return status.Saying(status.message() +
                       "; --plugin PATH brings one, `h4mk adapters` lists those that are there");
}

bool GoesOn(Code code) {
  return code == Code::kCorrupt || code == Code::kAdapter || code == Code::kLimit;
}

// Hands all outputs that are asked for to `writer` (null: none) and to the report. An error only
// where writing failed.
Status DecodeAll(const DecodeOptions& options, const Decoder& decoder, TimeBase time_base,
                 OutputWriter* writer, Output& report, uint64_t* count) {
  const uint64_t most = options.write.MostOutput();
  uint64_t bytes = 0;  // of outputs, which cost time also where nobody takes them
  const int64_t to = options.to.given() ? options.to.In(time_base) : INT64_MAX;
  for (;;) {
    h4mk_output output = H4MK_OUTPUT_INIT;
    const Status status = Told(h4mk_decoder_next(decoder.get(), &output), decoder);
    if (!status.ok()) {
      if (status.code() != Code::kEnd && status.code() != Code::kAgain) report.Problem(status);
      if (!GoesOn(status.code())) return {};
      continue;
    }
    if (output.pts != kNoTime && output.pts > to) return {};
    ++*count;
    if (output.size > most - std::min(most, bytes)) return options.write.TooMuch();
    bytes += output.size;
    report.Row([&] { return OutputJson(output, decoder.get(), time_base); });
    if (writer != nullptr) H4MK_TRY(writer->Write(output));
    if (options.time.given()) return {};
  }
}

int RunDecode(const DecodeOptions& options) {
  const std::string path = options.output.empty() && !options.common.json ? "-" : options.output;
  Output report(options.common.file, options.common.json, path == "-" ? stderr : stdout);
  Recording recording;
  Reading reading;
  reading.key = &options.key;
  reading.asks_key = true;
  if (const Status status = recording.Open(options.common.file, reading); !status.ok())
    return report.Fail(status);
  const Result<uint32_t> index = FindTrack(recording, options.track_id);
  if (!index.ok()) return report.Fail(index.status());
  const RecordedTrack& track = recording.tracks()[index.value()];
  Adapters adapters;
  Decoder decoder;
  Status status = LoadAdapters(options.plugins, &adapters);
  if (status.ok()) status = OpenDecoder(options, recording, index.value(), adapters, &decoder);
  if (!status.ok()) return report.Fail(status);
  const TimeOption& start = options.time.given() ? options.time : options.from;
  if (start.given()) {
    status = Told(h4mk_decoder_seek(decoder.get(), start.In(track.time_base())), decoder);
    if (status.code() == Code::kNotFound) return report.Finish(kExitNo);
    if (!status.ok()) return report.Fail(status);
  }
  OutputWriter writer;
  if (!path.empty()) status = writer.Open(path, options.write);
  if (!status.ok()) return report.Fail(status);
  report.Set("track_id", track.id());
  if (report.json()) report.BeginRows("outputs");
  uint64_t count = 0;
  status = DecodeAll(options, decoder, track.time_base(), path.empty() ? nullptr : &writer, report,
                     &count);
  if (status.ok() && !path.empty()) status = writer.Finish();
  if (!status.ok()) return report.Fail(writer.Explain(std::move(status)));
  recording.TellState(report);
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
  Adapters adapters;
  if (const Status status = LoadAdapters(options.plugins, &adapters); !status.ok())
    return report.Fail(status);
  report.BeginRows("adapters");
  for (size_t i = 0; i < h4mk_adapters_count(adapters.get()); ++i) {
    const h4mk_adapter& adapter = *h4mk_adapters_at(adapters.get(), i);
    const char* const path = h4mk_adapters_path_at(adapters.get(), i);
    Json row = {{"name", adapter.name}, {"description", adapter.description}};
    if (path != nullptr) row["path"] = path;
    report.Row([&] { return row; });
    report.Text("{:<12}  {}{}\n", adapter.name, Printable(adapter.description),
                path == nullptr ? "" : "  (" + Printable(path) + ")");
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
