// SPDX-License-Identifier: MIT
// Memory runs out, once, at each single allocation of seeking and decoding: an error or an output
// that is right, never a wrong one, and decoding goes on.
#include <gtest/gtest.h>
#include <h4mk/adapter.h>

#include <map>

#include "decode/text_adapter.h"
#include "support/allocations.h"
#include "support/container.h"

namespace h4mk_test {
namespace {

// Two groups I P P P with B blocks that wait for the block behind them.
Bytes Film() {
  Media media;
  media.tracks = {{"1/1000", "data", "text"}};
  for (int i = 0; i < 16; ++i) {
    Block block;
    block.flags = i % 8 == 0 ? kKey : i % 2 ? H4MK_BLOCK_TYPE_B : H4MK_BLOCK_TYPE_P;
    block.pts = i;
    block.dts = H4MK_NO_TIME;
    block.data = {static_cast<uint8_t>('a' + i)};
    media.blocks.push_back(block);
  }
  return Mux(media);
}

class DecodeMemoryTest : public testing::TestWithParam<uint32_t> {  // decode_ahead
 protected:
  using Outputs = std::map<int64_t, std::string>;

  // Seeks and reads to the end while the allocation with this number fails. False if there are not
  // so many.
  bool Decode(int64_t number, Outputs* outputs) {
    TestFile file(Film());
    Reader reader(&file);
    const h4mk_adapter adapter = TextAdapter();
    h4mk_adapters* adapters = h4mk_adapters_new();
    h4mk_adapters_add(adapters, &adapter);
    h4mk_decoder_options options = H4MK_DECODER_OPTIONS_INIT;
    options.adapters = adapters;
    options.decode_ahead = GetParam();
    h4mk_decoder* decoder = nullptr;
    EXPECT_EQ(h4mk_decoder_open(reader.get(), 0, &options, &decoder), H4MK_OK);
    bool failed = false;
    h4mk_status status = H4MK_OK;
    {
      FailingAllocation failure(number);
      status = h4mk_decoder_seek(decoder, 0);
      failed = failure.has_failed();
      number = g_until_failure;
    }
    if (status == H4MK_ERR_MEMORY) status = h4mk_decoder_seek(decoder, 0);
    EXPECT_EQ(status, H4MK_OK);
    int errors = 0;
    for (;;) {
      h4mk_output output = H4MK_OUTPUT_INIT;
      {
        FailingAllocation failure(failed ? -1 : number);
        status = h4mk_decoder_next(decoder, &output);
        failed = failed || failure.has_failed();
        number = g_until_failure;
      }
      if (status == H4MK_ERR_MEMORY && ++errors < 3) continue;
      if (status != H4MK_OK) break;
      (*outputs)[output.pts].assign(reinterpret_cast<const char*>(output.data), output.size);
    }
    EXPECT_EQ(status, H4MK_END);
    h4mk_decoder_free(decoder);
    h4mk_adapters_free(adapters);
    EXPECT_EQ(g_states, 0);
    return failed;
  }
};

TEST_P(DecodeMemoryTest, NoOutputIsWrong) {
  Outputs expected;
  Decode(-1, &expected);
  ASSERT_EQ(expected.size(), 16u);
  int64_t number = 0;
  for (;; ++number) {
    Outputs outputs;
    if (!Decode(number, &outputs)) break;
    for (const auto& [time, text] : outputs)
      ASSERT_EQ(text, expected[time]) << number << " " << time;
    ASSERT_GE(outputs.size(), 5u) << number;
    ASSERT_LT(number, 5000);
  }
  EXPECT_GT(number, 50);
}

INSTANTIATE_TEST_SUITE_P(Ahead, DecodeMemoryTest, testing::Values(0u, 2u));

}  // namespace
}  // namespace h4mk_test
