// SPDX-License-Identifier: MIT
// h4mk coherence: how well the tokens of successive blocks agree (adapters.md, "Coherence").
#include <cmath>

#include "audio_fft_track.h"
#include "block_source.h"
#include "command.h"
#include "text.h"
#include "track_option.h"

namespace h4mk::tool {
namespace {

struct CoherenceOptions {
  CommonOptions common;
  int64_t track_id = kNoTrack;
};

void Describe(CLI::App* command, CoherenceOptions* options) {
  AddCommonOptions(command, &options->common);
  AddTrackOption(command, &options->track_id, false);
  command->footer(
      "For each block of a track of audio_fft the cosine between its spectrum of magnitudes and "
      "that of the block before it: 1 where only\n"
      "the loudness changes, 0 where they have nothing in common.");
}

using Spectrum = std::vector<double>;

// adapters.md, "Coherence"
double Coherence(const Spectrum& a, const Spectrum& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    ab += a[k] * b[k];
    aa += a[k] * a[k];
    bb += b[k] * b[k];
  }
  if (aa == 0 || bb == 0) return aa == bb ? 1 : 0;
  return std::min(1.0, ab / std::sqrt(aa * bb));
}

// spectrum: as long as the last one, or empty.
Status ReadSpectrum(const AudioFft& sound, const h4mk_block& block, Spectrum* spectrum) {
  const bool is_key =
      (block.flags & H4MK_BLOCK_KEY) || (block.flags & H4MK_BLOCK_TYPE_MASK) == H4MK_BLOCK_TYPE_I;
  for (;;) {
    size_t needed = 0;
    const h4mk_status status = h4mk_audio_fft_magnitudes(
        sound.get(), block.data, block.size, is_key, spectrum->data(), spectrum->size(), &needed);
    if (status != H4MK_OK || needed == spectrum->size()) return ResultOf(status, sound);
    spectrum->resize(needed);
  }
}

Status Report(Recording& recording, uint32_t index, Output& output) {
  const RecordedTrack& track = recording.tracks()[index];
  AudioFft sound;
  H4MK_TRY(OpenAudioFft(track, &sound));
  if (recording.is_encrypted()) return Status(Code::kKey, "the blocks are encrypted");
  output.Set("track_id", track.id());
  output.BeginRows("blocks");
  output.Text("{:>8}  {:>12}  {}\n", "ordinal", "time", "coherence");
  Spectrum last, spectrum;
  uint64_t next_ordinal = 0, count = 0;
  double sum = 0;
  recording.KeepOnly(index);
  ForEachBlock(recording, output, [&](const h4mk_block& block) -> Status {
    if (const Status status = ReadSpectrum(sound, block, &spectrum); !status.ok()) {
      output.Problem(static_cast<uint64_t>(block.offset), status.code(), status.message());
      return {};
    }
    const bool follows = !last.empty() && block.ordinal == next_ordinal;
    const double coherence = follows ? Coherence(last, spectrum) : 0;
    const Json rounded = follows ? Json(std::round(coherence * 1e6) / 1e6) : Json(nullptr);
    output.Row([&] {
      return Json{{"ordinal", block.ordinal},
                  {"time", Seconds(TimeOf(block), track.time_base())},
                  {"coherence", rounded}};
    });
    output.Text("{:8}  {:>12}  {}\n", block.ordinal, Clock(TimeOf(block), track.time_base()),
                follows ? fmt::format("{:.4f}", coherence) : "-");
    count += follows;
    sum += coherence;
    next_ordinal = block.ordinal + 1;
    std::swap(last, spectrum);
    return {};
  });
  if (count > 0) output.Text("mean {:.4f}\n", sum / static_cast<double>(count));
  return {};
}

int Run(const CoherenceOptions& options) {
  Output output(options.common.file, options.common.json);
  Recording recording;
  if (const Status status = recording.Open(options.common.file); !status.ok())
    return output.Fail(status);
  Result<uint32_t> track = FindAudioFftTrack(recording, options.track_id);
  if (!track.ok()) return output.Fail(track.status());
  if (const Status status = Report(recording, track.value(), output); !status.ok())
    return output.Fail(status);
  return output.Finish();
}

}  // namespace

void AddCoherence(CLI::App& app, int* exit_code) {
  AddCommand<CoherenceOptions>(app, exit_code, "coherence",
                               "How well successive audio tokens agree, block by block", Describe,
                               Run);
}

}  // namespace h4mk::tool
