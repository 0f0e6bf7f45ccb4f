// SPDX-License-Identifier: MIT
#include "legacy/control_frames.h"

#include "legacy/python_json.h"

namespace h4mk {
namespace {

double SmoothStep(double u) { return u * u * (3 - 2 * u); }

double Ease(const std::string& curve, double u) {
  if (curve == "ease_in") return u * u;
  if (curve == "ease_out") return u * (2 - u);
  if (curve == "ease_in_out") return SmoothStep(u);
  return u;
}

double Mix(double from, double to, double share) { return from + (to - from) * share; }

double CameraEase(const ControlFrame& frame, double u) {
  return Mix(u, SmoothStep(u), frame.smooth);
}

// The integral of CameraEase() from 0 to u.
double CameraEaseArea(const ControlFrame& frame, double u) {
  return Mix(u * u / 2, u * u * u * (1 - u / 2), frame.smooth);
}

double SecondsBetween(int64_t from, int64_t to) {
  return (static_cast<double>(to) - static_cast<double>(from)) / 1e6;
}

void Travel(const ControlFrame& frame, double distance, ControlState* state) {
  if (frame.move == "pan") state->pan += distance;
  if (frame.move == "dolly") state->dolly += distance;
  if (frame.move == "orbit") state->orbit += distance;
}

}  // namespace

std::string EncodeControlFrames(const std::vector<ControlFrame>& frames) {
  Json list = Json::array();
  for (const ControlFrame& frame : frames)
    list.push_back(
        {{"pts_us", frame.pts_us},
         {"camera",
          {{"move", frame.move}, {"intensity", frame.intensity}, {"smooth", frame.smooth}}},
         {"motion", {{"curve", frame.curve}, {"strength", frame.strength}}},
         {"notes", frame.notes}});
  return DumpPythonJson(Json{{"controls", std::move(list)}}, JsonStyle::kCompact);
}

ControlState ControlStateAt(const std::vector<ControlFrame>& frames, int64_t pts_us) {
  ControlState state;
  for (size_t i = 0; i < frames.size() && (i == 0 || frames[i].pts_us <= pts_us); ++i) {
    const ControlFrame& from = frames[i];
    state.frame = from;
    if (pts_us < from.pts_us) break;
    if (i + 1 == frames.size()) {
      Travel(from, from.intensity * SecondsBetween(from.pts_us, pts_us), &state);
      break;
    }
    const ControlFrame& to = frames[i + 1];
    const double seconds = SecondsBetween(from.pts_us, to.pts_us);
    const double u = pts_us >= to.pts_us ? 1 : SecondsBetween(from.pts_us, pts_us) / seconds;
    state.frame.intensity = Mix(from.intensity, to.intensity, CameraEase(from, u));
    state.frame.strength = Mix(from.strength, to.strength, Ease(from.curve, u));
    const double mean =
        from.intensity * u + (to.intensity - from.intensity) * CameraEaseArea(from, u);
    Travel(from, mean * seconds, &state);
  }
  state.frame.pts_us = pts_us;
  return state;
}

}  // namespace h4mk
