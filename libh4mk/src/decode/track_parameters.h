// SPDX-License-Identifier: MIT
// A track of a file as an adapter is told of it.
#ifndef H4MK_DECODE_TRACK_PARAMETERS_H_
#define H4MK_DECODE_TRACK_PARAMETERS_H_

#include <h4mk/adapter.h>

#include <string>

#include "file/tracks.h"

namespace h4mk {

class TrackParameters {
 public:
  explicit TrackParameters(const Track& track);

  // Points into this object.
  h4mk_adapter_track ToC() const;
  uint32_t track_id() const { return track_id_; }

 private:
  uint32_t track_id_;
  TimeBase time_base_;
  std::string kind_, codec_, adapter_, description_;
  int32_t sample_rate_, channels_;
  Bytes extradata_;
};

}  // namespace h4mk

#endif  // H4MK_DECODE_TRACK_PARAMETERS_H_
