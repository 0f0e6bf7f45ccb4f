// SPDX-License-Identifier: MIT
// h4mk join: several files of the same tracks as one, one behind the other.
#include <algorithm>
#include <memory>

#include "chapters.h"
#include "command.h"
#include "progress.h"
#include "recording.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct JoinOptions {
  std::vector<std::string> files;
  bool json = false;
  std::string output;
  WriteOptions write;
  KeyOptions key;
};

void Describe(CLI::App* command, JoinOptions* options) {
  command->add_option("FILE", options->files, "H4MK files of any version, in their order")
      ->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  AddQuietOption(command);
  command->add_option("--output,-o", options->output, "The new file, or - for standard output")
      ->type_name("OUT")
      ->required();
  AddWriteOptions(command, &options->write);
  AddDecryptionKeyOptions(command, &options->key);
  command->footer(
      "All files must have the same tracks, in the same order, with the same codecs and decoder "
      "configurations. Each file begins where\n"
      "the one before it ends. Tags, covers and attachments are those of the first file, chapters "
      "those of all. An encrypted file is\n"
      "encrypted again by the same key. `h4mk merge` puts tracks side by side.");
}

// What must be the same for blocks of both to be decoded by one decoder.
constexpr const char* kDecoderKeys[] = {"kind",        "codec",        "time_base", "adapter",
                                        "compression", "sample_rate",  "channels",  "width",
                                        "height",      "pixel_format", "extradata"};

using Inputs = std::vector<std::unique_ptr<Recording>>;

// The tracks that blocks are taken of: covers and attachments belong to the whole.
std::vector<uint32_t> TracksInTime(const Recording& input) {
  std::vector<uint32_t> tracks;
  for (uint32_t i = 0; i < input.tracks().size(); ++i)
    if (!input.tracks()[i].is_attachment && !input.tracks()[i].is_cover) tracks.push_back(i);
  return tracks;
}

Status CheckSame(const Recording& first, const Recording& other) {
  const auto fail = [&](const std::string& what) {
    return Status(Code::kArgument, fmt::format("{}: {} {}", other.path(), what, first.path()));
  };
  const std::vector<uint32_t> a = TracksInTime(first), b = TracksInTime(other);
  if (a.size() != b.size())
    return fail(fmt::format("has {}, not {} as", Counted(b.size(), "track"), a.size()));
  for (size_t i = 0; i < a.size(); ++i) {
    const RecordedTrack &of_first = first.tracks()[a[i]], &of_other = other.tracks()[b[i]];
    for (const char* key : kDecoderKeys) {
      const auto value = [&](const RecordedTrack& track) {
        return track.description.contains(key) ? track.description[key] : Json();
      };
      if (value(of_first) != value(of_other))
        return fail(fmt::format("the \"{}\" of track {} is not that of track {} of", key,
                                of_other.info.track_id, of_first.info.track_id));
    }
  }
  return {};
}

Status OpenAll(const JoinOptions& options, Inputs* inputs) {
  for (const std::string& path : options.files) {
    Recording& input = *inputs->emplace_back(std::make_unique<Recording>());
    Reading reading;
    reading.key = &options.key;
    if (const Status status = input.Open(path, reading); !status.ok())
      return status.Saying(path + ": " + status.message());
    if (input.is_encrypted() && !options.key.given())
      return NoKey().Saying(path + ": " + NoKey().message());
    H4MK_TRY(CheckSame(*inputs->front(), input));
    if (input.is_encrypted() != inputs->front()->is_encrypted())
      return Status(Code::kArgument,
                    "some of the files are encrypted and others are not: what is secret in one "
                    "would not be in OUT");
  }
  return {};
}

// Where a file begins and ends, in nanoseconds of its own time.
struct Span {
  int64_t start = INT64_MAX, end = INT64_MIN;
};

Span SpanOf(const Recording& input) {
  Span span;
  for (const uint32_t i : TracksInTime(input)) {
    const RecordedTrack& track = input.tracks()[i];
    if (track.info.start_pts == H4MK_NO_TIME || track.info.end_pts == H4MK_NO_TIME) continue;
    span.start =
        std::min(span.start, Rescale(track.info.start_pts, track.time_base(), kNanoseconds));
    span.end = std::max(span.end, Rescale(track.info.end_pts, track.time_base(), kNanoseconds));
  }
  return span.start == INT64_MAX ? Span{0, 0} : span;
}

// To the nearest tick, so that what came from a time of the track becomes that time again.
int64_t InTicks(int64_t nanoseconds, TimeBase time_base) {
  const int64_t half = Rescale(1, time_base, kNanoseconds) / 2;
  return Rescale(Sum(nanoseconds, half), kNanoseconds, time_base);
}

class Joiner {
 public:
  Joiner(const Inputs& inputs, Output& output) : inputs_(inputs), output_(output) {}

  Status Copy(OutputFile& out) {
    const Recording& first = *inputs_.front();
    for (const auto& input : inputs_) total_ += input->size();
    PlaceAll();
    H4MK_TRY(writer_.Open(out.io(), first.WriterOptions()));
    H4MK_TRY(AddTracks(first));
    for (size_t i = 0; i < inputs_.size(); ++i) H4MK_TRY(CopyFile(*inputs_[i], shifts_[i]));
    H4MK_TRY(CheckCopied(blocks_, output_));
    return writer_.Finish();
  }

  void Report() {
    output_.Set("files", inputs_.size());
    output_.Set("blocks", blocks_);
    output_.Set("duration", Seconds(Sum(end_, -SpanOf(*inputs_.front()).start), kNanoseconds));
    output_.Text("{}, {}, up to {}\n", Counted(inputs_.size(), "file"), Counted(blocks_, "block"),
                 Clock(end_, kNanoseconds));
    for (const auto& input : inputs_) NoteLeftOut(*input, output_, input->path() + ": ");
  }

 private:
  // Each file begins where the one before it ends.
  void PlaceAll() {
    for (const auto& input : inputs_) {
      const Span span = SpanOf(*input);
      shifts_.push_back(shifts_.empty() ? 0 : Sum(end_, -span.start));
      end_ = Sum(span.end, shifts_.back());
    }
  }

  Status AddTracks(const Recording& first) {
    for (uint32_t i = 0; i < first.tracks().size(); ++i) {
      const RecordedTrack& track = first.tracks()[i];
      ByteSpan attachment;
      if (track.is_attachment && first.Attachment(i, &attachment).ok()) {
        H4MK_TRY(writer_.AddAttachment(track.description, attachment));
        continue;
      }
      uint32_t made = 0;
      H4MK_TRY(writer_.AddTrack(WithOwnData(track.description), &made));
      if (track.is_cover) covers_.push_back({i, made});
      if (!track.is_attachment && !track.is_cover) tracks_.push_back(made);
    }
    Json meta = first.meta();
    meta.erase("protection");
    for (size_t i = 1; i < inputs_.size(); ++i)
      AppendChapters(&meta, inputs_[i]->meta(), shifts_[i]);
    return meta.empty() ? Status() : writer_.SetMeta(meta);
  }

  // Blocks of covers and attachments of later files have nowhere to go.
  std::vector<int64_t> Targets(const Recording& input) const {
    std::vector<int64_t> targets(input.tracks().size(), -1);
    const std::vector<uint32_t> in_time = TracksInTime(input);
    for (size_t i = 0; i < in_time.size(); ++i) targets[in_time[i]] = tracks_[i];
    if (&input == inputs_.front().get())
      for (const auto& [from, to] : covers_) targets[from] = to;
    return targets;
  }

  Status CopyFile(Recording& input, int64_t shift) {
    const std::vector<int64_t> targets = Targets(input);
    const auto progress = MakeProgress("join");
    h4mk_block block = H4MK_BLOCK_INIT;
    output_.SetInput(input.path());
    for (;;) {
      const Status status = input.Next(output_, &block);
      if (status.code() == Code::kEnd) break;
      if (!status.ok()) return status;
      if (progress) progress(done_ + static_cast<uint64_t>(block.offset), total_);
      const int64_t target = targets[block.track];
      if (target < 0) continue;
      const int64_t by = InTicks(shift, input.tracks()[block.track].time_base());
      block.pts = Later(block.pts, by);
      block.dts = Later(block.dts, by);
      block.track = static_cast<uint32_t>(target);
      H4MK_TRY(writer_.Write(block));
      ++blocks_;
    }
    output_.SetInput("");
    done_ += input.size();
    return {};
  }

  const Inputs& inputs_;
  Output& output_;
  NewRecording writer_;
  std::vector<int64_t> shifts_;   // of each file, nanoseconds
  std::vector<uint32_t> tracks_;  // of the new file, those in time
  std::vector<std::pair<uint32_t, uint32_t>> covers_;
  int64_t end_ = 0;
  uint64_t blocks_ = 0, done_ = 0, total_ = 0;  // done, total: bytes
};

int Run(const JoinOptions& options) {
  Output output(options.output, options.json, options.output == "-" ? stderr : stdout);
  Inputs inputs;
  OutputFile out;
  Status status = OpenAll(options, &inputs);
  if (status.ok()) status = out.Open(options.output, options.write);
  if (!status.ok()) return output.Fail(status);
  Joiner joiner(inputs, output);
  status = joiner.Copy(out);
  if (status.ok()) status = out.Commit();
  if (!status.ok()) return output.Fail(out.Explain(std::move(status)));
  joiner.Report();
  return output.Finish();
}

}  // namespace

void AddJoin(CLI::App& app, int* exit_code) {
  AddCommand<JoinOptions>(app, exit_code, "join", "Files of the same tracks, one behind the other",
                          Describe, Run);
}

}  // namespace h4mk::tool
