// SPDX-License-Identifier: MIT
#include "adapt/control_frames.h"

#include "base/fault.h"
#include "base/python_json.h"

namespace h4mk {
namespace {

void Take(const Json& object, const char* key, double* number) {
  if (const auto member = object.find(key); member != object.end() && member->is_number())
    *number = member->get<double>();
}

void Take(const Json& object, const char* key, std::string* text) {
  if (const auto member = object.find(key); member != object.end() && member->is_string())
    *text = member->get<std::string>();
}

Json Member(const Json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_object() ? *member : Json::object();
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

Result<std::vector<ControlFrame>> DecodeControlFrames(std::string_view text) {
  const Result<Json> root = ParseJson(text, 0, "control frames");
  const auto bad = [] { return Fault("bad_json", "no JSON of control frames"); };
  if (!root.ok() || !root.value().is_object()) return bad();
  const auto list = root.value().find("controls");
  if (list == root.value().end() || !list->is_array()) return bad();
  std::vector<ControlFrame> frames;
  for (const Json& row : *list) {
    if (!row.is_object()) return bad();
    ControlFrame& frame = frames.emplace_back();
    if (const auto pts = row.find("pts_us"); pts != row.end() && pts->is_number_integer())
      frame.pts_us = pts->get<int64_t>();
    const Json camera = Member(row, "camera"), motion = Member(row, "motion");
    Take(camera, "move", &frame.move);
    Take(camera, "intensity", &frame.intensity);
    Take(camera, "smooth", &frame.smooth);
    Take(motion, "curve", &frame.curve);
    Take(motion, "strength", &frame.strength);
    Take(row, "notes", &frame.notes);
  }
  return frames;
}

}  // namespace h4mk
