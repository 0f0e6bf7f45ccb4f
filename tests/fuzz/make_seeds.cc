// SPDX-License-Identifier: MIT
//
// Makes the seeds of the fuzz targets from the recordings of tests/support/layouts.h and the files
// in tests/vectors:
//
//     fuzz_make_seeds FOLDER        FOLDER/<target>/<name>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "adapters/audio_fft_block.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "file/block_compression.h"
#include "legacy/vectors.h"
#include "open/open_file.h"
#include "support/chunks.h"
#include "support/dsp_encoder.h"
#include "support/layouts.h"
#include "support/signing.h"

namespace h4mk_test {
namespace {

class SeedFolder {
 public:
  explicit SeedFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void Add(const std::string& target, const std::string& name, const Bytes& bytes) {
    const std::filesystem::path path = folder_ / target / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  // A file, and its parts for the targets that read these alone.
  void AddFile(const std::string& name, const Bytes& file) {
    Bytes script(32);  // reader_fuzz.cc: three seeks
    for (size_t i = 0; i < 3; ++i) {
      script[2 + 10 * i] = static_cast<uint8_t>(i);
      script[3 + 10 * i] = static_cast<uint8_t>(i);
      script[4 + 10 * i] = static_cast<uint8_t>(40 * i);
    }
    Add("reader", name, script + file);
    Add("decoder", name, script + file);
    const int version = h4mk::FileVersion(file);
    if (version == h4mk::kTransportVersion) {
      Add("transport", name, file);
      return;
    }
    Add("chunk", name, file);
    if (version == 1) Add("v1", name, file);
    if (version == 2) AddParts(name, file);
  }

 private:
  void AddParts(const std::string& name, const Bytes& file) {
    for (const Chunk& chunk : WalkChunks(file)) {
      const Bytes payload(file.begin() + static_cast<ptrdiff_t>(chunk.payload()),
                          file.begin() + static_cast<ptrdiff_t>(chunk.crc()));
      const std::string part = name + "_" + std::to_string(chunk.begin);
      if (chunk.is_cluster()) {
        h4mk::ByteReader reader{h4mk::ByteSpan(payload)};
        const h4mk::ByteSpan index = reader.Take(reader.Varint());
        Add("cluster", part, Bytes(index.begin(), index.end()));
      } else if (chunk.tag == "TSEK" || chunk.tag == "TAIL") {
        Bytes offset;
        h4mk::AppendLe(offset, uint64_t{chunk.begin} << 1);
        Add("index", part, offset + payload);
      } else if (chunk.tag == "TRAK" || chunk.tag == "META") {
        Add("json", part, payload);
      }
    }
  }

  std::filesystem::path folder_;
};

void AddLayouts(SeedFolder* seeds) {
  for (const Layout& layout : AllLayouts()) {
    Media media = layout.make();
    media.blocks.resize(std::min<size_t>(media.blocks.size(), 60));
    FillPayloads(&media, 12);
    media.blocks[3].side_data = {{"skip_samples", Payload(1, 10)}, {"x", {}}};
    seeds->AddFile(layout.name, Mux(media, ClusterLimits(120, 0)));
  }
  Media large = SoundOnly();
  large.blocks.resize(20);
  FillPayloads(&large, 3000);
  seeds->AddFile("stripes", Mux(large));
  h4mk_writer_options options = ClusterLimits(200, 0);
  options.reserve_index_space = 400;
  large.blocks.resize(8);
  FillPayloads(&large, 40);
  seeds->AddFile("index_at_the_front", Mux(large, options));
  h4mk_writer_options signing = Signing();
  signing.cluster_size_limit = 200;
  seeds->Add("signed", "clusters", Mux(large, signing));
  signing.reserve_index_space = 700;
  seeds->Add("signed", "index_at_the_front", Mux(large, signing));
  Bytes program = Payload(1, 400);  // of writer_fuzz.cc
  seeds->Add("writer", "blocks", program);
}

// The input of adapter_fuzz.cc, put together.
class AdapterInput {
 public:
  explicit AdapterInput(uint8_t adapter, const Bytes& extradata = {}) {
    bytes_.push_back(adapter);
    h4mk::AppendLe(bytes_, kSampleRate);
    bytes_.push_back(static_cast<uint8_t>(extradata.size()));
    h4mk::AppendBytes(bytes_, extradata);
  }
  AdapterInput& Block(uint8_t flags, uint8_t time, h4mk::ByteSpan data) {
    bytes_.push_back(flags);
    bytes_.push_back(time);
    h4mk::AppendLe(bytes_, static_cast<uint16_t>(data.size()));
    h4mk::AppendBytes(bytes_, data);
    return *this;
  }
  const Bytes& bytes() const { return bytes_; }

  static constexpr uint32_t kSampleRate = 48000;

 private:
  Bytes bytes_;
};

constexpr uint8_t kDsp = 0, kNull = 1, kPassThrough = 2, kAudioFft = 3;  // as the target has them

struct Spectra {
  Bytes dsp0, whole, difference;
};

Spectra MakeSpectra() {
  h4mk::Dsp1Spectrum spectrum;
  spectrum.format = {h4mk::Window::kSine, 2, 32, 8};
  const std::vector<uint16_t> values(h4mk::BinCount(32), 300);
  spectrum.channels.assign(2, {4.5f, values, values});
  h4mk::Dsp1Spectrum next = spectrum;
  next.channels[1].magnitude[7] = 5;
  next.channels[0].phase[3] = 9;
  return {{'D', 'S', 'P', '0', 1, 0, 0, 0, 10, 0, 0, 64, 0, 32},
          h4mk::EncodeDsp1Whole(spectrum),
          h4mk::EncodeDsp1Difference(spectrum, next)};
}

constexpr h4mk::AudioTokenFormat kTokens{AdapterInput::kSampleRate, 256, 8};

// An I block and P blocks of a tone.
std::vector<Bytes> MakeTokenBlocks() {
  std::vector<float> tone(1024);
  for (size_t i = 0; i < tone.size(); ++i)
    tone[i] = static_cast<float>(0.5 * std::sin(0.3 * static_cast<double>(i)));
  h4mk::AudioFftEncoder encoder(kTokens);
  encoder.Begin(std::span(tone).first(256));
  std::vector<Bytes> blocks;
  for (size_t i = 0; i < 4; ++i) {
    const h4mk::ByteSpan block =
        encoder.Encode(std::span(tone).subspan(128 * (i + 1), 256), i == 0);
    blocks.emplace_back(block.begin(), block.end());
  }
  return blocks;
}

// For adapter_fuzz.cc: each adapter with the blocks of the golden vectors, and DSP1 blocks of its
// own.
void AddAdapterBlocks(SeedFolder* seeds) {
  const Spectra spectra = MakeSpectra();
  for (const uint8_t adapter : {kDsp, kNull, kPassThrough})
    for (const auto& [name, first, second] :
         {std::tuple("dsp0", spectra.dsp0, spectra.dsp0),
          std::tuple("dsp1", spectra.whole, spectra.difference)})
      seeds->Add("adapter", std::string(name) + "_" + std::to_string(adapter),
                 AdapterInput(adapter)
                     .Block(4, 0, first)
                     .Block(0x11, 2, second)
                     .Block(0x12, 1, second)
                     .Block(0x81, 3, second)
                     .bytes());
  AdapterInput tokens(kAudioFft, h4mk::EncodeAudioFftFormat(kTokens));
  for (const Bytes& block : MakeTokenBlocks())
    tokens.Block(tokens.bytes().size() < 20 ? 4 : 1, 0, block);
  seeds->Add("adapter", "audio_fft", tokens.bytes());
  const h4mk::Json& vectors = h4mk::VectorIndex("adapters");
  for (const h4mk::Json& test : vectors["dsp"]) {
    AdapterInput input(kDsp);
    const bool b_block = test.contains("prev_next_b_hex");
    uint8_t number = 0;
    for (const h4mk::Json& hex : test[b_block ? "prev_next_b_hex" : "blocks_hex"]) {
      const uint8_t flags = number == 0 ? 4 : b_block && number == 2 ? 0x12 : 0x11;
      input.Block(flags, number++, h4mk::FromHex(hex.get<std::string>()));
    }
    seeds->Add("adapter", "vector_" + test["id"].get<std::string>(), input.bytes());
  }
  size_t number = 0;
  for (const h4mk::Json& test : vectors["controls"]) {
    const std::string json = test["json"];
    seeds->Add("adapter", "controls_" + std::to_string(number++), Bytes(json.begin(), json.end()));
  }
}

// For token_fuzz.cc: a format, then samples or tokens.
void AddTokens(SeedFolder* seeds) {
  Bytes format;
  h4mk::AppendLe(format, kTokens.sample_rate);
  h4mk::AppendLe(format, static_cast<uint16_t>(kTokens.frame_size));
  format.push_back(static_cast<uint8_t>(kTokens.top_k));
  const h4mk::Json& vectors = h4mk::VectorIndex("tokens");
  const std::string video = vectors["video"][0]["tokens_hex"][1];
  seeds->Add("token", "video", format + h4mk::FromHex(video));
  for (const h4mk::Json& test : vectors["audio"]) {
    Bytes samples = h4mk::ReadVector("tokens/" + test["file"].get<std::string>());
    samples.resize(std::min<size_t>(samples.size(), 2048));
    seeds->Add("token", test["id"], format + samples);
  }
  const std::vector<Bytes> blocks = MakeTokenBlocks();
  seeds->Add("token", "block_i", format + blocks[0]);
  seeds->Add("token", "block_p", format + blocks[1]);
}

// A file with a track for each built-in adapter; the blocks of the first are compressed.
void AddAdapterFile(SeedFolder* seeds) {
  const Spectra spectra = MakeSpectra();
  const Bytes text(200, 'a');
  const std::vector<std::vector<Bytes>> blocks = {
      {text, text, text},
      {text, {}, {1, 2, 3}},
      {spectra.whole, spectra.difference, spectra.difference},
      {spectra.dsp0, spectra.dsp0, spectra.dsp0},
      MakeTokenBlocks()};
  const std::string codecs[] = {R"("null","compression":"zstd")",
                                R"("pass_through","adapter":"pass_through")", R"("dsp")",
                                R"("dsp","sample_rate":8000)",
                                R"("audio_fft","sample_rate":48000,"extradata":")" +
                                    h4mk::EncodeBase64(h4mk::EncodeAudioFftFormat(kTokens)) + '"'};
  TestFile file;
  Writer writer(&file, ClusterLimits(300, 0));
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Value track =
        ParseJson(R"({"track_id":)" + std::to_string(i + 1) +
                  R"(,"name":"","kind":"audio","time_base":"1/48000","codec":)" + codecs[i] + '}');
    uint32_t index = 0;
    EXPECT_EQ(h4mk_writer_add_track(writer.get(), track.get(), &index), H4MK_OK);
  }
  for (size_t n = 0; n < 3; ++n)
    for (uint32_t track = 0; track < blocks.size(); ++track)
      EXPECT_EQ(writer.Write({track,
                              n == 0 ? kKey : kP,
                              static_cast<int64_t>(128 * n),
                              static_cast<int64_t>(128 * n),
                              128,
                              blocks[track][n],
                              {}}),
                H4MK_OK);
  EXPECT_EQ(writer.Finish(), H4MK_OK);
  seeds->AddFile("adapter_tracks", file.bytes);
}

constexpr const char* kDescribedTracks[] = {
    R"({"track_id":1,"name":"","kind":"video","codec":"hevc","codec_tag":"hvc1","time_base":"1/1000",
        "width":64,"height":48,"pixel_format":"yuv420p","color_space":"bt709","field_order":"tt",
        "avg_frame_rate":"25/1","discard":"none","disposition":["default"],"extradata":"AAEC",
        "stream_sample_aspect_ratio":"4/3","start_time":"unknown","stream_id":7,
        "side_data":[{"name":"display_matrix","data":"AAABAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAABA"},
                     {"name":"mastering_display","has_primaries":1,"white_point":["1/3","1/3"]},
                     {"name":"stereo3d","type":"side by side","view":"left"},
                     {"name":"spherical","projection":"equirectangular","yaw":65536},
                     {"name":"content_light_level","max_cll":1000},{"name":"dovi_configuration","dv_profile":8},
                     {"name":"cpb_properties","buffer_size":12345},{"name":"ffmpeg_20","data":"AA=="}],
        "tags":{"language":"deu","artist":["a","b"]}})",
    R"({"track_id":2,"name":"left","note":"n","kind":"audio","codec":"opus","time_base":"1/48000",
        "sample_rate":48000,"channels":2,"channel_map":[{"channel":0,"name":"l"},{"channel":1}],
        "sample_format":"flt","initial_padding":312,"seek_preroll":3840,"start_time":-312})",
    R"({"track_id":3,"name":"","kind":"video","codec":"png","time_base":"1/90000","disposition":["attached_pic"]})",
    R"({"track_id":4,"name":"","kind":"video","codec":"dsp","time_base":"1/1000"})"};
constexpr const char* kDescription =
    R"({"title":"of somebody else","tags":{"title":"t"},"start_time_realtime":1,
    "chapters":[{"id":1,"time_base":"1/1000","start":0,"end":500,"tags":{"title":"c"}}],
    "programs":[{"id":3,"program_num":3,"streams":[0,1],"pmt_version":1,"tags":{"service_name":"s"}}],
    "stream_groups":[
     {"type":"tile_grid","id":1,"streams":[0,2],"coded_width":128,"coded_height":96,"background":[0,1,2,3],
      "width":128,"height":96,"tiles":[{"stream":0},{"stream":1,"horizontal":64,"vertical":48}]},
     {"type":"lcevc","id":2,"streams":[0,2],"lcevc_index":1,"width":64,"height":48},
     {"type":"iamf_audio_element","id":3,"streams":[1],"audio_element_type":"channel",
      "demixing_info":{"type":"demixing","parameter_id":1,"subblocks":[{"dmixp_mode":1}]},
      "recon_gain_info":{"type":"recon_gain","parameter_id":2,"subblocks":[{"recon_gain":[1,2]}]},
      "layers":[{"channels":2,"channel_layout":"stereo","flags":1,"ambisonics_mode":"projection",
                 "demixing_matrix":["1/1","0/1","0/1","1/1"]}]},
     {"type":"iamf_mix_presentation","id":4,"annotations":{"en":"mix"},
      "submixes":[{"default_mix_gain":"0/1","output_mix_config":{"type":"mix_gain","parameter_id":3},
        "elements":[{"audio_element_id":3,"annotations":{"en":"e"},"element_mix_config":{"type":"mix_gain",
                     "subblocks":[{"animation_type":"linear","start_point_value":"1/2"}]}}],
        "layouts":[{"layout_type":"loudspeakers","channels":2,"channel_layout":"stereo"},
                   {"layout_type":"binaural"}]}]}]})";

// All that FFmpeg says of streams and files, and side data in each of its forms.
void AddDescribedFile(SeedFolder* seeds) {
  TestFile file;
  Writer writer(&file, ClusterLimits(300, 0));
  const Value meta = ParseJson(kDescription);
  EXPECT_EQ(h4mk_writer_set_meta(writer.get(), meta.get()), H4MK_OK);
  for (const char* track : kDescribedTracks) {
    uint32_t index = 0;
    EXPECT_EQ(h4mk_writer_add_track(writer.get(), ParseJson(track).get(), &index), H4MK_OK);
  }
  const std::vector<SideData> side_data[] = {
      {{"skip_samples", Bytes(10, 1)}, {"palette", Bytes(16, 3)}},
      {{"iamf_mix_gain", ToBytes(R"({"type":"mix_gain","subblocks":[{"animation_type":"step"}]})")},
       {"producer_reference_time", ToBytes(R"({"wallclock":1700000000123456,"flags":24})")}},
      {{"dynamic_hdr10_plus", Bytes(40, 0)}, {"ffmpeg_33", Bytes(40, 255)}, {"ffmpeg_99", {1}}},
      {{"ambient_viewing_environment", ToBytes(R"({"ambient_illuminance":"314/1"})")}, {"x", {}}}};
  EXPECT_EQ(writer.Write({2, kKey, 0, 0, 0, Payload(1, 50), {}}), H4MK_OK);
  for (int64_t n = 0; n < 8; ++n)
    for (const uint32_t track : {0, 1, 3})
      EXPECT_EQ(writer.Write({track, n % 4 == 0 ? kKey : kP, 40 * n, 40 * n, 40,
                              Payload(static_cast<uint32_t>(n), 20), side_data[(n + track) % 4]}),
                H4MK_OK);
  EXPECT_EQ(writer.Finish(), H4MK_OK);
  seeds->AddFile("described", file.bytes);
}

// For compression_fuzz.cc.
void AddPackedBlocks(SeedFolder* seeds) {
  for (const size_t size : {2, 300, 5000}) {
    const Bytes data(size, 'a');
    h4mk::Block plain, packed;
    plain.data = data;
    h4mk::BlockPacker packer;
    if (packer.Pack(plain, &packed).ok())
      seeds->Add("compression", std::to_string(size),
                 Bytes(packed.data.begin(), packed.data.end()));
  }
  seeds->Add("compression", "noise", Payload(1, 300));
}

void AddVectors(SeedFolder* seeds, const std::filesystem::path& vectors) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(vectors)) {
    if (entry.path().extension() != ".h4mk" || entry.file_size() > 8192) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    seeds->AddFile(
        entry.path().parent_path().filename().string() + "_" + entry.path().stem().string(),
        Bytes(std::istreambuf_iterator<char>(file), {}));
  }
}

// For protected_fuzz.cc, which knows the keys of these files.
void AddProtectedFiles(SeedFolder* seeds, const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".h4mk" ||
        !(name.starts_with("signed") || name.starts_with("encrypted")))
      continue;
    std::ifstream file(entry.path(), std::ios::binary);
    seeds->Add("protected", name, Bytes(std::istreambuf_iterator<char>(file), {}));
  }
}

}  // namespace
}  // namespace h4mk_test

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  h4mk_test::SeedFolder seeds(argv[1]);
  h4mk_test::AddLayouts(&seeds);
  h4mk_test::AddAdapterBlocks(&seeds);
  h4mk_test::AddTokens(&seeds);
  h4mk_test::AddAdapterFile(&seeds);
  h4mk_test::AddDescribedFile(&seeds);
  h4mk_test::AddPackedBlocks(&seeds);
  h4mk_test::AddVectors(&seeds, H4MK_SOURCE_DIR "/tests/vectors");
  h4mk_test::AddProtectedFiles(&seeds, H4MK_SOURCE_DIR "/tests/conformance/valid");
  return 0;
}
