// SPDX-License-Identifier: MIT
//
// Any sequence of blocks comes back as it was written, whatever the limits of the clusters, with
// and without the file's end, with the index in front. The input is read as a program for the
// writer.

#include <h4mk/h4mk.h>

#include "fuzz/fuzz.h"
#include "support/container.h"

using h4mk_test::Block;
using h4mk_test::Bytes;
using h4mk_test::Media;

namespace {

// Takes what to do from the input; zeros behind its end.
class Recipe {
 public:
  Recipe(const uint8_t* data, size_t size) : reader_({data, size}) {}
  bool is_over() const { return reader_.left() == 0; }
  uint8_t Byte() { return reader_.Le<uint8_t>(); }
  // Often small, sometimes anything.
  int64_t Time() {
    const uint8_t kind = Byte();
    if (kind == 255) return H4MK_NO_TIME;
    if (kind == 254) return reader_.Le<int64_t>();
    return static_cast<int8_t>(kind);
  }

 private:
  h4mk::ByteReader reader_;
};

Media MakeMedia(Recipe* recipe) {
  static const std::string bases[] = {"1/1000", "1/48000", "1001/30000", "2147483647/1"};
  Media media;
  const int tracks = 1 + recipe->Byte() % 4;
  for (int i = 0; i < tracks; ++i) media.tracks.push_back({bases[recipe->Byte() % 4]});
  std::vector<int64_t> next(static_cast<size_t>(tracks));
  while (!recipe->is_over() && media.blocks.size() < 3000) {
    Block block;
    block.track = recipe->Byte() % static_cast<uint32_t>(tracks);
    block.flags = recipe->Byte() & 0x3F;
    if ((block.flags & 3) == 3) block.flags ^= 1;
    const int64_t step = recipe->Time();
    block.dts = step == H4MK_NO_TIME ? step : h4mk::WrapAdd(next[block.track], step);
    const int64_t shift = recipe->Time();
    block.pts = shift == H4MK_NO_TIME || block.dts == H4MK_NO_TIME
                    ? shift
                    : h4mk::WrapAdd(block.dts, shift);
    block.duration = recipe->Time();
    if (block.dts != H4MK_NO_TIME) next[block.track] = h4mk::WrapAdd(block.dts, block.duration);
    const uint8_t size = recipe->Byte();
    block.data = h4mk_test::Payload(size, size < 250 ? size : (size - 249u) * 7000u);
    if (size % 16 == 1) block.side_data.push_back({"skip_samples", {size, recipe->Byte()}});
    if (size % 32 == 1) block.side_data.push_back({"other", {}});
    media.blocks.push_back(std::move(block));
  }
  return media;
}

std::vector<Block> ReadAll(Bytes bytes, bool pipe) {
  h4mk_test::TestFile file(std::move(bytes));
  file.pipe = pipe;
  h4mk_test::Reader reader(&file);
  FUZZ_CHECK(reader.status() == H4MK_OK);
  h4mk_test::Reading reading = reader.ReadOn();
  FUZZ_CHECK(reading.damage.empty());
  FUZZ_CHECK(!reader.is_closed() || reader.Warnings().empty());
  return std::move(reading.blocks);
}

Bytes WithFrontIndex(h4mk_test::Writer* writer, Bytes bytes) {
  const uint8_t* front = nullptr;
  size_t size = 0;
  uint8_t checksum[4];
  FUZZ_CHECK(h4mk_writer_front_index(writer->get(), &front, &size, checksum) == H4MK_OK);
  bytes.insert(bytes.begin() + 16, front, front + size);
  std::copy_n(checksum, 4, bytes.end() - 4);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Recipe recipe(data, size);
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.cluster_size_limit = recipe.Byte() * 100u;
  options.cluster_time_limit_ms = recipe.Byte() * 100u;
  options.reserve_index_space = recipe.Byte() % 4 == 0 ? 2000 : 0;
  const Media media = MakeMedia(&recipe);

  h4mk_test::TestFile file;
  h4mk_test::Writer writer(&file, options);
  for (const h4mk_test::Track& track : media.tracks) writer.AddTrack(track);
  for (const Block& block : media.blocks) FUZZ_CHECK(writer.Write(block) == H4MK_OK);
  FUZZ_CHECK(writer.Flush() == H4MK_OK);
  const Bytes without_end = file.bytes;
  FUZZ_CHECK(writer.Finish() == H4MK_OK);

  FUZZ_CHECK(ReadAll(file.bytes, false) == media.blocks);
  FUZZ_CHECK(ReadAll(file.bytes, true) == media.blocks);
  FUZZ_CHECK(ReadAll(without_end, false) == media.blocks);
  if (options.reserve_index_space == 0)
    FUZZ_CHECK(ReadAll(WithFrontIndex(&writer, file.bytes), false) == media.blocks);
  return 0;
}
