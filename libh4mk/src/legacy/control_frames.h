// SPDX-License-Identifier: MIT
// legacy.md, "Control frames": camera and motion as JSON, the payload of a track of their own.
#ifndef H4MK_LEGACY_CONTROL_FRAMES_H_
#define H4MK_LEGACY_CONTROL_FRAMES_H_

#include <string>
#include <vector>

#include "base/json.h"

namespace h4mk {

// Numbers are meant to be 0 to 1, move and curve to be the names that legacy.md lists; nothing is
// checked.
struct ControlFrame {
  int64_t pts_us = 0;
  std::string move = "static";
  double intensity = 0.0;
  double smooth = 0.5;
  std::string curve = "linear";
  double strength = 0.0;
  std::string notes;
};

std::string EncodeControlFrames(const std::vector<ControlFrame>& frames);

// adapters.md, "Control frames in time".
struct ControlState {
  ControlFrame frame;  // its pts_us is the time
  double pan = 0, dolly = 0, orbit = 0;
};

// REQUIRES: frames are in the order of pts_us. Without frames: the defaults.
ControlState ControlStateAt(const std::vector<ControlFrame>& frames, int64_t pts_us);

}  // namespace h4mk

#endif  // H4MK_LEGACY_CONTROL_FRAMES_H_
