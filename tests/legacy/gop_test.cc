// SPDX-License-Identifier: MIT
// FORMAT.md, "Block schedule" and "Control frames", against the golden vectors.
#include "adapt/gop.h"

#include <h4mk/h4mk.h>

#include "adapt/control_frames.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

TEST(GopTest, Vectors) {
  for (const Json& test : VectorIndex("adapters")["gop"]) {
    SCOPED_TRACE(test.dump());
    const GopConfig config = {test["gop_size"], test["allow_b"]};
    if (!test.contains("kinds")) {
      EXPECT_EQ(FaultName(GopFlags(config, 0).status()), test["result"]["error"]["kind"]);
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
    const auto decoded = DecodeControlFrames(text);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(EncodeControlFrames(decoded.value()), text);
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
  EXPECT_EQ(FaultName(DecodeControlFrames("[]").status()), "bad_json");
  EXPECT_EQ(DecodeControlFrames(R"({"controls":[{}]})").value()[0].smooth, 0.5);
}

}  // namespace
}  // namespace h4mk
