// SPDX-License-Identifier: MIT
// Which blocks nothing else needs, as the bitstream itself says: flags of containers are not
// believed.
#ifndef H4MK_FRAMES_PICTURE_KIND_H_
#define H4MK_FRAMES_PICTURE_KIND_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace h4mk::frames {

struct PictureKind {
  bool is_reference = true;  // or not known: others may need it
  uint8_t layer = 0;         // temporal layer: nothing of a lower one needs it
  // A seek point from which on pictures are refreshed little by little: so many reference
  // pictures later they are right.
  uint32_t recovers_after = 0;
};

class PictureKinds {
 public:
  // extradata as FFmpeg has it: it tells how NAL units are delimited.
  PictureKinds(std::string_view codec, std::span<const uint8_t> extradata);

  PictureKind Look(std::span<const uint8_t> block) const;

 private:
  enum class Codec { kOther, kH264, kHevc, kMpeg12 };
  template <typename Visit>
  void ForEachNal(std::span<const uint8_t> block, Visit visit) const;
  PictureKind LookAtMpeg12(std::span<const uint8_t> block) const;

  Codec codec_ = Codec::kOther;
  unsigned length_size_ = 0;  // of a NAL unit; 0: start codes
};

// needed[i] is set for those that are wanted; sets it for all others that they may need, which is
// all but those that certainly are not.
void AddNeeded(std::span<const PictureKind> kinds, std::vector<bool>* needed);

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_PICTURE_KIND_H_
