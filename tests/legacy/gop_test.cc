// SPDX-License-Identifier: MIT
// legacy.md, "Block schedule" and "Control frames", against the golden vectors.
#include "legacy/gop.h"

#include <h4mk/legacy.h>

#include "legacy/control_frames.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

TEST(GopTest, Vectors) {
  for (const Json& test : VectorIndex("adapters")["gop"]) {
    SCOPED_TRACE(test.dump());
    const GopConfig config = {test["gop_size"], test["allow_b"]};
    if (!test.contains("kinds")) {
      EXPECT_EQ(GopFlags(config, 0).status().fault(), test["result"]["error"]["kind"]);
      uint32_t flags = 0;
      EXPECT_EQ(h4mk_gop_flags(config.gop_size, config.allow_b, 0, &flags), H4MK_ERR_ARGUMENT);
      continue;
    }
    std::string kinds;
    for (uint64_t i = 0; i < test["kinds"].get<std::string>().size(); ++i) {
      const uint32_t flags = GopFlags(config, i).value();
      kinds += "IPB"[flags & kBlockTypeMask];
      EXPECT_EQ((flags & kBlockKey) != 0, kinds.back() == 'I');
      uint32_t from_c = 0;
      EXPECT_EQ(h4mk_gop_flags(config.gop_size, config.allow_b, i, &from_c), H4MK_OK);
      EXPECT_EQ(from_c, flags);
    }
    EXPECT_EQ(kinds, test["kinds"]);
  }
}

TEST(ControlFramesTest, Vectors) {
  for (const Json& test : VectorIndex("adapters")["controls"]) {
    std::vector<ControlFrame> frames;
    std::vector<h4mk_control_frame> c_frames;
    for (const Json& row : test["frames"])
      frames.push_back({row[0], row[1], row[2], row[3], row[4], row[5], row[6]});
    for (const ControlFrame& frame : frames)
      c_frames.push_back({frame.pts_us, frame.move.c_str(), frame.intensity, frame.smooth,
                          frame.curve.c_str(), frame.strength, frame.notes.c_str()});
    const std::string text = EncodeControlFrames(frames);
    EXPECT_EQ(text, test["json"]);
    size_t needed = 0;
    ASSERT_EQ(h4mk_control_frames_to_json(c_frames.data(), c_frames.size(), nullptr, 0, &needed),
              H4MK_OK);
    EXPECT_EQ(needed, text.size() + 1);
    std::string room(needed, '?');
    ASSERT_EQ(
        h4mk_control_frames_to_json(c_frames.data(), c_frames.size(), room.data(), needed, &needed),
        H4MK_OK);
    EXPECT_EQ(std::string(room.c_str()), text);
  }
}

// adapters.md, "Control frames in time".
TEST(ControlFramesTest, ValuesBetweenKeyFrames) {
  const h4mk_control_frame frames[] = {
      {0, "pan", 0.0, 0.0, "ease_in", 0.0, "first"},
      {1'000'000, "dolly", 1.0, 1.0, "ease_out", 1.0, nullptr},
      {3'000'000, nullptr, 0.0, 0.5, nullptr, 0.0, "last"},
  };
  const auto at = [&](int64_t pts_us) {
    h4mk_control_state state;
    EXPECT_EQ(h4mk_control_frames_at(frames, 3, pts_us, &state), H4MK_OK);
    return state;
  };
  EXPECT_EQ(at(-5).frame.intensity, 0);
  EXPECT_STREQ(at(-5).frame.notes, "first");
  EXPECT_DOUBLE_EQ(at(500'000).frame.intensity, 0.5);  // not smooth: straight
  EXPECT_DOUBLE_EQ(at(500'000).frame.strength, 0.25);
  EXPECT_DOUBLE_EQ(at(500'000).pan, 0.125);
  EXPECT_STREQ(at(500'000).frame.move, "pan");
  EXPECT_DOUBLE_EQ(at(1'000'000).pan, 0.5);
  EXPECT_DOUBLE_EQ(at(1'500'000).frame.intensity, 1 - (3 * 0.0625 - 2 * 0.015625));
  EXPECT_DOUBLE_EQ(at(1'500'000).frame.strength, 1 - 0.25 * 1.75);
  EXPECT_EQ(at(1'500'000).pan, 0.5);
  EXPECT_DOUBLE_EQ(at(3'000'000).dolly, 1);
  EXPECT_STREQ(at(3'000'000).frame.move, "static");
  EXPECT_STREQ(at(9'000'000).frame.notes, "last");
  EXPECT_DOUBLE_EQ(at(9'000'000).dolly, 1);
}

// What the camera went is what its intensity adds up to.
TEST(ControlFramesTest, TheCameraGoesAsFarAsItsIntensitySays) {
  const std::vector<ControlFrame> frames = {{0, "orbit", 0.2, 0.7, "linear", 0, ""},
                                            {2'000'000, "orbit", 0.9, 0.3, "linear", 0, ""},
                                            {2'500'000, "orbit", 0.4, 0.5, "linear", 0, ""}};
  double sum = 0;
  for (int64_t us = 500; us < 4'000'000; us += 1000)
    sum += ControlStateAt(frames, us).frame.intensity / 1000;
  EXPECT_NEAR(ControlStateAt(frames, 4'000'000).orbit, sum, 1e-6);
}

TEST(ControlFramesTest, WhatCannotBeEvaluatedIsRefused) {
  h4mk_control_state state;
  ASSERT_EQ(h4mk_control_frames_at(nullptr, 0, 7, &state), H4MK_OK);
  EXPECT_EQ(state.frame.smooth, 0.5);
  EXPECT_STREQ(state.frame.curve, "linear");
  const h4mk_control_frame backwards[] = {{5, nullptr, 0, 0, nullptr, 0, nullptr},
                                          {4, nullptr, 0, 0, nullptr, 0, nullptr}};
  EXPECT_EQ(h4mk_control_frames_at(backwards, 2, 0, &state), H4MK_ERR_ARGUMENT);
}

}  // namespace
}  // namespace h4mk
