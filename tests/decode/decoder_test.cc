// SPDX-License-Identifier: MIT
// The outputs of a track of a file, at any time, on files of every version: with and without
// decoding ahead they are what the blocks say by themselves.
#include <gtest/gtest.h>
#include <h4mk/adapter.h>

#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <random>

#include "capi/handles.h"
#include "decode/chain_decoder.h"
#include "decode/text_adapter.h"
#include "support/chunks.h"
#include "support/container.h"
#include "support/dsp_encoder.h"

namespace h4mk_test {
namespace {

constexpr uint32_t kTransport = H4MK_VERSION_TRANSPORT;

// One block of the track: 'I', 'P' or 'B' and its time. Its letter is its place in the list.
struct Step {
  char type;
  int64_t time;
};

struct Recording {
  std::string name;
  int version;
  bool has_dts;  // … and so is in decoding order; else it is in the order of its times
  std::vector<Step> steps;
};

char LetterAt(size_t index) { return static_cast<char>('a' + index % 26); }

// Groups of 8 with every other block a B block, n of them.
std::vector<Step> PresentationOrder(int groups) {
  std::vector<Step> steps;
  for (int i = 0; i < 8 * groups; ++i)
    steps.push_back({i % 8 == 0 ? 'I' : i % 2 ? 'B' : 'P', 10 * i});
  return steps;
}

// Groups I P B B P B B.
std::vector<Step> DecodingOrder(int groups) {
  std::vector<Step> steps;
  for (int g = 0; g < groups; ++g)
    for (const auto& [type, time] :
         {Step{'I', 0}, {'P', 3}, {'B', 1}, {'B', 2}, {'P', 6}, {'B', 4}, {'B', 5}})
      steps.push_back({type, 10 * (7 * g + time)});
  return steps;
}

// Open groups: I P B B, then I B B P B B whose first B blocks are shown before their I.
std::vector<Step> OpenGroups(int groups) {
  std::vector<Step> steps = {{'I', 0}, {'P', 30}, {'B', 10}, {'B', 20}};
  for (int g = 0; g < groups; ++g)
    for (const auto& [type, time] :
         {Step{'I', 6}, {'B', 4}, {'B', 5}, {'P', 9}, {'B', 7}, {'B', 8}})
      steps.push_back({type, 10 * (6 * g + time)});
  return steps;
}

std::vector<Recording> Recordings() {
  return {{"version 2, decoding order", 2, true, DecodingOrder(12)},
          {"version 2, open groups", 2, true, OpenGroups(12)},
          {"version 1, open groups", 1, true, OpenGroups(12)},
          {"version 2, presentation order", 2, false, PresentationOrder(12)},
          {"version 1, decoding order", 1, true, DecodingOrder(12)},
          {"version 1, presentation order", 1, false, PresentationOrder(12)},
          {"transport dialect", kTransport, false, PresentationOrder(12)}};
}

Bytes FileOf(const Recording& recording) {
  h4mk_writer_options options = ClusterLimits(recording.version == 2 ? 1500 : 0, 0);
  options.version = recording.version;
  Media media;
  media.tracks = {
      {recording.version == static_cast<int>(kTransport) ? "1/1000000" : "1/1000", "data", "text"}};
  for (size_t i = 0; i < recording.steps.size(); ++i) {
    const auto& [type, time] = recording.steps[i];
    Block block;
    block.flags = type == 'I' ? kKey : type == 'P' ? kP : H4MK_BLOCK_TYPE_B;
    block.pts = time;
    block.dts = recording.has_dts ? static_cast<int64_t>(10 * i) - 20 : H4MK_NO_TIME;
    block.data.assign(256, static_cast<uint8_t>(LetterAt(i)));
    media.blocks.push_back(block);
  }
  return Mux(media, options);
}

// What each time shows, by the definition: I alone, P from the I or P before it, B from those
// around it.
std::map<int64_t, std::string> Expected(const Recording& recording) {
  std::map<int64_t, std::string> anchors, outputs;
  std::string last;
  for (size_t i = 0; i < recording.steps.size(); ++i) {
    const auto& [type, time] = recording.steps[i];
    if (type == 'B') continue;
    last = (type == 'I' ? "" : last) + LetterAt(i);
    anchors[time] = last;
  }
  outputs = anchors;
  for (size_t i = 0; i < recording.steps.size(); ++i) {
    const auto& [type, time] = recording.steps[i];
    if (type != 'B') continue;
    const auto next = anchors.upper_bound(time);
    outputs[time] = "(" + std::prev(next)->second + "|" + LetterAt(i) + "|" +
                    (next == anchors.end() ? "" : next->second) + ")";
  }
  return outputs;
}

class Decoder {
 public:
  // failing_read: which read fails once, of those after the file was opened. It is set before the
  // decoder is there, since a thread that decodes ahead reads from then on.
  explicit Decoder(const Bytes& bytes, uint32_t decode_ahead = 0,
                   std::optional<size_t> failing_read = {})
      : file_(bytes), reader_(&file_) {
    EXPECT_EQ(reader_.status(), H4MK_OK) << reader_.message();
    if (failing_read) file_.failing_read = file_.reads + *failing_read;
    h4mk_adapters_add(adapters_, &adapter_);
    h4mk_decoder_options options = H4MK_DECODER_OPTIONS_INIT;
    options.adapters = adapters_;
    options.adapter = "text";
    options.decode_ahead = decode_ahead;
    EXPECT_EQ(h4mk_decoder_open(reader_.get(), 0, &options, &decoder_), H4MK_OK) << message();
  }
  ~Decoder() {
    h4mk_decoder_free(decoder_);
    h4mk_adapters_free(adapters_);
    EXPECT_EQ(g_states, 0);
  }

  h4mk_decoder* get() { return decoder_; }
  TestFile& file() { return file_; }
  std::string message() const { return h4mk_decoder_message(decoder_); }
  h4mk_status Seek(int64_t time) { return h4mk_decoder_seek(decoder_, time); }
  h4mk_status Next(int64_t* time, std::string* text) {
    h4mk_output output = H4MK_OUTPUT_INIT;
    const h4mk_status status = h4mk_decoder_next(decoder_, &output);
    if (status != H4MK_OK) return status;
    *time = output.pts;
    text->assign(reinterpret_cast<const char*>(output.data), output.size);
    return H4MK_OK;
  }
  std::map<int64_t, std::string> ReadOn(h4mk_status* end) {
    std::map<int64_t, std::string> outputs;
    int64_t time = 0, last = INT64_MIN;
    std::string text;
    while ((*end = Next(&time, &text)) == H4MK_OK) {
      EXPECT_GT(time, last);
      outputs[last = time] = text;
    }
    return outputs;
  }

 private:
  TestFile file_;
  Reader reader_;
  const h4mk_adapter adapter_ = TextAdapter();
  h4mk_adapters* const adapters_ = h4mk_adapters_new();
  h4mk_decoder* decoder_ = nullptr;
};

class DecoderTest : public testing::TestWithParam<uint32_t> {};  // decode_ahead

TEST_P(DecoderTest, EveryTimeOfEveryVersion) {
  for (const Recording& recording : Recordings()) {
    SCOPED_TRACE(recording.name);
    const auto expected = Expected(recording);
    Decoder decoder(FileOf(recording), GetParam());
    h4mk_status end = H4MK_OK;
    EXPECT_EQ(decoder.ReadOn(&end), expected);
    EXPECT_EQ(end, H4MK_END) << decoder.message();
    std::vector<int64_t> times;
    for (int64_t time = 0; time < expected.rbegin()->first + 20; time += 5) times.push_back(time);
    std::shuffle(times.begin(), times.end(), std::mt19937(3));
    for (const int64_t time : times) {
      ASSERT_EQ(decoder.Seek(time), H4MK_OK) << decoder.message();
      auto shown = std::prev(expected.upper_bound(time));
      for (int i = 0; i < 4 && shown != expected.end(); ++i, ++shown) {
        int64_t at = 0;
        std::string text;
        ASSERT_EQ(decoder.Next(&at, &text), H4MK_OK) << time << " " << decoder.message();
        ASSERT_EQ(at, shown->first) << time;
        ASSERT_EQ(text, shown->second) << time;
      }
    }
    EXPECT_EQ(decoder.Seek(-1), H4MK_ERR_NOT_FOUND);
  }
}

// A file that recover made whole does not have the blocks of a cluster that was lost.
TEST_P(DecoderTest, LostBlocksCostTheirGroupAndNoMore) {
  const Recording recording = {"", 2, true, DecodingOrder(12)};
  Bytes bytes = FileOf(recording);
  std::vector<Chunk> clusters;
  for (const Chunk& chunk : WalkChunks(bytes))
    if (chunk.is_cluster()) clusters.push_back(chunk);
  const Chunk& lost = clusters[clusters.size() / 2];
  std::fill(bytes.begin() + static_cast<ptrdiff_t>(lost.begin),
            bytes.begin() + static_cast<ptrdiff_t>(lost.end()), uint8_t{0});
  TestFile damaged(bytes), recovered;
  const h4mk_io from = damaged.Io(), to = recovered.Io();
  ASSERT_EQ(h4mk_recover(&from, &to, nullptr, nullptr), H4MK_OK);
  Decoder decoder(recovered.bytes, GetParam());
  auto expected = Expected(recording);
  h4mk_status end = H4MK_OK;
  const auto outputs = decoder.ReadOn(&end);
  EXPECT_EQ(end, H4MK_END) << decoder.message();
  for (const auto& [time, text] : outputs) EXPECT_EQ(text, expected[time]) << time;
  EXPECT_GE(outputs.size(), expected.size() - 21);
  EXPECT_EQ(outputs.rbegin()->first, expected.rbegin()->first);
}

TEST_P(DecoderTest, ADamagedBlockCostsItsGroupAndIsReported) {
  const Recording recording = {"", 2, true, DecodingOrder(3)};
  Bytes file = FileOf(recording);
  // The block of the second group that is a P block.
  const Bytes data(256, static_cast<uint8_t>(LetterAt(8)));
  *std::search(file.begin(), file.end(), data.begin(), data.end()) ^= 1;
  Decoder decoder(file, GetParam());
  auto expected = Expected(recording);
  std::map<int64_t, std::string> outputs;
  int damaged = 0;
  for (int64_t time = 0;;) {
    std::string text;
    const h4mk_status status = decoder.Next(&time, &text);
    if (status == H4MK_END) break;
    if (status == H4MK_OK) {
      outputs[time] = text;
    } else {
      ASSERT_EQ(status, H4MK_ERR_CORRUPT) << decoder.message();
    }
    damaged += status == H4MK_ERR_CORRUPT;
  }
  EXPECT_GE(damaged, 1);
  for (const auto& [time, text] : outputs) EXPECT_EQ(text, expected[time]) << time;
  EXPECT_EQ(outputs.count(0), 1u);
  EXPECT_EQ(outputs.count(140), 1u);
  EXPECT_EQ(outputs.count(100), 0u);
}

// What is shown behind a read that failed is right, and a seek then shows everything.
TEST_P(DecoderTest, AFailedReadCostsNothingAfterwards) {
  for (const Recording& recording : Recordings()) {
    SCOPED_TRACE(recording.name);
    auto expected = Expected(recording);
    const Bytes bytes = FileOf(recording);
    size_t failed = 0;
    for (size_t call = 0;; ++call) {
      SCOPED_TRACE("call " + std::to_string(call));
      Decoder decoder(bytes, GetParam(), call);
      h4mk_status end = H4MK_OK;
      auto outputs = decoder.ReadOn(&end);
      if (end == H4MK_ERR_IO) {
        ++failed;
        outputs.merge(decoder.ReadOn(&end));
      }
      ASSERT_EQ(end, H4MK_END) << decoder.message();
      for (const auto& [time, text] : outputs) ASSERT_EQ(text, expected[time]) << time;
      const bool is_done = decoder.file().reads <= decoder.file().failing_read;
      decoder.file().failing_read = TestFile::kNoLimit;
      ASSERT_EQ(decoder.Seek(0), H4MK_OK) << decoder.message();
      ASSERT_EQ(decoder.ReadOn(&end), expected);
      if (is_done) break;
    }
    EXPECT_GT(failed, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Ahead, DecoderTest, testing::Values(0u, 1u, 3u, 1000u));

// -------------------------------------------------------------------------------------------------------
// without a worker

TEST(ChainTest, WhatLiesAheadInTheGroupIsNotDecodedTwice) {
  Decoder decoder(FileOf({"", 2, true, DecodingOrder(4)}));
  int64_t time = 0;
  std::string text;
  g_decoded = 0;
  ASSERT_EQ(decoder.Seek(70), H4MK_OK);
  ASSERT_EQ(decoder.Next(&time, &text), H4MK_OK);
  EXPECT_EQ(g_decoded, 1);
  ASSERT_EQ(decoder.Seek(110), H4MK_OK);
  ASSERT_EQ(decoder.Next(&time, &text), H4MK_OK);
  EXPECT_EQ(time, 110);
  EXPECT_EQ(g_decoded, 6);  // I P B B P B
  ASSERT_EQ(decoder.Seek(130), H4MK_OK);
  ASSERT_EQ(decoder.Next(&time, &text), H4MK_OK);
  EXPECT_EQ(g_decoded, 6);               // was decoded for the B block before it
  ASSERT_EQ(decoder.Seek(70), H4MK_OK);  // back: from its I block on
  ASSERT_EQ(decoder.Next(&time, &text), H4MK_OK);
  EXPECT_EQ(g_decoded, 7);
}

// adapter.h, preroll: what is heard at the target is rendered, and only that, after a reset.
TEST(ChainTest, WhatSoundsIntoATargetIsRenderedFirst) {
  h4mk_adapter adapter = TextAdapter();
  adapter.preroll = 3;
  std::vector<Step> steps(40, {'P', 0});
  for (size_t i = 0; i < steps.size(); ++i)
    steps[i] = {i % 20 == 0 ? 'I' : 'P', 10 * static_cast<int64_t>(i)};
  TestFile file(FileOf({"", 2, true, steps}));
  Reader reader(&file);
  std::unique_ptr<h4mk::DecodeSession> session;
  const h4mk_adapter_track track = H4MK_ADAPTER_TRACK_INIT;
  ASSERT_TRUE(h4mk::DecodeSession::Open(adapter, track, &session).ok());
  h4mk::ChainDecoder decoder(*reader.get()->file.reader, 0, std::move(session));
  h4mk_output output;
  const auto rendered_for = [&](int64_t time) {
    g_rendered = g_resets = 0;
    EXPECT_TRUE(decoder.Seek(time).ok() && decoder.Next(&output).ok());
    EXPECT_EQ(output.pts, time);
    EXPECT_GE(g_resets, 1);
    return g_rendered.load();
  };
  EXPECT_EQ(rendered_for(0), 1);  // nothing is before it
  EXPECT_EQ(rendered_for(100),
            5);  // ahead in the same group; one more than 3, in case the target is a B block
  EXPECT_EQ(rendered_for(200), 5);  // the first of a group: from the one before
  EXPECT_EQ(rendered_for(10), 2);
}

// What a worker does when it has decoded enough: the file is not asked again until the next group
// has been shown.
TEST(ChainTest, TheNextGroupIsReadAhead) {
  const h4mk_adapter adapter = TextAdapter();
  for (const bool prefetch : {true, false}) {
    TestFile file(FileOf({"", 2, true, DecodingOrder(12)}));
    Reader reader(&file);
    std::unique_ptr<h4mk::DecodeSession> session;
    const h4mk_adapter_track track = H4MK_ADAPTER_TRACK_INIT;
    ASSERT_TRUE(h4mk::DecodeSession::Open(adapter, track, &session).ok());
    h4mk::ChainDecoder decoder(*reader.get()->file.reader, 0, std::move(session));
    h4mk_output output;
    ASSERT_TRUE(decoder.Next(&output).ok());
    while (prefetch && decoder.Prefetch()) {
    }
    const size_t reads = file.reads;
    while (output.pts < 130) ASSERT_TRUE(decoder.Next(&output).ok());
    EXPECT_EQ(file.reads == reads, prefetch);
  }
}

TEST(ChainTest, TheShownStateIsDescribed) {
  Decoder decoder(FileOf({"", 2, true, DecodingOrder(2)}));
  const char* json = nullptr;
  EXPECT_EQ(h4mk_decoder_describe(decoder.get(), &json), H4MK_ERR_STATE);
  ASSERT_EQ(decoder.Seek(30), H4MK_OK);
  int64_t time = 0;
  std::string text;
  ASSERT_EQ(decoder.Next(&time, &text), H4MK_OK);
  ASSERT_EQ(h4mk_decoder_describe(decoder.get(), &json), H4MK_OK);
  EXPECT_STREQ(json, "{\"text\":\"ab\"}");
}

TEST(ChainTest, ATrackThatNobodyClaimsSaysSo) {
  TestFile file(FileOf({"", 2, true, DecodingOrder(1)}));
  Reader reader(&file);
  h4mk_decoder* decoder = nullptr;
  EXPECT_EQ(h4mk_decoder_open(reader.get(), 0, nullptr, &decoder), H4MK_ERR_NOT_FOUND);
  EXPECT_STREQ(h4mk_decoder_message(decoder), "no adapter claims track 1 (kind data, codec text)");
  h4mk_decoder_free(decoder);
  EXPECT_EQ(h4mk_decoder_open(reader.get(), 1, nullptr, &decoder), H4MK_ERR_ARGUMENT);
}

TEST(ChainTest, AnAdapterThatIsAskedForByNameMustBeThere) {
  TestFile file(FileOf({"", 2, true, DecodingOrder(1)}));
  Reader reader(&file);
  h4mk_decoder_options options = H4MK_DECODER_OPTIONS_INIT;
  options.adapter = "nobody";
  h4mk_decoder* decoder = nullptr;
  EXPECT_EQ(h4mk_decoder_open(reader.get(), 0, &options, &decoder), H4MK_ERR_NOT_FOUND);
  EXPECT_STREQ(h4mk_decoder_message(decoder), "there is no adapter nobody");
  h4mk_output output = H4MK_OUTPUT_INIT;
  const char* json = nullptr;
  EXPECT_EQ(h4mk_decoder_seek(decoder, 0), H4MK_ERR_STATE);
  EXPECT_EQ(h4mk_decoder_next(decoder, &output), H4MK_ERR_STATE);
  EXPECT_EQ(h4mk_decoder_describe(decoder, &json), H4MK_ERR_STATE);
  h4mk_decoder_free(decoder);
}

// A file of a few bytes a block must not make a seek decode without end.
TEST(ChainTest, AChainThatIsTooLongIsRefused) {
  for (const int blocks : {65536, 65537}) {
    std::vector<Step> steps(static_cast<size_t>(blocks), {'P', 0});
    for (size_t i = 0; i < steps.size(); ++i)
      steps[i] = {i == 0 ? 'I' : 'P', static_cast<int64_t>(i)};
    Decoder decoder(FileOf({"", 2, false, steps}));
    EXPECT_EQ(decoder.Seek(10), H4MK_OK);
    EXPECT_EQ(decoder.Seek(blocks - 1), blocks > 65536 ? H4MK_ERR_LIMIT : H4MK_OK);
  }
}

// A worker that is freed, or sent elsewhere, in the middle of its work.
TEST(AheadTest, MaySeekAndEndAtAnyMoment) {
  const Recording recording = {"", 2, true, DecodingOrder(12)};
  const Bytes file = FileOf(recording);
  const auto expected = Expected(recording);
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    Decoder decoder(file, 1 + round % 5);
    for (int i = 0; i < 20; ++i) {
      const int64_t target = 10 * static_cast<int64_t>(random() % expected.size());
      ASSERT_EQ(decoder.Seek(target), H4MK_OK);
      if (random() % 2) continue;
      int64_t time = 0;
      std::string text;
      ASSERT_EQ(decoder.Next(&time, &text), H4MK_OK);
      ASSERT_EQ(time, target);
      ASSERT_EQ(text, expected.at(target));
    }
  }
}

// ------------------------------------------------------------------------------------------------------------------
// sound

Bytes SoundFile() {
  constexpr uint32_t kSize = 256, kHop = 64;  // four frames sound at a time
  Media media;
  media.tracks = {{"1/8000", "audio", "dsp"}};
  std::mt19937 random(2);
  h4mk::FrameAnalysis analysis(kSize, h4mk::Window::kHann);
  std::vector<float> samples(kSize);
  std::vector<h4mk::Bin> bins(h4mk::BinCount(kSize));
  h4mk::Dsp1Spectrum before;
  for (int i = 0; i < 60; ++i) {
    for (float& sample : samples) sample = static_cast<float>(random() % 1000) / 1000.f - 0.5f;
    analysis.Transform(samples, bins);
    const h4mk::Dsp1Spectrum spectrum = {{h4mk::Window::kHann, 1, kSize, kHop},
                                         {h4mk::QuantizeDsp1(bins)}};
    Block block;
    block.flags = i % 20 == 0 ? kKey : kP;
    block.pts = block.dts = i * kHop;
    block.duration = kHop;
    block.data = i % 20 == 0 ? EncodeDsp1Whole(spectrum) : EncodeDsp1Difference(before, spectrum);
    before = spectrum;
    media.blocks.push_back(block);
  }
  return Mux(media);
}

// Frames that sound over from the group before are decoded too: a seek gives the same samples as
// playing from the start.
TEST(SoundTest, ASeekGivesTheSamplesOfPlaying) {
  TestFile file(SoundFile());
  Reader reader(&file);
  h4mk_decoder* decoder = nullptr;
  ASSERT_EQ(h4mk_decoder_open(reader.get(), 0, nullptr, &decoder), H4MK_OK);
  std::vector<Bytes> played;
  h4mk_output output = H4MK_OUTPUT_INIT;
  while (h4mk_decoder_next(decoder, &output) == H4MK_OK) {
    ASSERT_EQ(output.sample_rate, 48000);  // the track has none
    played.emplace_back(output.data, output.data + output.size);
  }
  ASSERT_EQ(played.size(), 60u);
  std::vector<size_t> places;
  for (size_t i = 0; i < played.size(); ++i) places.push_back(i * 37 % 60);
  for (size_t i = 0; i < played.size(); i += 9) places.push_back(i);  // ahead in the same group
  for (const size_t at : places) {
    ASSERT_EQ(h4mk_decoder_seek(decoder, static_cast<int64_t>(at) * 64 + 5), H4MK_OK);
    ASSERT_EQ(h4mk_decoder_next(decoder, &output), H4MK_OK);
    ASSERT_EQ(output.pts, static_cast<int64_t>(at) * 64);
    ASSERT_EQ(Bytes(output.data, output.data + output.size), played[at]) << at;
  }
  h4mk_decoder_free(decoder);
}

}  // namespace
}  // namespace h4mk_test
