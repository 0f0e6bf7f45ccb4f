// SPDX-License-Identifier: MIT
// adapters.md: what the built-in adapters make of blocks, against the golden vectors, and
// spectra to sound.
#include <h4mk/adapter.h>

#include <cmath>
#include <numbers>
#include <random>

#include "adapters/builtin_adapters.h"
#include "decode/session.h"
#include "legacy/vectors.h"
#include "support/dsp_encoder.h"

namespace h4mk {
namespace {

// An adapter that was opened for a track without a file.
std::unique_ptr<AdapterInstance> Instance(const h4mk_adapter& adapter,
                                          int32_t sample_rate = 48000) {
  h4mk_adapter_track track = H4MK_ADAPTER_TRACK_INIT;
  track.sample_rate = sample_rate;
  std::unique_ptr<AdapterInstance> instance;
  EXPECT_TRUE(AdapterInstance::Open(adapter, track, &instance).ok());
  return instance;
}

h4mk_adapter_block BlockOf(const Bytes& data) {
  h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
  block.data = data.data();
  block.size = data.size();
  return block;
}

Json Description(AdapterInstance& instance, const AdapterInstance::State& state) {
  const char* json = nullptr;
  EXPECT_TRUE(instance.Describe(state, &json).ok());
  return Json::parse(json);
}

std::string RenderHex(AdapterInstance& instance, const AdapterInstance::State& state) {
  h4mk_output output;
  EXPECT_TRUE(instance.Render(state, &output).ok());
  return ToHex({output.data, output.size});
}

// ------------------------------------------------------------------------------------------------------------------
// DSP0

void ExpectBins(Dsp0Spectrum spectrum, const Json& rows) {
  EXPECT_EQ(spectrum.size(), rows.size());
  for (const Json& row : rows) {
    const Dsp0Partial& partial = spectrum[row[0].get<uint16_t>()];
    EXPECT_EQ(partial.magnitude, std::stod(row[1].get<std::string>()));
    EXPECT_EQ(partial.phase, std::stod(row[2].get<std::string>()));
  }
}

TEST(Dsp0Test, Vectors) {
  for (const Json& test : VectorIndex("adapters")["dsp"]) {
    SCOPED_TRACE(test["id"]);
    const bool b_block = test.contains("prev_next_b_hex");
    std::vector<Bytes> blocks;
    for (const Json& hex : test[b_block ? "prev_next_b_hex" : "blocks_hex"])
      blocks.push_back(FromHex(hex.get<std::string>()));
    const auto dsp = Instance(kDspAdapter, test.value("sample_rate", 48000));
    Dsp0Spectrum spectrum;
    AdapterInstance::State state;
    ASSERT_TRUE(dsp->DecodeI(BlockOf(blocks[0]), &state).ok());
    ApplyDsp0(blocks[0], Dsp0Use::kSet, &spectrum);
    if (b_block) {
      AdapterInstance::State next;
      ASSERT_TRUE(dsp->DecodeI(BlockOf(blocks[1]), &next).ok());
      ASSERT_TRUE(dsp->ApplyB(state, next, BlockOf(blocks[2]), &state).ok());
      ApplyDsp0(blocks[2], Dsp0Use::kAdd, &spectrum);
    } else {
      for (size_t i = 1; i < blocks.size(); ++i) {
        ASSERT_TRUE(dsp->ApplyP(state, BlockOf(blocks[i]), &state).ok());
        ApplyDsp0(blocks[i], Dsp0Use::kAdd, &spectrum);
      }
    }
    ExpectBins(spectrum, test["bins"]);
    const Json info = Description(*dsp, state);
    if (test.contains("info")) {
      EXPECT_EQ(info, test["info"]);
    }
    EXPECT_EQ("DSP_OUT: " + info["bin_count"].dump() + " bins", test["finalize"]);
  }
}

TEST(Dsp0Test, APartialSoundsAsACosineOfItsMagnitude) {
  const Bytes block = FromHex("44535030010000006400ffff0000");  // bin 100, magnitude 1, phase 0
  const auto dsp = Instance(kDspAdapter);
  AdapterInstance::State state;
  ASSERT_TRUE(dsp->DecodeI(BlockOf(block), &state).ok());
  h4mk_output output;
  for (int frame = 0; frame < 3; ++frame) ASSERT_TRUE(dsp->Render(state, &output).ok());
  ASSERT_EQ(output.type, H4MK_OUTPUT_AUDIO);
  ASSERT_EQ(output.size, kDsp0Hop * sizeof(float));
  const auto* samples = reinterpret_cast<const float*>(output.data);
  for (size_t i = 0; i < kDsp0Hop; ++i)
    ASSERT_NEAR(samples[i], std::cos(2 * std::numbers::pi * 100 * i / kDsp0Size), 1e-4) << i;
}

// -----------------------------------------------------------------------------------------------------
// null, pass_through

TEST(NullAdapterTest, Vectors) {
  for (const Json& test : VectorIndex("adapters")["other"]) {
    SCOPED_TRACE(test.dump());
    const auto adapter = Instance(test["adapter"] == "Null" ? kNullAdapter : kPassThroughAdapter);
    AdapterInstance::State state;
    if (test.contains("apply_B")) {
      const Json& b = test["apply_B"];
      const Bytes previous = FromHex(b["prev_hex"].get<std::string>()),
                  next = FromHex(b["next_hex"].get<std::string>()),
                  block = FromHex(b["block_hex"].get<std::string>());
      AdapterInstance::State before, behind;
      ASSERT_TRUE(adapter->DecodeI(BlockOf(previous), &before).ok());
      ASSERT_TRUE(adapter->DecodeI(BlockOf(next), &behind).ok());
      ASSERT_TRUE(adapter->ApplyB(before, behind, BlockOf(block), &state).ok());
    } else {
      for (const Json& op : test["ops"]) {
        const Bytes block = FromHex(op[1].get<std::string>());
        if (op[0] == "I") {
          ASSERT_TRUE(adapter->DecodeI(BlockOf(block), &state).ok());
        }
        if (op[0] == "P") {
          ASSERT_TRUE(adapter->ApplyP(state, BlockOf(block), &state).ok());
        }
        if (op[0] == "B") {
          ASSERT_TRUE(adapter->ApplyB(state, nullptr, BlockOf(block), &state).ok());
        }
      }
    }
    EXPECT_EQ(RenderHex(*adapter, state), test["output_hex"]);
    if (test.contains("info")) {
      EXPECT_EQ(Description(*adapter, state), test["info"]);
    }
  }
}

TEST(NullAdapterTest, ABBlockOfPassThroughNeedsWhatItShows) {
  const auto adapter = Instance(kPassThroughAdapter);
  const Bytes block = {1, 2, 3};
  AdapterInstance::State state, shown;
  ASSERT_TRUE(adapter->DecodeI(BlockOf(block), &state).ok());
  const Status status = adapter->ApplyB(state, nullptr, BlockOf(block), &shown);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.message(),
            "adapter pass_through: a B block without a block behind it that is none");
  EXPECT_EQ(Description(*adapter, state),
            Json({{"type", "PassThroughState"}, {"block_count", 1}, {"total_bytes", 3}}));
}

TEST(NullAdapterTest, ALongChainIsFreed) {
  const auto adapter = Instance(kNullAdapter);
  const Bytes block(1);
  AdapterInstance::State state;
  ASSERT_TRUE(adapter->DecodeI(BlockOf(block), &state).ok());
  for (int i = 1; i < 1'000'000; ++i)
    ASSERT_TRUE(adapter->ApplyP(state, BlockOf(block), &state).ok());
  EXPECT_EQ(RenderHex(*adapter, state).size(), 2'000'000u);
}

// What no output may have is not kept either.
TEST(NullAdapterTest, AChainIsNoLongerThanAnOutput) {
  const auto adapter = Instance(kNullAdapter);
  const Bytes block(H4MK_MAX_OUTPUT / 4);
  AdapterInstance::State state, longer;
  ASSERT_TRUE(adapter->DecodeI(BlockOf(block), &state).ok());
  for (int i = 1; i < 4; ++i) ASSERT_TRUE(adapter->ApplyP(state, BlockOf(block), &state).ok());
  EXPECT_EQ(adapter->ApplyP(state, BlockOf(Bytes(1)), &longer).code(), Code::kLimit);
}

// --------------------------------------------------------------------------------------------------------------
// spectra

std::vector<float> Noise(size_t count) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> sample(-0.5f, 0.5f);
  std::vector<float> samples(count);
  for (float& value : samples) value = sample(random);
  return samples;
}

TEST(SpectrumTest, SamplesComeBackFromTheirSpectra) {
  const struct {
    size_t size, hop;
    Window window;
  } cases[] = {{256, 128, Window::kHann}, {256, 128, Window::kSine},
               {256, 64, Window::kHann},  {256, 256, Window::kRectangular},
               {257, 128, Window::kHann}, {1000, 500, Window::kSine}};
  for (const auto& [size, hop, window] : cases) {
    SCOPED_TRACE(testing::Message() << size << " " << hop << " " << static_cast<int>(window));
    const std::vector<float> samples = Noise(20 * size);
    FrameAnalysis analysis(size, window);
    FrameSynthesis synthesis(size, hop, window);
    std::vector<Bin> bins(BinCount(size));
    std::vector<float> out(hop);
    for (size_t at = 0; at + size <= samples.size(); at += hop) {
      analysis.Transform(std::span(samples).subspan(at, size), bins);
      synthesis.Add(bins, out);
      if (at < size) continue;  // fades in
      for (size_t i = 0; i < hop; ++i) ASSERT_NEAR(out[i], samples[at + i], 2e-6) << at + i;
    }
  }
}

TEST(SpectrumTest, ATransformIsTheFourierSum) {
  const std::vector<float> samples = Noise(30);
  FrameAnalysis analysis(30, Window::kRectangular);
  std::vector<Bin> bins(BinCount(30));
  analysis.Transform(samples, bins);
  for (size_t k = 0; k < bins.size(); ++k) {
    Bin sum;
    for (size_t n = 0; n < 30; ++n)
      sum += static_cast<double>(samples[n]) * std::polar(1.0, -2 * std::numbers::pi * k * n / 30);
    EXPECT_NEAR(std::abs(sum - bins[k]), 0, 1e-12) << k;
  }
}

// ------------------------------------------------------------------------------------------------------------------
// DSP1

constexpr size_t kSize = 512, kHop = 256;

std::vector<Dsp1Spectrum> Spectra(const std::vector<float>& samples) {
  FrameAnalysis analysis(kSize, Window::kHann);
  std::vector<Bin> bins(BinCount(kSize));
  std::vector<Dsp1Spectrum> spectra;
  for (size_t at = 0; at + kSize <= samples.size(); at += kHop) {
    analysis.Transform(std::span(samples).subspan(at, kSize), bins);
    spectra.push_back({{Window::kHann, 1, kSize, kHop}, {QuantizeDsp1(bins)}});
  }
  return spectra;
}

TEST(Dsp1Test, DifferencesReachEverySpectrumExactly) {
  const std::vector<Dsp1Spectrum> spectra = Spectra(Noise(20 * kSize));
  Dsp1Spectrum decoded;
  ASSERT_TRUE(ApplyDsp1(EncodeDsp1Whole(spectra[0]), &decoded).ok());
  EXPECT_EQ(decoded, spectra[0]);
  for (size_t i = 1; i < spectra.size(); ++i) {
    ASSERT_TRUE(ApplyDsp1(EncodeDsp1Difference(decoded, spectra[i]), &decoded).ok());
    EXPECT_EQ(decoded, spectra[i]) << i;
  }
}

TEST(Dsp1Test, AllBinsKeptGiveTheSoundBack) {
  const std::vector<float> samples = Noise(20 * kSize);
  const auto dsp = Instance(kDspAdapter);
  AdapterInstance::State state;
  double signal = 0, noise = 0;
  size_t at = 0;
  Dsp1Spectrum before;
  for (const Dsp1Spectrum& spectrum : Spectra(samples)) {
    const Bytes block =
        at == 0 ? EncodeDsp1Whole(spectrum) : EncodeDsp1Difference(before, spectrum);
    before = spectrum;
    ASSERT_TRUE((at == 0 ? dsp->DecodeI(BlockOf(block), &state)
                         : dsp->ApplyP(state, BlockOf(block), &state))
                    .ok());
    h4mk_output output;
    ASSERT_TRUE(dsp->Render(state, &output).ok());
    ASSERT_EQ(output.size, kHop * sizeof(float));
    const auto* out = reinterpret_cast<const float*>(output.data);
    for (size_t i = 0; i < kHop && at >= kSize; ++i) {
      signal += samples[at + i] * samples[at + i];
      noise += (out[i] - samples[at + i]) * (out[i] - samples[at + i]);
    }
    at += kHop;
  }
  EXPECT_GT(10 * std::log10(signal / noise), 70);
}

TEST(Dsp1Test, ChannelsAreInterleaved) {
  Dsp1Spectrum spectrum = Spectra(Noise(kSize))[0];
  spectrum.format.channels = 2;
  spectrum.channels.push_back(spectrum.channels[0]);
  spectrum.channels[1].gain = 0;  // silence
  const Bytes block = EncodeDsp1Whole(spectrum);
  const auto dsp = Instance(kDspAdapter);
  AdapterInstance::State state;
  ASSERT_TRUE(dsp->DecodeI(BlockOf(block), &state).ok());
  h4mk_output output;
  ASSERT_TRUE(dsp->Render(state, &output).ok());
  EXPECT_EQ(output.channels, 2);
  ASSERT_EQ(output.size, 2 * kHop * sizeof(float));
  const auto* out = reinterpret_cast<const float*>(output.data);
  EXPECT_NE(out[2 * 100], 0);
  for (size_t i = 0; i < kHop; ++i) EXPECT_EQ(out[2 * i + 1], 0);
}

TEST(Dsp1Test, ADescriptionCountsTheBinsThatSound) {
  Dsp1Spectrum spectrum = Spectra(Noise(kSize))[0];
  Dsp1Channel& channel = spectrum.channels[0];
  std::fill(channel.magnitude.begin(), channel.magnitude.end(), uint16_t{0});
  channel.magnitude[3] = channel.magnitude[8] = 1;
  const auto dsp = Instance(kDspAdapter, 44100);
  AdapterInstance::State state;
  ASSERT_TRUE(dsp->DecodeI(BlockOf(EncodeDsp1Whole(spectrum)), &state).ok());
  EXPECT_EQ(Description(*dsp, state), Json({{"type", "DSPState"},
                                            {"sample_rate", 44100},
                                            {"bin_count", 2},
                                            {"layout", "DSP1"},
                                            {"size", kSize},
                                            {"hop", kHop},
                                            {"channels", 1}}));
}

// Each is one change of a block that decodes.
TEST(Dsp1Test, WhatTheFormatDoesNotAllowIsRefused) {
  const Bytes good = EncodeDsp1Whole(Spectra(Noise(kSize))[0]);
  Dsp1Spectrum spectrum;
  ASSERT_TRUE(ApplyDsp1(good, &spectrum).ok());  // control
  const auto refused = [](Bytes block) {
    Dsp1Spectrum into;
    return ApplyDsp1(block, &into).code() == Code::kCorrupt;
  };
  const auto with = [&](size_t at, std::initializer_list<uint8_t> bytes) {
    Bytes block = good;
    std::copy(bytes.begin(), bytes.end(), block.begin() + static_cast<ptrdiff_t>(at));
    return block;
  };
  EXPECT_TRUE(refused(with(3, {'2'})));
  EXPECT_TRUE(refused(with(4, {2}))) << "form";
  EXPECT_TRUE(refused(with(4, {1}))) << "a difference from nothing";
  EXPECT_TRUE(refused(with(5, {3}))) << "window";
  EXPECT_TRUE(refused(with(6, {0}))) << "no channels";
  EXPECT_TRUE(refused(with(6, {9}))) << "channels";
  EXPECT_TRUE(refused(with(7, {14, 0, 0, 0}))) << "size";
  EXPECT_TRUE(refused(with(7, {0xFA, 1, 0, 0}))) << "size 2 * 11 * 23";
  EXPECT_TRUE(refused(with(7, {0, 0, 1, 0}))) << "size 65536";
  EXPECT_TRUE(refused(with(11, {0, 0, 0, 0}))) << "hop 0";
  EXPECT_TRUE(refused(with(11, {63, 0, 0, 0}))) << "hop below an eighth";
  EXPECT_TRUE(refused(with(11, {1, 2, 0, 0}))) << "hop beyond the size";
  EXPECT_TRUE(refused(with(15, {0, 0, 0xC0, 0x7F}))) << "gain that is no number";
  EXPECT_TRUE(refused(with(15, {0, 0, 0x80, 0xBF}))) << "gain below 0";
  EXPECT_TRUE(refused(with(21, {1, 1}))) << "bin 257 of 257";
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_TRUE(refused(longer));
  for (size_t size = 0; size < good.size(); ++size)
    ASSERT_TRUE(refused(Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(size)))) << size;
}

}  // namespace
}  // namespace h4mk
