// SPDX-License-Identifier: MIT
// Block schedule and control frames behind the C ABI.
#include <h4mk/legacy.h>

#include <algorithm>

#include "capi/guard.h"
#include "legacy/control_frames.h"
#include "legacy/gop.h"

namespace h4mk {
namespace {

std::vector<ControlFrame> FramesFromC(const h4mk_control_frame* frames, size_t count) {
  std::vector<ControlFrame> list;
  for (size_t i = 0; i < count; ++i) {
    const h4mk_control_frame& given = frames[i];
    ControlFrame& frame = list.emplace_back();
    frame.pts_us = given.pts_us;
    frame.intensity = given.intensity;
    frame.smooth = given.smooth;
    frame.strength = given.strength;
    if (given.move) frame.move = given.move;
    if (given.curve) frame.curve = given.curve;
    if (given.notes) frame.notes = given.notes;
  }
  return list;
}

}  // namespace
}  // namespace h4mk

h4mk_status h4mk_gop_flags(uint32_t gop_size, int allow_b, uint64_t index, uint32_t* flags) {
  if (flags == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    const auto result = h4mk::GopFlags({gop_size, allow_b != 0}, index);
    if (result.ok()) *flags = result.value();
    return static_cast<h4mk_status>(result.status().code());
  });
}

h4mk_status h4mk_control_frames_to_json(const h4mk_control_frame* frames, size_t count, char* text,
                                        size_t size, size_t* needed) {
  if (needed == nullptr || (frames == nullptr && count > 0) || (text == nullptr && size > 0))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    const std::vector<h4mk::ControlFrame> list = h4mk::FramesFromC(frames, count);
    const std::string json = h4mk::EncodeControlFrames(list);
    *needed = json.size() + 1;
    std::copy_n(json.c_str(), std::min(size, json.size() + 1), text);
    if (size > 0 && size <= json.size()) text[size - 1] = '\0';
    return H4MK_OK;
  });
}

h4mk_status h4mk_control_frames_at(const h4mk_control_frame* frames, size_t count, int64_t pts_us,
                                   h4mk_control_state* state) {
  if (state == nullptr || (frames == nullptr && count > 0)) return H4MK_ERR_ARGUMENT;
  const auto earlier = [](const h4mk_control_frame& a, const h4mk_control_frame& b) {
    return a.pts_us < b.pts_us;
  };
  if (!std::is_sorted(frames, frames + count, earlier)) return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    const h4mk::ControlState at = h4mk::ControlStateAt(h4mk::FramesFromC(frames, count), pts_us);
    // The texts are those of the frame that holds.
    const h4mk_control_frame* next = std::upper_bound(
        frames, frames + count, pts_us,
        [](int64_t time, const h4mk_control_frame& frame) { return time < frame.pts_us; });
    const h4mk_control_frame* given = count == 0 ? nullptr : next == frames ? frames : next - 1;
    const auto text = [&](const char* h4mk_control_frame::*member, const char* fallback) {
      return given != nullptr && given->*member != nullptr ? given->*member : fallback;
    };
    *state = {{pts_us, text(&h4mk_control_frame::move, "static"), at.frame.intensity,
               at.frame.smooth, text(&h4mk_control_frame::curve, "linear"), at.frame.strength,
               text(&h4mk_control_frame::notes, "")},
              at.pan,
              at.dolly,
              at.orbit};
    return H4MK_OK;
  });
}
