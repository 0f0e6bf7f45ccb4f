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

#include "adapt/open_file.h"
#include "base/bytes.h"
#include "decode/audio_fft_block.h"
#include "decode/dsp_block.h"
#include "support/chunks.h"
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

// For adapter_fuzz.cc: each adapter with the blocks of the golden vectors, and DSP1 blocks of its
// own.
void AddAdapterBlocks(SeedFolder* seeds) {
  h4mk::Dsp1Spectrum spectrum;
  spectrum.format = {h4mk::Window::kSine, 2, 32, 8};
  const std::vector<uint16_t> values(h4mk::BinCount(32), 300);
  spectrum.channels.assign(2, {4.5f, values, values});
  const Bytes whole = h4mk::EncodeDsp1Whole(spectrum);
  h4mk::Dsp1Spectrum next = spectrum;
  next.channels[1].magnitude[7] = 5;
  next.channels[0].phase[3] = 9;
  const Bytes difference = h4mk::EncodeDsp1Difference(spectrum, next);
  const Bytes dsp0 = {'D', 'S', 'P', '0', 1, 0, 0, 0, 10, 0, 0, 64, 0, 32};
  for (uint8_t adapter = 0; adapter < 3; ++adapter)
    for (const auto& [name, first, second] :
         {std::tuple("dsp0", dsp0, dsp0), std::tuple("dsp1", whole, difference)}) {
      Bytes input = {adapter};
      for (const auto& [flags, time, block] :
           {std::tuple(4, 0, first), std::tuple(0x11, 2, second), std::tuple(0x12, 1, second),
            std::tuple(0x81, 3, second)}) {
        input.push_back(static_cast<uint8_t>(flags));
        input.push_back(static_cast<uint8_t>(time));
        input.push_back(static_cast<uint8_t>(block.size()));
        input.insert(input.end(), block.begin(), block.end());
      }
      seeds->Add("adapter", std::string(name) + "_" + std::to_string(adapter), input);
    }
  const std::string controls =
      R"({"controls":[{"pts_us":0,"camera":{"move":"pan","intensity":0.5}},{"pts_us":1000,"motion":{"curve":"ease_in"}}]})";
  // Audio tokens of the format that the target gives its tracks: an I and a P block of a tone.
  std::vector<float> tone(512);
  for (size_t i = 0; i < tone.size(); ++i) tone[i] = static_cast<float>(0.5 * std::sin(0.3 * static_cast<double>(i)));
  h4mk::AudioFftEncoder encoder({48000, 256, 8});
  encoder.Begin(std::span(tone).first(256));
  Bytes blocks = {3};
  for (const uint8_t type : {0, 1}) {
    const h4mk::ByteSpan block = encoder.Encode(std::span(tone).subspan(128 + 128 * type, 256), type == 0);
    blocks.insert(blocks.end(), {static_cast<uint8_t>(type == 0 ? 4 : 1), type, static_cast<uint8_t>(block.size())});
    blocks.insert(blocks.end(), block.begin(), block.end());
  }
  seeds->Add("adapter", "audio_fft", blocks);
  seeds->Add("adapter", "control_frames", Bytes(controls.begin(), controls.end()));
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

}  // namespace
}  // namespace h4mk_test

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  h4mk_test::SeedFolder seeds(argv[1]);
  h4mk_test::AddLayouts(&seeds);
  h4mk_test::AddAdapterBlocks(&seeds);
  h4mk_test::AddVectors(&seeds, H4MK_SOURCE_DIR "/tests/vectors");
  return 0;
}
