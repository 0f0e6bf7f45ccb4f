// SPDX-License-Identifier: MIT
// The C interface of h4mk/frames.h: handles, checks of arguments, a barrier for exceptions; no
// logic of its own.
#include <h4mk/frames.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>

#include "frame_decoder.h"
#include "plan.h"
#include "sound_decoder.h"

using h4mk::frames::Outcome;

struct h4mk_frames {
  std::atomic<bool> cancelled = false;
  std::unique_ptr<h4mk::frames::FrameDecoder> pictures;  // of a track of pictures
  std::unique_ptr<h4mk::frames::SoundDecoder> sound;     // of one with sound
  std::string message;
};

namespace {

template <typename Body>
h4mk_status Call(h4mk_frames* frames, Body body) {
  try {
    Outcome outcome = body();
    frames->message = outcome.message();
    return outcome.status();
  } catch (const std::bad_alloc&) {
    frames->message.clear();
    return H4MK_ERR_MEMORY;
  } catch (const std::exception& exception) {
    frames->message = exception.what();
    return H4MK_ERR_STATE;
  }
}

// Copies the part of an options struct that its caller knows.
template <typename Struct>
bool CopyStruct(const Struct* from, Struct* to) {
  if (from == nullptr) return true;
  if (from->struct_size < sizeof from->struct_size) return false;
  std::memcpy(to, from, std::min(from->struct_size, sizeof *to));
  to->struct_size = sizeof *to;
  return true;
}

constexpr uint32_t kMaxSide = 16384;

bool IsValid(const h4mk_picture_format& format) {
  return format.pixels >= H4MK_PIXELS_RGB && format.pixels <= H4MK_PIXELS_DECODED &&
         format.layout >= H4MK_LAYOUT_HWC && format.layout <= H4MK_LAYOUT_CHW &&
         format.width <= kMaxSide && format.height <= kMaxSide &&
         (format.width == 0) == (format.height == 0);
}

}  // namespace

h4mk_status h4mk_frames_open(h4mk_reader* reader, uint32_t track,
                             const h4mk_frames_options* options, h4mk_frames** out) {
  h4mk_frames_options settings = H4MK_FRAMES_OPTIONS_INIT;
  if (reader == nullptr || out == nullptr || !CopyStruct(options, &settings) ||
      settings.max_pixels > uint64_t{kMaxSide} * kMaxSide)
    return H4MK_ERR_ARGUMENT;
  auto* frames = new (std::nothrow) h4mk_frames;
  *out = frames;
  if (frames == nullptr) return H4MK_ERR_MEMORY;
  return Call(frames, [&]() -> Outcome {
    const char* kind = h4mk_value_get_text(h4mk_reader_track(reader, track), "kind");
    if (kind != nullptr && std::strcmp(kind, "audio") == 0) {
      auto sound = std::make_unique<h4mk::frames::SoundDecoder>(reader, track);
      H4MK_FRAMES_TRY(sound->Open());
      frames->sound = std::move(sound);
    } else {
      auto pictures = std::make_unique<h4mk::frames::FrameDecoder>(reader, track, settings);
      H4MK_FRAMES_TRY(pictures->Open());
      frames->pictures = std::move(pictures);
    }
    return {};
  });
}

void h4mk_frames_free(h4mk_frames* frames) { delete frames; }

const char* h4mk_frames_message(const h4mk_frames* frames) {
  return frames != nullptr ? frames->message.c_str() : "";
}

h4mk_status h4mk_frames_picture_size(h4mk_frames* frames, h4mk_picture_format* format,
                                     uint64_t* size) {
  h4mk_picture_format settings = H4MK_PICTURE_FORMAT_INIT;
  if (frames == nullptr || !frames->pictures || format == nullptr || size == nullptr ||
      !CopyStruct(format, &settings) || !IsValid(settings))
    return H4MK_ERR_ARGUMENT;
  return Call(frames, [&]() -> Outcome {
    H4MK_FRAMES_TRY(frames->pictures->PictureSize(&settings, size));
    settings.struct_size = format->struct_size;
    std::memcpy(format, &settings, std::min(format->struct_size, sizeof settings));
    return {};
  });
}

h4mk_status h4mk_frames_decode(h4mk_frames* frames, const uint64_t* numbers, size_t count,
                               const h4mk_picture_format* format, uint8_t* out, uint64_t out_size) {
  h4mk_picture_format settings = H4MK_PICTURE_FORMAT_INIT;
  if (frames == nullptr || !frames->pictures || (numbers == nullptr && count > 0) ||
      (out == nullptr && out_size > 0) || !CopyStruct(format, &settings) || !IsValid(settings))
    return H4MK_ERR_ARGUMENT;
  return Call(frames, [&] {
    return frames->pictures->Decode({numbers, count}, settings, out, out_size);
  });
}

void h4mk_frames_cancel(h4mk_frames* frames) {
  if (frames == nullptr) return;
  frames->cancelled = true;
  if (frames->pictures) frames->pictures->Cancel();
}

h4mk_status h4mk_frames_get_stats(const h4mk_frames* frames, h4mk_frames_stats* stats) {
  if (frames == nullptr || !frames->pictures || stats == nullptr ||
      stats->struct_size < sizeof stats->struct_size)
    return H4MK_ERR_ARGUMENT;
  const size_t known = stats->struct_size;
  std::memcpy(stats, &frames->pictures->stats(), std::min(known, sizeof *stats));
  stats->struct_size = known;
  return H4MK_OK;
}

h4mk_status h4mk_frames_plan(h4mk_frames* frames, const uint64_t* numbers, size_t count,
                             const h4mk_plan_options* options, h4mk_value** out) {
  constexpr uint32_t kMaxWaste = 1000;
  h4mk_plan_options settings = H4MK_PLAN_OPTIONS_INIT;
  if (frames == nullptr || !frames->pictures || (numbers == nullptr && count > 0) ||
      out == nullptr || !CopyStruct(options, &settings) || settings.max_waste > kMaxWaste)
    return H4MK_ERR_ARGUMENT;
  return Call(frames, [&]() -> Outcome {
    std::vector<h4mk::frames::PlannedGroup> groups;
    H4MK_FRAMES_TRY(frames->pictures->Plan({numbers, count}, &groups));
    std::unique_ptr<h4mk_value, void (*)(h4mk_value*)> plan(h4mk_value_new(), h4mk_value_free);
    if (!plan || h4mk_value_set_int(plan.get(), "track", frames->pictures->track()) != H4MK_OK ||
        !h4mk::frames::DescribePlan(groups, frames->pictures->beside(), settings, plan.get()))
      return Outcome(H4MK_ERR_MEMORY, "no memory for a plan");
    *out = plan.release();
    return {};
  });
}

h4mk_status h4mk_frames_sound_format(h4mk_frames* frames, h4mk_sound_format* format) {
  h4mk_sound_format found = H4MK_SOUND_FORMAT_INIT;
  if (frames == nullptr || !frames->sound || format == nullptr ||
      format->struct_size < sizeof format->struct_size)
    return H4MK_ERR_ARGUMENT;
  return Call(frames, [&]() -> Outcome {
    H4MK_FRAMES_TRY(frames->sound->Format(&found));
    found.struct_size = format->struct_size;
    std::memcpy(format, &found, std::min(format->struct_size, sizeof found));
    return {};
  });
}

h4mk_status h4mk_frames_samples(h4mk_frames* frames, int64_t first, uint64_t count, float* out) {
  if (frames == nullptr || !frames->sound || (out == nullptr && count > 0))
    return H4MK_ERR_ARGUMENT;
  return Call(frames, [&]() -> Outcome {
    Outcome outcome = frames->sound->Decode(first, count, frames->cancelled, out);
    return frames->cancelled.exchange(false) ? Outcome(H4MK_ERR_CANCELLED, "cancelled") : outcome;
  });
}
