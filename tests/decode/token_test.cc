// SPDX-License-Identifier: MIT
// adapters.md, "Video tokens", "Audio tokens" and "Adapter audio_fft": tokens equal to the golden
// vectors, and sound that comes back.
#include <h4mk/token.h>

#include <cmath>
#include <numbers>
#include <random>

#include "adapters/audio_fft_decoder.h"
#include "adapters/builtin_adapters.h"
#include "adapters/video_token.h"
#include "decode/adapter_instance.h"
#include "legacy/gop.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

// ---- video

TEST(VideoTokenTest, TokensOfASchedule) {
  for (const Json& row : VectorIndex("tokens")["video"]) {
    if (!row.contains("fps")) continue;
    const uint64_t gop = row["gop"].get<uint64_t>();
    const auto step = static_cast<uint64_t>(1000000 / row["fps"].get<double>());
    for (uint32_t i = 0; i < row["blocks"].get<uint32_t>(); ++i) {
      const VideoToken token{i * step, i, i % gop == 0};
      EXPECT_EQ(ToHex(EncodeVideoToken(token)), row["tokens_hex"][i]) << row["fps"] << " " << i;
      VideoToken read, legacy;
      ASSERT_TRUE(DecodeVideoToken(EncodeVideoToken(token), TokenOrder::kBig, &read).ok());
      EXPECT_EQ(read, token);
      const Bytes bytes = FromHex(row["legacy_tokens_hex"][i].get<std::string>());
      ASSERT_TRUE(DecodeVideoToken(bytes, TokenOrder::kLittle, &legacy).ok());
      EXPECT_EQ(legacy, token);
    }
  }
}

TEST(VideoTokenTest, TheLargestToken) {
  EXPECT_EQ(ToHex(EncodeVideoToken({UINT64_MAX, UINT32_MAX, true})), "ffffffffffffffffffffffff01");
}

TEST(VideoTokenTest, LegacyTokensOfAnyLength) {
  for (const Json& row : VectorIndex("tokens")["video"]) {
    if (!row.contains("legacy_data_hex")) continue;
    const Bytes data = FromHex(row["legacy_data_hex"].get<std::string>());
    VideoToken token;
    const Status status = DecodeVideoToken(data, TokenOrder::kLittle, &token);
    if (row["result"].contains("error")) {
      EXPECT_EQ(status.fault(), row["result"]["error"]["kind"].get<std::string>());
      continue;
    }
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(std::to_string(token.pts_us), row["result"]["ok"][0]);
    EXPECT_EQ(token.index, row["result"]["ok"][1]);
    EXPECT_EQ(token.key, row["result"]["ok"][2]);
  }
}

// ---- audio

TEST(AudioTokenTest, Quantiser) {
  for (const Json& row : VectorIndex("tokens")["audio_quantise"]) {
    uint8_t bytes[kAudioTokenSize];
    const Status status = EncodeAudioToken({row["bin_hz"], row["magnitude"], row["phase"]}, bytes);
    if (row["result"].contains("error"))
      EXPECT_EQ(status.fault(), row["result"]["error"]["kind"].get<std::string>()) << row;
    else
      EXPECT_EQ(ToHex(bytes), row["result"]["ok"]) << row;
  }
}

std::string JoinedTokens(const Json& row) {
  std::string all;
  for (const Json& token : row["tokens_hex"]) all += token.get<std::string>();
  return all;
}

// Magnitudes and phases of tokens, without what says which bin it is.
TEST(AudioTokenTest, TokensOfRecordings) {
  for (const Json& row : VectorIndex("tokens")["audio"]) {
    const std::string id = row["id"];
    Bytes tokens;
    const Status status =
        AudioTokensOf(ReadVector("tokens/" + row["file"].get<std::string>()),
                      {row["sample_rate"], row["frame_size"], row["top_k"]}, &tokens);
    if (row.contains("result")) {
      EXPECT_EQ(status.fault(), row["result"]["error"]["kind"].get<std::string>()) << id;
      continue;
    }
    ASSERT_TRUE(status.ok()) << id << status.message();
    if (row["order_is_defined"]) {
      EXPECT_EQ(ToHex(tokens), JoinedTokens(row)) << id;
      continue;
    }
    // Of equal magnitudes it is not defined which are taken, only how many and what they are:
    // silence.
    ASSERT_EQ(tokens.size(), JoinedTokens(row).size() / 2) << id;
    for (size_t i = 0; i < tokens.size(); i += kAudioTokenSize)
      EXPECT_EQ(ToHex(ByteSpan(tokens).subspan(i + 4, 4)), "00007fff") << id;
  }
}

TEST(AudioTokenTest, FormatsOutsideTheirRangesAreRefused) {
  EXPECT_TRUE(CheckAudioTokenFormat({48000, 2048, 32}).ok());
  EXPECT_TRUE(CheckAudioTokenFormat({8000, 257, 1}).ok());
  EXPECT_FALSE(CheckAudioTokenFormat({48000, 1, 32}).ok());
  EXPECT_FALSE(CheckAudioTokenFormat({48000, 16385, 32}).ok());
  EXPECT_FALSE(CheckAudioTokenFormat({0, 2048, 32}).ok());
  EXPECT_FALSE(CheckAudioTokenFormat({1000, 16384, 32}).ok());
  EXPECT_FALSE(CheckAudioTokenFormat({48000, 2048, 0}).ok());
}

TEST(AudioTokenTest, ThroughTheCInterface) {
  const Json& row = VectorIndex("tokens")["audio"][0];
  const Bytes pcm = ReadVector("tokens/" + row["file"].get<std::string>());
  size_t needed = 0;
  ASSERT_EQ(h4mk_audio_tokens(pcm.data(), pcm.size(), 48000, 2048, 32, nullptr, 0, &needed),
            H4MK_OK);
  Bytes tokens(needed);
  ASSERT_EQ(
      h4mk_audio_tokens(pcm.data(), pcm.size(), 48000, 2048, 32, tokens.data(), needed, &needed),
      H4MK_OK);
  EXPECT_EQ(ToHex(tokens), JoinedTokens(row));
  EXPECT_EQ(h4mk_audio_tokens(pcm.data(), 3, 48000, 2048, 32, nullptr, 0, &needed),
            H4MK_ERR_ARGUMENT);
  uint8_t bytes[H4MK_VIDEO_TOKEN_SIZE];
  h4mk_video_token token = {7, 8, 1}, read;
  ASSERT_EQ(h4mk_video_token_encode(&token, bytes), H4MK_OK);
  ASSERT_EQ(h4mk_video_token_decode(bytes, sizeof bytes, 0, &read), H4MK_OK);
  EXPECT_EQ(read.pts_us, 7u);
  EXPECT_EQ(read.index, 8u);
  EXPECT_EQ(read.key, 1);
  EXPECT_EQ(h4mk_video_token_decode(bytes, 12, 0, &read), H4MK_ERR_CORRUPT);
}

// ---- and back

// Tones that come and go, with some noise: what 16 bits hold.
std::vector<float> Sound(size_t size, uint32_t sample_rate) {
  std::mt19937 random(1);
  std::vector<float> samples(size);
  for (size_t i = 0; i < size; ++i) {
    const double t = static_cast<double>(i) / sample_rate;
    double value = 0.2 * std::sin(2 * std::numbers::pi * 220 * t) +
                   0.1 * std::sin(2 * std::numbers::pi * (900 + 300 * t) * t) +
                   0.02 * std::sin(2 * std::numbers::pi * 0.45 * sample_rate * t);
    value *= 0.5 + 0.5 * std::sin(20 * t);
    value += 0.01 * (static_cast<double>(random()) / 4294967296.0 - 0.5);
    samples[i] = static_cast<float>(std::round(value * 32768) / 32768);
  }
  return samples;
}

struct TokenTrack {
  std::vector<Bytes> blocks;
  size_t gop;
};

TokenTrack Encode(const std::vector<float>& samples, const AudioTokenFormat& format, size_t gop) {
  std::vector<float> padded(format.hop());
  padded.insert(padded.end(), samples.begin(), samples.end());
  padded.resize(padded.size() + format.frame_size);
  AudioFftEncoder encoder(format);
  encoder.Begin(std::span(padded).first(format.frame_size));
  TokenTrack track{{}, gop};
  for (size_t at = format.hop(); at < format.hop() + samples.size(); at += format.hop()) {
    const ByteSpan block = encoder.Encode(std::span(padded).subspan(at, format.frame_size),
                                          track.blocks.size() % gop == 0);
    track.blocks.emplace_back(block.begin(), block.end());
  }
  return track;
}

// Decodes from block `first`, which is whole.
std::vector<float> Decode(const TokenTrack& track, const AudioTokenFormat& format,
                          size_t first = 0) {
  AudioFftDecoder decoder(format);
  AudioFftDecoder::State state;
  std::vector<float> samples;
  for (size_t i = first; i < track.blocks.size(); ++i) {
    AudioFftDecoder::State next;
    const Status status =
        decoder.Decode(track.blocks[i], i % track.gop == 0 ? nullptr : &state, &next);
    EXPECT_TRUE(status.ok()) << status.message();
    state = next;
    const std::span<const float> out = decoder.Samples(state);
    samples.insert(samples.end(), out.begin(), out.end());
  }
  return samples;
}

double SnrDb(const std::vector<float>& expected, const std::vector<float>& actual) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    signal += expected[i] * expected[i];
    noise += (expected[i] - actual[i]) * (expected[i] - actual[i]);
  }
  return 10 * std::log10(signal / noise);
}

constexpr uint32_t kAll = 16384;

TEST(AudioFftTest, AllBinsGiveTheSoundBack) {
  for (const AudioTokenFormat format : {AudioTokenFormat{48000, 2048, kAll},
                                        {8000, 256, kAll},
                                        {44100, 1000, kAll},
                                        {96000, 512, kAll},
                                        {44100, 675, kAll}}) {
    const std::vector<float> sound = Sound(20001, format.sample_rate);
    EXPECT_GE(SnrDb(sound, Decode(Encode(sound, format, 8), format)), 60)
        << format.sample_rate << " " << format.frame_size;
  }
}

TEST(AudioFftTest, MoreTokensComeCloser) {
  const std::vector<float> sound = Sound(30000, 48000);
  double before = 0;
  for (const uint32_t top_k : {1u, 4u, 16u, 64u, 256u, 1025u}) {
    const AudioTokenFormat format{48000, 2048, top_k};
    const double snr = SnrDb(sound, Decode(Encode(sound, format, 8), format));
    EXPECT_GT(snr, before) << top_k;
    before = snr;
  }
}

// A whole block has the frame before it: decoding that starts there gives the same samples.
TEST(AudioFftTest, DecodingCanStartAtEveryWholeBlock) {
  const AudioTokenFormat format{48000, 512, 40};
  const TokenTrack track = Encode(Sound(20000, 48000), format, 8);
  const std::vector<float> all = Decode(track, format);
  for (size_t first = 0; first < track.blocks.size(); first += 8) {
    const std::vector<float> part = Decode(track, format, first);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + first * format.hop())) << first;
  }
}

TEST(AudioFftTest, SilenceTakesSixBytes) {
  const AudioTokenFormat format{48000, 512, 40};
  const TokenTrack track = Encode(std::vector<float>(2000), format, 4);
  EXPECT_EQ(track.blocks[0].size(), 12u);
  EXPECT_EQ(track.blocks[1].size(), 6u);
  for (const float sample : Decode(track, format)) EXPECT_EQ(sample, 0);
}

TEST(AudioFftTest, ExtradataSaysTheFormat) {
  const AudioTokenFormat format{44100, 1000, 7};
  AudioTokenFormat read;
  ASSERT_TRUE(DecodeAudioFftFormat(EncodeAudioFftFormat(format), 44100, &read).ok());
  EXPECT_EQ(read.frame_size, 1000u);
  EXPECT_EQ(read.top_k, 7u);
  EXPECT_FALSE(DecodeAudioFftFormat(Bytes(7), 44100, &read).ok());
  EXPECT_FALSE(DecodeAudioFftFormat(EncodeAudioFftFormat({44100, 257, 7}), 44100, &read).ok());
  EXPECT_FALSE(DecodeAudioFftFormat(EncodeAudioFftFormat({44100, 16385, 7}), 44100, &read).ok());
}

// ---- the adapter

class AudioFftAdapterTest : public testing::Test {
 protected:
  AudioFftAdapterTest() {
    track_.sample_rate = 44100;
    track_.time_base_num = 1;
    track_.time_base_den = 44100;
    track_.extradata = extradata_.data();
    track_.extradata_size = extradata_.size();
  }
  void Open() { ASSERT_TRUE(AdapterInstance::Open(kAudioFftAdapter, track_, &instance_).ok()); }
  static h4mk_adapter_block BlockOf(const Bytes& data, int64_t duration = 0) {
    h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
    block.duration = duration;
    block.data = data.data();
    block.size = data.size();
    return block;
  }
  // How many samples a state gives.
  size_t SampleCount(const AdapterInstance::State& state) {
    h4mk_output output;
    EXPECT_TRUE(instance_->Render(state, &output).ok());
    EXPECT_EQ(output.type, H4MK_OUTPUT_AUDIO);
    EXPECT_EQ(output.sample_rate, 44100);
    EXPECT_EQ(output.channels, 1);
    return output.size / sizeof(float);
  }

  const AudioTokenFormat format_{44100, 512, 7};
  Bytes extradata_ = EncodeAudioFftFormat(format_);
  const TokenTrack blocks_ = Encode(Sound(2000, 44100), format_, 4);
  h4mk_adapter_track track_ = H4MK_ADAPTER_TRACK_INIT;
  std::unique_ptr<AdapterInstance> instance_;
};

TEST_F(AudioFftAdapterTest, BlocksAreSoundUpToTheNext) {
  Open();
  AdapterInstance::State state, next;
  ASSERT_TRUE(instance_->DecodeI(BlockOf(blocks_.blocks[0]), &state).ok());
  EXPECT_EQ(SampleCount(state), 256u);
  ASSERT_TRUE(instance_->ApplyP(state, BlockOf(blocks_.blocks[1]), &next).ok());
  EXPECT_EQ(SampleCount(next), 256u);
  AdapterInstance::State b;  // a B block is one that follows as well
  ASSERT_TRUE(instance_->ApplyB(state, nullptr, BlockOf(blocks_.blocks[1]), &b).ok());
  EXPECT_EQ(SampleCount(b), 256u);
  const char* json = nullptr;
  ASSERT_TRUE(instance_->Describe(state, &json).ok());
  EXPECT_EQ(Json::parse(json), Json({{"type", "AudioFftState"},
                                     {"sample_rate", 44100},
                                     {"frame_size", 512},
                                     {"bin_count", 7}}));
}

// The duration of a block is one of samples where ticks are samples, and only there.
TEST_F(AudioFftAdapterTest, TheLastBlockMayBeShorter) {
  for (const auto& [ticks, duration, expected] :
       {std::tuple(44100, 100, 100u), std::tuple(44100, 5000, 256u), std::tuple(1000, 100, 256u)}) {
    track_.time_base_den = ticks;
    Open();
    AdapterInstance::State state;
    ASSERT_TRUE(instance_->DecodeI(BlockOf(blocks_.blocks[0], duration), &state).ok());
    EXPECT_EQ(SampleCount(state), expected) << ticks << " " << duration;
    state = nullptr;
  }
}

TEST_F(AudioFftAdapterTest, WithoutAFormatNoBlockCanBeDecoded) {
  track_.extradata_size = 7;
  Open();
  AdapterInstance::State state;
  const Status status = instance_->DecodeI(BlockOf(blocks_.blocks[0]), &state);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.message(), "adapter audio_fft: a track of audio_fft has extradata of 8 bytes");
}

// ---- hostile blocks

bool Decodes(const Bytes& block, const AudioTokenFormat& format) {
  AudioFftDecoder::State state;
  return AudioFftDecoder(format).Decode(block, nullptr, &state).ok();
}

TEST(AudioFftTest, EveryTruncationIsRefused) {
  const AudioTokenFormat format{96000, 512, 40};
  const Bytes block = Encode(Sound(600, 96000), format, 1).blocks[1];
  ASSERT_TRUE(Decodes(block, format));  // control
  for (size_t size = 0; size < block.size(); ++size)
    EXPECT_FALSE(Decodes(Bytes(block.begin(), block.begin() + size), format)) << size;
  Bytes longer = block;
  longer.push_back(0);
  EXPECT_FALSE(Decodes(longer, format));
}

TEST(AudioFftTest, ChangedBlocksAreRefusedOrGiveNumbers) {
  const AudioTokenFormat format{96000, 512, 40};
  const Bytes block = Encode(Sound(600, 96000), format, 1).blocks[1];
  std::mt19937 random(2);
  for (int i = 0; i < 3000; ++i) {
    Bytes changed = block;
    for (uint32_t n = 0; n <= random() % 3; ++n)
      changed[random() % changed.size()] = static_cast<uint8_t>(random());
    AudioFftDecoder decoder(format);
    AudioFftDecoder::State state;
    if (!decoder.Decode(changed, nullptr, &state).ok()) continue;
    for (const float sample : decoder.Samples(state)) ASSERT_TRUE(std::isfinite(sample));
  }
}

}  // namespace
}  // namespace h4mk
