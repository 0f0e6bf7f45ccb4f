// SPDX-License-Identifier: MIT
// TRAK: reading and writing the descriptions of 1 to 1000 tracks. Items are tracks.
#include <benchmark/benchmark.h>

#include "file/tracks.h"

namespace {

using namespace h4mk;  // NOLINT: a benchmark

std::string TracksJson(int64_t count) {
  Json tracks = Json::array();
  for (int64_t i = 1; i <= count; ++i)
    tracks.push_back({{"track_id", i},
                      {"name", "Director's commentary"},
                      {"kind", "audio"},
                      {"codec", "aac"},
                      {"sample_rate", 48000},
                      {"channels", 2},
                      {"note", ""},
                      {"time_base", "1/48000"},
                      {"extradata", "EZBW5QA="},
                      {"channel_layout", "stereo"},
                      {"disposition", {"default", "comment"}},
                      {"tags", {{"language", "eng"}, {"handler_name", "SoundHandler"}}}});
  return Json{{"tracks", tracks}}.dump();
}

void BM_ReadTracks(benchmark::State& state) {
  const std::string text = TracksJson(state.range(0));
  if (!ParseTracks(text, 0).ok()) state.SkipWithError("tracks cannot be read");
  for (auto _ : state) benchmark::DoNotOptimize(ParseTracks(text, 0).ok());
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(BM_ReadTracks)->RangeMultiplier(10)->Range(1, 1000);

void BM_WriteTracks(benchmark::State& state) {
  const TrackList list = std::move(ParseTracks(TracksJson(state.range(0)), 0).value());
  for (auto _ : state) benchmark::DoNotOptimize(EncodeTracks(list.tracks).size());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_WriteTracks)->RangeMultiplier(10)->Range(1, 1000);

}  // namespace
