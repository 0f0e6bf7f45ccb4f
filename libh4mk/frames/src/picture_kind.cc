// SPDX-License-Identifier: MIT
#include "picture_kind.h"

#include <algorithm>

namespace h4mk::frames {
namespace {

constexpr size_t kStartCode = 3;  // bytes

// The place of the next start code 00 00 01 from a place on; the end if there is none.
size_t FindStartCode(std::span<const uint8_t> bytes, size_t from) {
  for (size_t i = from; i + kStartCode <= bytes.size(); ++i)
    if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) return i;
  return bytes.size();
}

// Calls visit with the bytes between two start codes, unless there are none. Each byte is handed
// out once, so visit may look at all of its bytes and the work stays linear.
template <typename Visit>
void ForEachUnit(std::span<const uint8_t> block, Visit visit) {
  size_t code = FindStartCode(block, 0);
  while (code < block.size()) {
    const size_t begin = code + kStartCode;
    code = FindStartCode(block, begin);
    if (begin < code) visit(block.subspan(begin, code - begin));
  }
}

// Reads an Exp-Golomb number (ITU-T H.264, 9.1) at the beginning of bytes.
uint32_t ExpGolomb(std::span<const uint8_t> bytes) {
  const auto bit = [&](size_t i) {
    return i / 8 < bytes.size() ? bytes[i / 8] >> (7 - i % 8) & 1u : 0u;
  };
  size_t zeros = 0;
  while (zeros < 31 && zeros < bytes.size() * 8 && bit(zeros) == 0) ++zeros;
  uint32_t value = 0;
  for (size_t i = 0; i <= zeros; ++i) value = value << 1 | bit(zeros + i);
  return value - 1;
}

// ITU-T H.264, D.2.8: recovery_frame_cnt of the message "recovery point" (type 6) in an SEI unit. 0
// if there is none. Bytes that prevent start codes do not occur in so short a message before this
// field.
uint32_t RecoveryFrames(std::span<const uint8_t> nal) {
  size_t at = 1;
  const auto next_number = [&] {
    size_t number = 0;
    while (at < nal.size() && nal[at] == 0xFF) number += nal[at++];
    return at < nal.size() ? number + nal[at++] : number;
  };
  while (at + 2 < nal.size()) {
    const size_t type = next_number(), size = next_number();
    if (size > nal.size() - at) return 0;
    if (type == 6) return ExpGolomb(nal.subspan(at, size));
    at += size;
  }
  return 0;
}

}  // namespace

PictureKinds::PictureKinds(std::string_view codec, std::span<const uint8_t> extradata) {
  // avcC and hvcC begin with their version, 1; parameter sets with a start code.
  if (codec == "h264") {
    codec_ = Codec::kH264;
    if (extradata.size() >= 7 && extradata[0] == 1) length_size_ = (extradata[4] & 3u) + 1;
  } else if (codec == "hevc") {
    codec_ = Codec::kHevc;
    if (extradata.size() >= 23 && extradata[0] == 1) length_size_ = (extradata[21] & 3u) + 1;
  } else if (codec == "mpeg2video" || codec == "mpeg1video") {
    codec_ = Codec::kMpeg12;
  }
}

template <typename Visit>
void PictureKinds::ForEachNal(std::span<const uint8_t> block, Visit visit) const {
  if (length_size_ == 0) {
    ForEachUnit(block, visit);
    return;
  }
  size_t at = 0;
  while (block.size() - at > length_size_) {
    size_t length = 0;
    for (unsigned i = 0; i < length_size_; ++i) length = length << 8 | block[at + i];
    at += length_size_;
    length = std::min(length, block.size() - at);
    if (length > 0) visit(block.subspan(at, length));
    at += length;
  }
}

PictureKind PictureKinds::Look(std::span<const uint8_t> block) const {
  bool has_slice = false, is_reference = false;
  uint8_t layer = 0;
  uint32_t recovers_after = 0;
  switch (codec_) {
    case Codec::kOther:
      return {};
    case Codec::kMpeg12:
      return LookAtMpeg12(block);
    case Codec::kH264:
      // ITU-T H.264, 7.4.1: nal_ref_idc is 0 for all slices of a picture or for none. Types 1 to 5
      // are slices.
      ForEachNal(block, [&](std::span<const uint8_t> nal) {
        const unsigned type = nal[0] & 0x1Fu;
        if (type >= 1 && type <= 5) has_slice = true;
        if (type == 6) recovers_after = std::max(recovers_after, RecoveryFrames(nal));
        // Parameter sets and unknown units may be of use to others.
        if ((nal[0] >> 5 & 3u) != 0 || (type > 12 && type != 14 && type != 20)) is_reference = true;
      });
      break;
    case Codec::kHevc:
      // ITU-T H.265, 7.4.2.2: types below 16 with an even number are sub-layer non-reference
      // pictures; 32 to 34 are parameter sets.
      ForEachNal(block, [&](std::span<const uint8_t> nal) {
        if (nal.size() < 2) return;
        const unsigned type = nal[0] >> 1 & 0x3Fu;
        if (type < 32) {
          has_slice = true;
          layer = std::max(layer, static_cast<uint8_t>(std::max(nal[1] & 7, 1) - 1));
        }
        if ((type < 32 && (type >= 16 || type % 2 == 1)) || (type >= 32 && type <= 34))
          is_reference = true;
      });
      break;
  }
  return {!has_slice || is_reference, has_slice ? layer : uint8_t{0}, recovers_after};
}

// ISO/IEC 13818-2, 6.3.9: picture_coding_type 3 is B, which nothing refers to. A block with a
// sequence header, a group header or a second frame is kept.
PictureKind PictureKinds::LookAtMpeg12(std::span<const uint8_t> block) const {
  unsigned pictures = 0;
  bool is_b = true, is_kept = false;
  ForEachUnit(block, [&](std::span<const uint8_t> unit) {
    is_kept |= unit[0] == 0xB3 || unit[0] == 0xB8;
    if (unit[0] != 0 || unit.size() < 3) return;
    ++pictures;
    is_b &= (unit[2] >> 3 & 7) == 3;
  });
  if (is_kept) return {};
  return {pictures == 0 || !is_b, 0, 0};
}

void AddNeeded(std::span<const PictureKind> kinds, std::vector<bool>* needed) {
  // Lower layers do not need higher ones; within the highest one that is needed, those that are no
  // references are not needed.
  uint8_t highest = 0;
  for (size_t i = 0; i < kinds.size(); ++i)
    if ((*needed)[i]) highest = std::max(highest, kinds[i].layer);
  for (size_t i = 0; i < kinds.size(); ++i)
    if (kinds[i].layer < highest || (kinds[i].layer == highest && kinds[i].is_reference))
      (*needed)[i] = true;
}

}  // namespace h4mk::frames
