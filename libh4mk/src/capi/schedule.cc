// SPDX-License-Identifier: MIT
// Block schedule and control frames behind the C ABI.
#include <h4mk/h4mk.h>

#include <algorithm>

#include "adapt/control_frames.h"
#include "adapt/gop.h"
#include "capi/guard.h"

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
    std::vector<h4mk::ControlFrame> list;
    for (size_t i = 0; i < count; ++i) {
      const h4mk_control_frame& given = frames[i];
      h4mk::ControlFrame& frame = list.emplace_back();
      frame.pts_us = given.pts_us;
      frame.intensity = given.intensity;
      frame.smooth = given.smooth;
      frame.strength = given.strength;
      if (given.move) frame.move = given.move;
      if (given.curve) frame.curve = given.curve;
      if (given.notes) frame.notes = given.notes;
    }
    const std::string json = h4mk::EncodeControlFrames(list);
    *needed = json.size() + 1;
    std::copy_n(json.c_str(), std::min(size, json.size() + 1), text);
    if (size > 0 && size <= json.size()) text[size - 1] = '\0';
    return H4MK_OK;
  });
}
