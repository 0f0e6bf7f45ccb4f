// SPDX-License-Identifier: MIT
//
// Recordings of many shapes, small enough to try everything on them.

#ifndef H4MK_TESTS_SUPPORT_LAYOUTS_H_
#define H4MK_TESTS_SUPPORT_LAYOUTS_H_

#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "support/block.h"
#include "support/container.h"

namespace h4mk_test {

struct Rational {
  int64_t num, den;
};

inline Rational TimeBase(const Track& track) {
  Rational base{1, 1};
  EXPECT_EQ(std::sscanf(track.time_base.c_str(), "%ld/%ld", &base.num, &base.den), 2);
  return base;
}

// -1, 0, 1: time a of track x is before, at, after time b of track y.
inline int CompareTimes(int64_t a, const Track& x, int64_t b, const Track& y) {
  const Rational p = TimeBase(x), q = TimeBase(y);
  const __int128 left = static_cast<__int128>(a) * p.num * q.den;
  const __int128 right = static_cast<__int128>(b) * q.num * p.den;
  return left < right ? -1 : left > right;
}

// Sorts the blocks by decoding time, as a muxer interleaves them; blocks of one track keep their
// order.
inline void Interleave(Media* media) {
  std::stable_sort(
      media->blocks.begin(), media->blocks.end(), [media](const Block& a, const Block& b) {
        if (a.track == b.track) return false;
        return CompareTimes(a.dts, media->tracks[a.track], b.dts, media->tracks[b.track]) < 0;
      });
}

// Gives every block a payload of its own.
inline void FillPayloads(Media* media, size_t largest) {
  for (size_t i = 0; i < media->blocks.size(); ++i) {
    media->blocks[i].data = Payload(static_cast<uint32_t>(i), 1 + (i * 37) % largest);
  }
}

// Appends a video track: `gops` groups of I (B B P)×`minigops`, coded order, `frame` ticks a frame.
// In an open GOP the I frame of all groups but the first is followed by two B frames that are shown
// before it.
inline void AddVideo(Media* media, const Track& track, int gops, int minigops, int64_t frame,
                     bool open = false) {
  const uint32_t index = static_cast<uint32_t>(media->tracks.size());
  media->tracks.push_back(track);
  int64_t dts = 0, shown = 0;
  const auto add = [&](uint32_t flags, int64_t position) {
    media->blocks.push_back({index, flags, (position + 1) * frame, dts, frame, {}, {}});
    dts += frame;
  };
  for (int gop = 0; gop < gops; ++gop) {
    if (open && gop > 0) {
      add(kKey, shown + 2);
      add(kB, shown);
      add(kB, shown + 1);
      shown += 3;
    } else {
      add(kKey, shown++);
    }
    for (int i = 0; i < minigops; ++i, shown += 3) {
      add(kP, shown + 2);
      add(kB, shown);
      add(kB, shown + 1);
    }
  }
}

// Appends a track of `count` key blocks from `start` on, one every `step` ticks.
inline void AddSimple(Media* media, const Track& track, int count, int64_t start, int64_t step,
                      int64_t duration) {
  const uint32_t index = static_cast<uint32_t>(media->tracks.size());
  media->tracks.push_back(track);
  for (int i = 0; i < count; ++i) {
    const int64_t time = start + i * step;
    media->blocks.push_back({index, kKey, time, time, duration, {}, {}});
  }
}

const Track kVideo{"1/25", "video", "h264"};
const Track kAudio{"1/48000", "audio", "aac"};
const Track kSubtitle{"1/1000", "subtitle", "subrip"};

// One closed GOP after the other, sound, and a subtitle now and then.
inline Media Film() {
  Media media;
  AddVideo(&media, kVideo, 5, 4, 1);
  AddSimple(&media, kAudio, 120, 0, 1024, 1024);
  AddSimple(&media, kSubtitle, 3, 300, 900, 500);
  Interleave(&media);
  return media;
}

// The whole video is one GOP.
inline Media OneGop() {
  Media media;
  AddVideo(&media, kVideo, 1, 20, 1);
  AddSimple(&media, kAudio, 110, -1024, 1024, 1024);
  AddSimple(&media, kSubtitle, 2, 100, 1800, 500);
  Interleave(&media);
  return media;
}

inline Media TwoVideos() {
  Media media;
  AddVideo(&media, kVideo, 4, 3, 1);
  AddVideo(&media, {"1001/30000", "video", "hevc"}, 3, 5, 1);
  Interleave(&media);
  return media;
}

inline Media OpenGop() {
  Media media;
  AddVideo(&media, {"1/90000", "video", "mpeg2video"}, 5, 2, 3600, /*open=*/true);
  AddSimple(&media, kAudio, 70, 0, 1024, 1024);
  Interleave(&media);
  return media;
}

inline Media AllIntra() {
  Media media;
  AddSimple(&media, {"1/25", "video", "mjpeg"}, 60, 0, 1, 1);
  AddSimple(&media, kAudio, 100, 0, 1024, 1024);
  Interleave(&media);
  return media;
}

inline Media SoundOnly() {
  Media media;
  AddSimple(&media, kAudio, 200, -312, 960, 960);
  return media;
}

// All sound lies in front of all video.
inline Media BadInterleave() {
  Media media;
  AddSimple(&media, kAudio, 120, 0, 1024, 1024);
  AddVideo(&media, kVideo, 5, 4, 1);
  return media;
}

// A track that begins long after the other, and one that ends early.
inline Media LateAndEarly() {
  Media media;
  AddVideo(&media, kVideo, 6, 3, 1);
  AddSimple(&media, kAudio, 20, 96000, 1024, 1024);
  AddSimple(&media, kSubtitle, 2, 0, 40, 40);
  Interleave(&media);
  return media;
}

// A track none of whose blocks is a seek point.
inline Media NoKeys() {
  Media media;
  AddVideo(&media, kVideo, 4, 3, 1);
  AddSimple(&media, kAudio, 60, 0, 1024, 1024);
  for (Block& block : media.blocks) {
    if (block.track == 1) block.flags = kP;
  }
  Interleave(&media);
  return media;
}

// The same among others: picture, sound, a subtitle that begins long before most seeks, and data
// without key blocks.
inline Media NoKeysAmongOthers() {
  Media media = Film();
  AddSimple(&media, {"1/1000", "data", "timed_id3"}, 30, 0, 90, 0);
  for (Block& block : media.blocks) {
    if (block.track == 3) block.flags = kP;
  }
  Interleave(&media);
  return media;
}

// Several seek points at the same time.
inline Media EqualTimes() {
  Media media;
  AddSimple(&media, kVideo, 30, 0, 1, 0);
  AddSimple(&media, kSubtitle, 30, 0, 40, 0);
  for (Block& block : media.blocks) {
    const int64_t step = block.track == 0 ? 1 : 40;
    block.pts = block.dts = block.dts / step / 5 * step;
  }
  Interleave(&media);
  return media;
}

// Some blocks have no pts, the first of all among them.
inline Media MissingPts() {
  Media media;
  AddVideo(&media, kVideo, 6, 2, 1);
  AddSimple(&media, kAudio, 70, 0, 1024, 1024);
  Interleave(&media);
  for (size_t i = 0; i < media.blocks.size(); i += 3) media.blocks[i].pts = H4MK_NO_TIME;
  return media;
}

// Some blocks have no time at all.
inline Media MissingTimes() {
  Media media;
  AddVideo(&media, kVideo, 6, 2, 1);
  AddSimple(&media, kAudio, 70, 0, 1024, 1024);
  Interleave(&media);
  for (size_t i = 1; i < media.blocks.size(); i += 4) {
    media.blocks[i].pts = media.blocks[i].dts = H4MK_NO_TIME;
  }
  return media;
}

// Times in no order whatever.
inline Media UnsortedTimes(uint32_t seed, int count = 120) {
  std::mt19937 random(seed);
  Media media;
  media.tracks = {kVideo, kAudio};
  for (int i = 0; i < count; ++i) {
    const uint32_t track = random() % 2;
    const int64_t range = track == 0 ? 100 : 200000;
    const int64_t pts = static_cast<int64_t>(random() % range) - range / 4;
    media.blocks.push_back({track, random() % 3 == 0 ? kKey : kP, pts, pts - 2, 1, {}, {}});
  }
  return media;
}

// The largest and smallest times there are, in time bases that are far apart.
inline Media ExtremeTimes() {
  Media media;
  media.tracks = {{"1/2147483647"}, {"2147483647/1"}, {"1/1000"}};
  for (const int64_t time : {INT64_MIN + 1, INT64_MIN / 2, int64_t{-1}, int64_t{0}, int64_t{1},
                             INT64_MAX / 2, INT64_MAX}) {
    for (uint32_t track = 0; track < 3; ++track) {
      media.blocks.push_back({track, kKey, time, time, 0, {}, {}});
      media.blocks.push_back({track, kP, time, time, INT64_MAX, {}, {}});
    }
  }
  return media;
}

// Any of the above at random: number of tracks, time bases, spacing of seek points,
// missing times.
inline Media AnyLayout(uint32_t seed) {
  std::mt19937 random(seed);
  const std::vector<std::string> bases = {"1/1000", "1/48000", "1001/30000", "1/90000", "3/7"};
  Media media;
  const int tracks = 1 + random() % 4;
  for (int i = 0; i < tracks; ++i) {
    const Track track{bases[random() % bases.size()]};
    const Rational base = TimeBase(track);
    const int64_t step = std::max<int64_t>(1, base.den / base.num / (1 + random() % 50));
    AddSimple(&media, track, 5 + random() % 60, static_cast<int64_t>(random() % 500) - 200, step,
              step);
    const int key_distance = 1 + random() % 20;
    int n = 0;
    for (Block& block : media.blocks) {
      if (block.track != static_cast<uint32_t>(i)) continue;
      if (n++ % key_distance != 0) block.flags = kP;
      if (random() % 4 == 0) block.pts += static_cast<int64_t>(random() % 5) * step;
    }
  }
  Interleave(&media);
  return media;
}

struct Layout {
  std::string name;
  std::function<Media()> make;
  friend std::ostream& operator<<(std::ostream& out, const Layout& layout) {
    return out << layout.name;
  }
};

inline std::vector<Layout> AllLayouts() {
  std::vector<Layout> layouts = {
      {"Film", Film},
      {"OneGop", OneGop},
      {"TwoVideos", TwoVideos},
      {"OpenGop", OpenGop},
      {"AllIntra", AllIntra},
      {"SoundOnly", SoundOnly},
      {"BadInterleave", BadInterleave},
      {"LateAndEarly", LateAndEarly},
      {"NoKeys", NoKeys},
      {"NoKeysAmongOthers", NoKeysAmongOthers},
      {"EqualTimes", EqualTimes},
      {"MissingPts", MissingPts},
      {"MissingTimes", MissingTimes},
      {"ExtremeTimes", ExtremeTimes},
  };
  for (uint32_t seed = 1; seed <= Seeds(3); ++seed) {
    layouts.push_back(
        {"UnsortedTimes" + std::to_string(seed), [seed] { return UnsortedTimes(seed); }});
  }
  for (uint32_t seed = 1; seed <= Seeds(12); ++seed) {
    layouts.push_back({"AnyLayout" + std::to_string(seed), [seed] { return AnyLayout(seed); }});
  }
  return layouts;
}

}  // namespace h4mk_test

#endif  // H4MK_TESTS_SUPPORT_LAYOUTS_H_
