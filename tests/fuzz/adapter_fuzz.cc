// SPDX-License-Identifier: MIT
//
// Blocks as the built-in adapters see them, in any order of types and times, and control frames.
// The input: u8 that chooses the adapter, u32 sample rate, u8 size of the track's extradata, bytes;
// then blocks: u8 type and flags, u8 time, u16 size, bytes.

#include <h4mk/adapter.h>

#include "adapters/builtin_adapters.h"
#include "base/json.h"
#include "decode/session.h"
#include "fuzz/fuzz.h"
#include "support/dsp_encoder.h"

using namespace h4mk;  // NOLINT: a test

namespace {

// A frame of sound of the largest size takes milliseconds.
constexpr int kMostBlocks = 12;

// A whole block that can be read is written again and must then be read the same.
void CheckDsp(ByteSpan block) {
  Dsp0Spectrum partials;
  ApplyDsp0(block, Dsp0Use::kSet, &partials);
  ApplyDsp0(block, Dsp0Use::kAdd, &partials);
  Dsp1Spectrum spectrum, again;
  if (!ApplyDsp1(block, &spectrum).ok()) return;
  FUZZ_CHECK(CheckDsp1Format(spectrum.format).ok());
  FUZZ_CHECK(ApplyDsp1(EncodeDsp1Whole(spectrum), &again).ok() && again == spectrum);
  FUZZ_CHECK(ApplyDsp1(EncodeDsp1Difference(again, spectrum), &again).ok() && again == spectrum);
}

void ReceiveAll(DecodeSession& session) {
  for (;;) {
    h4mk_output output;
    const Status status = session.Receive(&output);
    if (status.code() == Code::kAgain || status.code() == Code::kEnd) return;
    if (!status.ok()) continue;
    h4mk_fuzz::Touch({output.data, output.size});
    const char* json = nullptr;
    FUZZ_CHECK(session.Describe(&json).ok() && ParseJson(json, 0, "state").ok());
  }
}

// A copy of exactly that size, so that a sanitizer sees reads behind it.
Bytes TakeAtMost(ByteReader& reader, size_t size) {
  const ByteSpan bytes = reader.Take(std::min(size, reader.left()));
  return Bytes(bytes.begin(), bytes.end());
}

void PlayBlocks(const h4mk_adapter& adapter, ByteReader reader) {
  h4mk_adapter_track track = H4MK_ADAPTER_TRACK_INIT;
  track.sample_rate = static_cast<int32_t>(reader.Le<uint32_t>());
  const Bytes extradata = TakeAtMost(reader, reader.Le<uint8_t>());
  track.extradata = extradata.data();
  track.extradata_size = extradata.size();
  std::unique_ptr<DecodeSession> session;
  FUZZ_CHECK(DecodeSession::Open(adapter, track, &session).ok());
  for (int i = 0; i < kMostBlocks && reader.left() > 0; ++i) {
    const uint8_t flags = reader.Le<uint8_t>(), time = reader.Le<uint8_t>();
    const Bytes data = TakeAtMost(reader, reader.Le<uint16_t>());
    CheckDsp(data);
    h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
    block.flags = flags & (kBlockTypeMask | kBlockKey | kBlockDiscard);
    block.pts = time;
    block.dts = flags & 0x10 ? i : kNoTime;
    block.ordinal = static_cast<uint64_t>(i);
    block.data = data.data();
    block.size = data.size();
    FUZZ_CHECK(session->Send(block).code() != Code::kAgain);
    ReceiveAll(*session);
    if (flags & 0x80) session->Flush();
  }
  session->SendEnd();
  ReceiveAll(*session);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader reader({data, size});
  const h4mk_adapter* adapters[] = {&kDspAdapter, &kNullAdapter, &kPassThroughAdapter,
                                    &kAudioFftAdapter};
  const uint8_t choice = reader.Le<uint8_t>();
  PlayBlocks(*adapters[choice % 4], reader);
  return 0;
}
