// SPDX-License-Identifier: MIT
// Opening a closed file through h4mk.h, of a minute to 100 hours: two reads, whatever the length.
// With the file's end, and without it (a recording that was cut off), when the index is put
// together from its pages.
#include <benchmark/benchmark.h>
#include <h4mk/h4mk.h>

#include "base/bytes.h"

namespace {

struct Output {
  h4mk::Bytes bytes;
};

// Two tracks, a cluster every two seconds.
h4mk::Bytes MakeFile(int64_t seconds, bool closed) {
  Output output;
  h4mk_io io = H4MK_IO_INIT;
  io.opaque = &output;
  io.write = [](void* opaque, const uint8_t* data, size_t size) {
    h4mk::AppendBytes(static_cast<Output*>(opaque)->bytes, {data, size});
    return static_cast<int64_t>(size);
  };
  h4mk_writer* writer = nullptr;
  h4mk_writer_open(&io, nullptr, &writer);
  for (const char* json :
       {R"({"track_id":1,"name":"","kind":"video","codec":"h264","time_base":"1/1000"})",
        R"({"track_id":2,"name":"","kind":"audio","codec":"opus","time_base":"1/1000"})"}) {
    h4mk_value* track = nullptr;
    uint32_t index = 0;
    h4mk_value_from_json(json, strlen(json), &track);
    h4mk_writer_add_track(writer, track, &index);
    h4mk_value_free(track);
  }
  for (int64_t time = 0; time < seconds * 1000; time += 500) {
    h4mk_block block = H4MK_BLOCK_INIT;
    block.track = static_cast<uint32_t>(time / 500 % 2);
    block.flags = time % 2000 == 0 || block.track == 1 ? H4MK_BLOCK_KEY : H4MK_BLOCK_TYPE_P;
    block.pts = block.dts = time;
    block.duration = 1000;
    block.data = reinterpret_cast<const uint8_t*>("payload");
    block.size = 7;
    h4mk_writer_write(writer, &block);
  }
  if (closed) h4mk_writer_finish(writer);
  h4mk_writer_free(writer);
  return std::move(output.bytes);
}

void BM_Open(benchmark::State& state) {
  const h4mk::Bytes file = MakeFile(state.range(0) * 60, state.range(1));
  for (auto _ : state) {
    h4mk_io io = H4MK_IO_INIT;
    h4mk_reader* reader = nullptr;
    if (h4mk_io_open_memory(file.data(), file.size(), &io) != H4MK_OK ||
        h4mk_reader_open(&io, nullptr, &reader) != H4MK_OK ||
        h4mk_reader_is_closed(reader) != state.range(1))
      state.SkipWithError("the file cannot be opened");
    h4mk_reader_free(reader);
    h4mk_io_close(&io);
  }
  state.counters["file_MB"] = static_cast<double>(file.size()) / 1e6;
}
BENCHMARK(BM_Open)->ArgNames({"minutes", "closed"})->ArgsProduct({{1, 60, 600, 6000}, {1, 0}});

}  // namespace
