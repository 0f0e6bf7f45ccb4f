// SPDX-License-Identifier: MIT
// Tracks that adapters decode:
//   Synthesis        spectra of a frame to samples, alone; real_time = seconds of sound (48 kHz) a
//   second DecodeSound      the same from blocks in a session: 50 frames a group, all bins, or the
//   32 loudest SeekSound        from a seek to the first output, at any time of an hour of sound,
//   with and without reading ahead
#include <benchmark/benchmark.h>
#include <h4mk/adapter.h>

#include <algorithm>
#include <random>

#include "adapters/builtin_adapters.h"
#include "decode/session.h"
#include "support/dsp_encoder.h"

namespace h4mk {
namespace {

constexpr double kSampleRate = 48000;
constexpr uint32_t kSize = 2048, kHop = 1024;
constexpr int kGroup = 50;

std::vector<float> Sound(size_t count) {
  std::mt19937 random(1);
  std::vector<float> samples(count);
  for (size_t i = 0; i < count; ++i)
    samples[i] = 0.3f * std::sin(0.03f * static_cast<float>(i)) +
                 static_cast<float>(random() % 1000) / 5000.f;
  return samples;
}

void Synthesis(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0)), hop = size / 2;
  const std::vector<float> samples = Sound(4 * size);
  FrameAnalysis analysis(size, Window::kHann);
  FrameSynthesis synthesis(size, hop, Window::kHann);
  std::vector<Bin> bins(BinCount(size));
  std::vector<float> out(hop);
  for (size_t at = 0; at < 3 * size; at += hop) {
    analysis.Transform(std::span(samples).subspan(at, size), bins);
    synthesis.Add(bins, out);
    if (at >= size && std::abs(out[7] - samples[at + 7]) > 1e-4f)
      state.SkipWithError("wrong result");
  }
  for (auto _ : state) {
    synthesis.Add(bins, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["real_time"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(hop) / kSampleRate,
      benchmark::Counter::kIsRate);
}
BENCHMARK(Synthesis)->Arg(512)->Arg(2048)->Arg(16384);

void KeepLoudest(size_t count, Dsp1Channel* channel) {
  std::vector<uint16_t> sorted = channel->magnitude;
  if (count >= sorted.size()) return;
  std::nth_element(sorted.begin(), sorted.end() - static_cast<ptrdiff_t>(count), sorted.end());
  const uint16_t least = *(sorted.end() - static_cast<ptrdiff_t>(count));
  for (uint16_t& magnitude : channel->magnitude)
    if (magnitude < least) magnitude = 0;
}

// A group of blocks with so many bins each.
std::vector<Bytes> Blocks(size_t bins_kept) {
  const std::vector<float> samples = Sound(kGroup * kHop + kSize);
  FrameAnalysis analysis(kSize, Window::kHann);
  std::vector<Bin> bins(BinCount(kSize));
  std::vector<Bytes> blocks;
  Dsp1Spectrum before;
  for (size_t i = 0; i < kGroup; ++i) {
    analysis.Transform(std::span(samples).subspan(i * kHop, kSize), bins);
    Dsp1Spectrum spectrum{{Window::kHann, 1, kSize, kHop}, {QuantizeDsp1(bins)}};
    KeepLoudest(bins_kept, &spectrum.channels[0]);
    blocks.push_back(i == 0 ? EncodeDsp1Whole(spectrum) : EncodeDsp1Difference(before, spectrum));
    before = std::move(spectrum);
  }
  return blocks;
}

void DecodeSound(benchmark::State& state) {
  const std::vector<Bytes> blocks = Blocks(static_cast<size_t>(state.range(0)));
  const h4mk_adapter_track track = H4MK_ADAPTER_TRACK_INIT;
  std::unique_ptr<DecodeSession> session;
  if (!DecodeSession::Open(kDspAdapter, track, &session).ok()) state.SkipWithError("no session");
  h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
  h4mk_output output;
  size_t samples = 0;
  for (auto _ : state) {
    const size_t at = block.ordinal % kGroup;
    block.flags = at == 0 ? H4MK_BLOCK_KEY : H4MK_BLOCK_TYPE_P;
    block.pts = block.dts = static_cast<int64_t>(block.ordinal++) * kHop;
    block.data = blocks[at].data();
    block.size = blocks[at].size();
    if (!session->Send(block).ok() || !session->Receive(&output).ok())
      state.SkipWithError("cannot decode");
    samples += output.size / sizeof(float);
  }
  state.counters["real_time"] =
      benchmark::Counter(static_cast<double>(samples) / kSampleRate, benchmark::Counter::kIsRate);
}
BENCHMARK(DecodeSound)->Arg(32)->Arg(1025);

// An hour of sound in memory.
ByteSpan SoundFile() {
  static const ByteSpan file = [] {
    static h4mk_io written = H4MK_IO_INIT;
    h4mk_writer* writer = nullptr;
    h4mk_value* track = h4mk_value_new();
    uint32_t index = 0;
    const std::vector<Bytes> blocks = Blocks(32);
    h4mk_io_new_memory(&written);
    h4mk_writer_open(&written, nullptr, &writer);
    h4mk_value_set_int(track, "track_id", 1);
    h4mk_value_set_text(track, "name", "");
    h4mk_value_set_text(track, "kind", "audio");
    h4mk_value_set_text(track, "codec", "dsp");
    h4mk_value_set_text(track, "time_base", "1/48000");
    h4mk_writer_add_track(writer, track, &index);
    for (int64_t i = 0; i < 3600 * 48000 / kHop; ++i) {
      h4mk_block block = H4MK_BLOCK_INIT;
      block.flags = i % kGroup == 0 ? H4MK_BLOCK_KEY : H4MK_BLOCK_TYPE_P;
      block.pts = block.dts = i * kHop;
      block.duration = kHop;
      block.data = blocks[static_cast<size_t>(i % kGroup)].data();
      block.size = blocks[static_cast<size_t>(i % kGroup)].size();
      h4mk_writer_write(writer, &block);
    }
    h4mk_writer_finish(writer);
    const uint8_t* data = nullptr;
    size_t size = 0;
    h4mk_io_memory(&written, &data, &size);
    return ByteSpan(data, size);
  }();
  return file;
}

void SeekSound(benchmark::State& state) {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_io_open_memory(SoundFile().data(), SoundFile().size(), &io);
  h4mk_reader* reader = nullptr;
  h4mk_decoder* decoder = nullptr;
  h4mk_decoder_options options = H4MK_DECODER_OPTIONS_INIT;
  options.decode_ahead = static_cast<uint32_t>(state.range(0));
  if (h4mk_reader_open(&io, nullptr, &reader) != H4MK_OK ||
      h4mk_decoder_open(reader, 0, &options, &decoder) != H4MK_OK)
    state.SkipWithError("cannot open");
  std::mt19937 random(1);
  h4mk_output output = H4MK_OUTPUT_INIT;
  for (auto _ : state) {
    const int64_t time = static_cast<int64_t>(random() % 3599) * 48000;
    if (h4mk_decoder_seek(decoder, time) != H4MK_OK ||
        h4mk_decoder_next(decoder, &output) != H4MK_OK || output.pts != time / kHop * kHop) {
      state.SkipWithError("wrong result");
      break;
    }
  }
  h4mk_decoder_free(decoder);
  h4mk_reader_free(reader);
  h4mk_io_close(&io);
}
BENCHMARK(SeekSound)->Arg(0)->Arg(16)->UseRealTime();

}  // namespace
}  // namespace h4mk
