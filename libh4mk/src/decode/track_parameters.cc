// SPDX-License-Identifier: MIT
#include "decode/track_parameters.h"

#include "base/base64.h"

namespace h4mk {
namespace {

std::string TextOf(const Json& description, const char* key) {
  const auto member = description.find(key);
  return member != description.end() && member->is_string() ? member->get<std::string>()
                                                            : std::string();
}

// 0: absent, or no number that makes sense.
int32_t CountOf(const Json& description, const char* key) {
  const auto member = description.find(key);
  if (member == description.end() || !member->is_number_integer()) return 0;
  const int64_t number = member->get<int64_t>();
  return number > 0 && number <= INT32_MAX ? static_cast<int32_t>(number) : 0;
}

}  // namespace

TrackParameters::TrackParameters(const Track& track)
    : track_id_(track.id),
      time_base_(track.time_base),
      kind_(TextOf(track.description, "kind")),
      codec_(TextOf(track.description, "codec")),
      adapter_(TextOf(track.description, "adapter")),
      description_(DumpJson(track.description)),
      sample_rate_(CountOf(track.description, "sample_rate")),
      channels_(CountOf(track.description, "channels")) {
  if (!DecodeBase64(TextOf(track.description, "extradata"), &extradata_)) extradata_.clear();
}

h4mk_adapter_track TrackParameters::ToC() const {
  h4mk_adapter_track track = H4MK_ADAPTER_TRACK_INIT;
  track.track_id = track_id_;
  track.kind = kind_.c_str();
  track.codec = codec_.c_str();
  track.adapter = adapter_.empty() ? nullptr : adapter_.c_str();
  track.sample_rate = sample_rate_;
  track.channels = channels_;
  track.time_base_num = time_base_.num;
  track.time_base_den = time_base_.den;
  track.extradata = extradata_.data();
  track.extradata_size = extradata_.size();
  track.description = description_.c_str();
  return track;
}

}  // namespace h4mk
