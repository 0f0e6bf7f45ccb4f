// SPDX-License-Identifier: MIT
//
// What adapters make of the tracks of a file of any version: TRAK says which one and with what
// parameters, blocks come through the index, compressed ones unpacked. The input is 32 bytes that
// say how (Script), then the file.

#include <h4mk/adapter.h>

#include <algorithm>

#include "base/json.h"
#include "fuzz/file_mutator.h"
#include "fuzz/fuzz.h"
#include "fuzz/input.h"

namespace {

constexpr size_t kScriptSize = 32;
constexpr uint32_t kMostTracks = 8;
constexpr size_t kMostOutputs =
    40;  // of one track and one place; a few bytes can say megabytes each

struct Script {
  // One that is named, or the one for the track.
  static const char* Adapter(uint8_t choice) {
    static const char* const kNames[] = {nullptr, "dsp", "null", "pass_through", "audio_fft"};
    return kNames[choice % std::size(kNames)];
  }

  const char* adapter;
  uint32_t decode_ahead;
  int64_t times[3];

  explicit Script(const uint8_t* p) : adapter(Adapter(p[0])), decode_ahead(p[1] % 4) {
    for (size_t i = 0; i < std::size(times); ++i) times[i] = h4mk::LoadLe<int64_t>(p + 4 + 8 * i);
  }
};

void CheckOutput(const h4mk_output& output) {
  h4mk_fuzz::Touch({output.data, output.size});
  FUZZ_CHECK(output.size <= H4MK_MAX_OUTPUT);
  if (output.type != H4MK_OUTPUT_AUDIO) return;
  FUZZ_CHECK(output.sample_rate >= 1 && output.channels >= 1);
  FUZZ_CHECK(output.size % (sizeof(float) * static_cast<size_t>(output.channels)) == 0);
}

// Outputs from here on. Whatever cannot be decoded, it goes on.
void Receive(h4mk_decoder* decoder, size_t file_size) {
  size_t outputs = 0, failures = 0;
  while (outputs < kMostOutputs) {
    h4mk_output output = H4MK_OUTPUT_INIT;
    const h4mk_status status = h4mk_decoder_next(decoder, &output);
    if (status == H4MK_OK) {
      ++outputs;
      CheckOutput(output);
      const char* json = nullptr;
      if (h4mk_decoder_describe(decoder, &json) == H4MK_OK)
        FUZZ_CHECK(h4mk::ParseJson(json, 0, "state").ok());
      continue;
    }
    if (status == H4MK_END || status == H4MK_AGAIN) return;
    FUZZ_CHECK(*h4mk_decoder_message(decoder) != 0);
    if (++failures > kMostOutputs + file_size) return;
  }
}

void Decode(h4mk_reader* reader, uint32_t track, const Script& script, size_t file_size) {
  h4mk_decoder_options options = H4MK_DECODER_OPTIONS_INIT;
  options.adapter = script.adapter;
  options.decode_ahead = script.decode_ahead;
  h4mk_decoder* decoder = nullptr;
  if (h4mk_decoder_open(reader, track, &options, &decoder) == H4MK_OK) {
    Receive(decoder, file_size);
    for (const int64_t time : script.times)
      if (h4mk_decoder_seek(decoder, time) == H4MK_OK) Receive(decoder, file_size);
  } else {
    FUZZ_CHECK(decoder == nullptr || *h4mk_decoder_message(decoder) != 0);
  }
  h4mk_decoder_free(decoder);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kScriptSize) return 0;
  const Script script(data);
  h4mk_fuzz::Input input{{data + kScriptSize, size - kScriptSize}};
  const h4mk_io io = input.Io(/*pipe=*/false);
  h4mk_reader* reader = nullptr;
  if (h4mk_reader_open(&io, nullptr, &reader) == H4MK_OK)
    for (uint32_t i = 0; i < std::min(h4mk_reader_track_count(reader), kMostTracks); ++i)
      Decode(reader, i, script, input.bytes.size());
  h4mk_reader_free(reader);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  return h4mk_fuzz::MutateFile(data, size, max_size, seed, kScriptSize);
}
