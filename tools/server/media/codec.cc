// SPDX-License-Identifier: MIT
#include "media/codec.h"

#include <array>

#include "core/text.h"
#include "media/bits.h"
#include "media/boxes.h"

namespace h4mk::server {
namespace {

uint8_t Byte(std::string_view bytes, size_t i) {
  return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : uint8_t{0};
}

[[noreturn]] void Refuse(const TrackInfo& track, const std::string& why) {
  throw HttpError(415, "track " + std::to_string(track.index) + " (" + track.codec + "): " + why);
}

std::string Box(std::string_view type, std::string_view content) {
  BoxWriter w;
  w.Begin(type);
  w.Bytes(content);
  w.End();
  return w.Take();
}

bool StartsWithStartCode(std::string_view bytes) {
  return bytes.starts_with(std::string_view("\0\0\1", 3)) ||
         bytes.starts_with(std::string_view("\0\0\0\1", 4));
}

// ------------------------------------------------------------------------------------- H.264, HEVC

// NAL units of a byte stream (ISO/IEC 14496-10, annex B).
std::vector<std::string_view> NalUnits(std::string_view bytes) {
  std::vector<std::string_view> units;
  size_t start = std::string_view::npos;
  for (size_t i = 0; i + 2 < bytes.size();) {
    if (bytes[i] != 0 || bytes[i + 1] != 0 || bytes[i + 2] != 1) {
      ++i;
      continue;
    }
    if (start != std::string_view::npos) units.push_back(bytes.substr(start, i - start));
    start = i += 3;
  }
  if (start != std::string_view::npos) units.push_back(bytes.substr(start));
  for (std::string_view& unit : units)
    while (!unit.empty() && unit.back() == 0) unit.remove_suffix(1);
  std::erase_if(units, [](std::string_view unit) { return unit.empty(); });
  return units;
}

std::string AvcConfig(const TrackInfo& track, std::string_view stream) {
  std::string sps, pps;
  for (const std::string_view unit : NalUnits(stream)) {
    const int type = unit[0] & 31;
    if (type == 7 && sps.empty() && unit.size() >= 4) sps = unit;
    if (type == 8 && pps.empty()) pps = unit;
  }
  if (sps.empty() || pps.empty()) Refuse(track, "no parameter sets at its start");
  BoxWriter w;
  w.U8(1);
  w.Bytes(std::string_view(sps).substr(1, 3));
  w.U8(0xFF);
  w.U8(0xE1);
  w.U16(sps.size());
  w.Bytes(sps);
  w.U8(1);
  w.U16(pps.size());
  w.Bytes(pps);
  return w.Take();
}

CodecInfo DescribeAvc(const TrackInfo& track, std::string_view first_block) {
  CodecInfo info;
  std::string config = track.extradata;
  if (config.empty() || config[0] != 1) {
    info.repack = CodecInfo::kAnnexB;
    config = AvcConfig(track, StartsWithStartCode(config) ? std::string_view(config) : first_block);
  }
  if (config.size() < 7) Refuse(track, "avcC is too short");
  if ((Byte(config, 4) & 3) != 3 && info.repack == CodecInfo::kNone && (Byte(config, 4) & 3) == 2)
    Refuse(track, "NAL units with lengths of 3 bytes");
  info.name = "avc1." + Hex(Byte(config, 1), 2) + Hex(Byte(config, 2), 2) + Hex(Byte(config, 3), 2);
  info.sample_entry = "avc1";
  info.config = Box("avcC", config);
  return info;
}

// hvcC from parameter sets (ISO/IEC 14496-15, 8.3.3.1): profile, tier and level stand in the VPS at
// fixed places, before anything of variable length.
std::string HevcConfig(const TrackInfo& track, std::string_view stream) {
  std::vector<std::string> sets[3];
  for (const std::string_view unit : NalUnits(stream)) {
    const int type = Byte(unit, 0) >> 1 & 63;
    if (type >= 32 && type <= 34) sets[type - 32].emplace_back(unit);
  }
  if (sets[0].empty() || sets[1].empty() || sets[2].empty())
    Refuse(track, "no parameter sets at its start");
  std::string vps;  // without emulation prevention
  for (size_t i = 0, zeros = 0; i < sets[0][0].size(); ++i) {
    const char c = sets[0][0][i];
    if (zeros >= 2 && c == 3) {
      zeros = 0;
      continue;
    }
    zeros = c == 0 ? zeros + 1 : 0;
    vps.push_back(c);
  }
  if (vps.size() < 18) Refuse(track, "its VPS is too short");
  const int depth = track.pixel_format.find("10") != std::string::npos   ? 10
                    : track.pixel_format.find("12") != std::string::npos ? 12
                                                                         : 8;
  const int chroma = track.pixel_format.find("444") != std::string::npos   ? 3
                     : track.pixel_format.find("422") != std::string::npos ? 2
                                                                           : 1;
  BoxWriter w;
  w.U8(1);
  w.Bytes(std::string_view(vps).substr(6, 12));  // profile_tier_level
  w.U16(0xF000);
  w.U8(0xFC);
  w.U8(0xFC | chroma);
  w.U8(0xF8 | (depth - 8));
  w.U8(0xF8 | (depth - 8));
  w.U16(0);
  w.U8(((Byte(vps, 3) >> 1 & 7) + 1) << 3 | (Byte(vps, 3) & 1) << 2 | 3);
  w.U8(3);
  for (int i = 0; i < 3; ++i) {
    w.U8(32 + i);
    w.U16(sets[i].size());
    for (const std::string& unit : sets[i]) {
      w.U16(unit.size());
      w.Bytes(unit);
    }
  }
  return w.Take();
}

CodecInfo DescribeHevc(const TrackInfo& track, std::string_view first_block) {
  CodecInfo info;
  std::string config = track.extradata;
  if (config.size() < 23 || StartsWithStartCode(config)) {
    info.repack = CodecInfo::kAnnexB;
    config =
        HevcConfig(track, StartsWithStartCode(config) ? std::string_view(config) : first_block);
  }
  // ISO/IEC 14496-15, annex E: profile space and idc, compatibility bits reversed, tier and level,
  // constraint bytes without zeros at the end.
  const uint8_t profile = Byte(config, 1);
  uint32_t compatibility = 0;
  for (size_t i = 0; i < 32; ++i)
    compatibility |= static_cast<uint32_t>(Byte(config, 2 + i / 8) >> (7 - i % 8) & 1) << i;
  static const char* const kSpaces[] = {"", "A", "B", "C"};
  info.sample_entry = info.repack == CodecInfo::kNone ? "hvc1" : "hev1";
  info.name = info.sample_entry + "." + kSpaces[profile >> 6] + std::to_string(profile & 31) + ".";
  std::string hex = Hex(compatibility, 8);
  hex.erase(0, std::min(hex.find_first_not_of('0'), hex.size() - 1));
  for (char& c : hex) c = static_cast<char>(toupper(c));
  info.name += hex + "." + (profile & 32 ? "H" : "L") + std::to_string(Byte(config, 12));
  size_t last = 6;
  while (last > 0 && Byte(config, 5 + last) == 0) --last;
  for (size_t i = 0; i < last; ++i) {
    std::string byte = Hex(Byte(config, 6 + i), 2);
    for (char& c : byte) c = static_cast<char>(toupper(c));
    info.name += "." + byte;
  }
  info.config = Box("hvcC", config);
  info.in_browsers = false;
  info.note = "HEVC: Safari, and browsers on systems with a decoder for it";
  return info;
}

// ---------------------------------------------------------------------------------------- AV1, VP9

// A number of AV1 (leb128). Returns bytes taken, 0 on failure.
size_t Leb128(std::string_view bytes, uint64_t* value) {
  *value = 0;
  for (size_t i = 0; i < 8 && i < bytes.size(); ++i) {
    *value |= static_cast<uint64_t>(Byte(bytes, i) & 127) << (7 * i);
    if (!(Byte(bytes, i) & 128)) return i + 1;
  }
  return 0;
}

// The sequence header OBU at the start of a stream, with its header; "" if there is none.
std::string_view SequenceHeader(std::string_view stream) {
  while (!stream.empty()) {
    const uint8_t header = Byte(stream, 0);
    size_t begin = header & 4 ? 2 : 1;
    uint64_t size = stream.size() - std::min(begin, stream.size());
    if (header & 2) {
      const size_t taken = Leb128(stream.substr(std::min(begin, stream.size())), &size);
      if (taken == 0) return {};
      begin += taken;
    }
    if (begin > stream.size() || size > stream.size() - begin) return {};
    if ((header >> 3 & 15) == 1) return stream.substr(0, begin + static_cast<size_t>(size));
    stream.remove_prefix(begin + static_cast<size_t>(size));
  }
  return {};
}

// av1C (AV1 Codec ISO Media File Format Binding, 2.3) from a sequence header.
std::string Av1Config(const TrackInfo& track, std::string_view stream) {
  const std::string_view obu = SequenceHeader(stream);
  if (obu.empty()) Refuse(track, "no sequence header at its start");
  const int profile =
      track.profile >= 0 && track.profile <= 2 ? static_cast<int>(track.profile) : 0;
  const int level = track.level >= 0 && track.level < 32 ? static_cast<int>(track.level) : 8;
  const bool ten = track.pixel_format.find("10") != std::string::npos;
  const bool twelve = track.pixel_format.find("12") != std::string::npos;
  const bool mono = track.pixel_format.starts_with("gray");
  const bool is_444 =
      track.pixel_format.find("444") != std::string::npos || track.pixel_format.starts_with("gbr");
  const bool is_422 = track.pixel_format.find("422") != std::string::npos;
  BoxWriter w;
  w.U8(0x81);
  w.U8(profile << 5 | level);
  w.U8((ten || twelve) << 6 | twelve << 5 | mono << 4 | !is_444 << 3 | !(is_444 || is_422) << 2);
  w.U8(0);
  w.Bytes(obu);
  return w.Take();
}

CodecInfo DescribeAv1(const TrackInfo& track, std::string_view first_block) {
  std::string config = track.extradata;
  if (config.size() < 4 || Byte(config, 0) != 0x81)
    config = Av1Config(track, config.empty() ? first_block : std::string_view(config));
  const int high = Byte(config, 2) >> 6 & 1, twelve = Byte(config, 2) >> 5 & 1;
  const int depth = high ? (twelve ? 12 : 10) : 8;
  const int level = Byte(config, 1) & 31;
  CodecInfo info;
  info.name = "av01." + std::to_string(Byte(config, 1) >> 5) + "." + (level < 10 ? "0" : "") +
              std::to_string(level) + (Byte(config, 2) & 128 ? "H" : "M") + "." +
              (depth < 10 ? "0" : "") + std::to_string(depth);
  info.sample_entry = "av01";
  info.config = Box("av1C", config);
  return info;
}

struct Name {
  const char* name;
  int code;
};
// Code points of ISO/IEC 23091-2.
constexpr Name kPrimaries[] = {{"bt709", 1},     {"bt470m", 4},   {"bt470bg", 5}, {"smpte170m", 6},
                               {"smpte240m", 7}, {"film", 8},     {"bt2020", 9},  {"smpte428", 10},
                               {"smpte431", 11}, {"smpte432", 12}};
constexpr Name kTransfer[] = {
    {"bt709", 1},      {"gamma22", 4},    {"bt470m", 4},    {"gamma28", 5},       {"bt470bg", 5},
    {"smpte170m", 6},  {"smpte240m", 7},  {"linear", 8},    {"iec61966-2-1", 13}, {"bt2020-10", 14},
    {"bt2020-12", 15}, {"smpte2084", 16}, {"smpte428", 17}, {"arib-std-b67", 18}};
constexpr Name kMatrix[] = {{"gbr", 0},     {"bt709", 1},     {"fcc", 4},
                            {"bt470bg", 5}, {"smpte170m", 6}, {"smpte240m", 7},
                            {"ycgco", 8},   {"bt2020nc", 9},  {"bt2020c", 10}};

template <size_t N>
int CodeOf(const Name (&names)[N], const std::string& name) {
  for (const Name& entry : names)
    if (name == entry.name) return entry.code;
  return 2;  // unspecified
}

// The level of VP9 that fits size and rate (webmproject.org/vp9/levels).
int Vp9Level(const TrackInfo& track) {
  const double rate = track.frame_rate.num > 0 ? static_cast<double>(track.frame_rate.num) /
                                                     static_cast<double>(track.frame_rate.den)
                                               : 30;
  const double picture = static_cast<double>(track.width * track.height),
               sample_rate = picture * rate;
  struct Row {
    int level;
    double rate, picture;
  };
  constexpr Row kRows[] = {
      {10, 829440, 36864},       {11, 2764800, 73728},      {20, 4608000, 122880},
      {21, 9216000, 245760},     {30, 20736000, 552960},    {31, 36864000, 983040},
      {40, 83558400, 2228224},   {41, 160432128, 2228224},  {50, 311951360, 8912896},
      {51, 588251136, 8912896},  {52, 1176502272, 8912896}, {60, 1176502272, 35651584},
      {61, 2353004544, 35651584}};
  for (const Row& row : kRows)
    if (sample_rate <= row.rate && picture <= row.picture) return row.level;
  return 62;
}

CodecInfo DescribeVp9(const TrackInfo& track) {
  const int profile =
      track.profile >= 0 && track.profile <= 3 ? static_cast<int>(track.profile) : 0;
  const int depth = track.pixel_format.find("12") != std::string::npos   ? 12
                    : track.pixel_format.find("10") != std::string::npos ? 10
                                                                         : 8;
  const int chroma = track.pixel_format.find("444") != std::string::npos   ? 3
                     : track.pixel_format.find("422") != std::string::npos ? 2
                                                                           : 1;
  const int level = Vp9Level(track);
  BoxWriter w;
  w.BeginFull("vpcC", 1, 0);
  w.U8(profile);
  w.U8(level);
  w.U8(depth << 4 | chroma << 1 | (track.color_range == "pc"));
  w.U8(CodeOf(kPrimaries, track.color_primaries));
  w.U8(CodeOf(kTransfer, track.color_transfer));
  w.U8(CodeOf(kMatrix, track.color_space));
  w.U16(0);
  w.End();
  CodecInfo info;
  info.name = "vp09.0" + std::to_string(profile) + "." + std::to_string(level) +
              (depth < 10 ? ".0" : ".") + std::to_string(depth);
  info.sample_entry = "vp09";
  info.config = w.Take();
  return info;
}

// ------------------------------------------------------------------------------------------- audio

void Descriptor(BoxWriter* w, int tag, size_t size) {
  w->U8(tag);
  for (int shift = 21; shift > 0; shift -= 7) w->U8((size >> shift & 127) | 128);
  w->U8(size & 127);
}

// esds (ISO/IEC 14496-14, 5.6).
std::string Esds(int object_type, std::string_view specific, int64_t bit_rate) {
  const size_t decoder = 13 + (specific.empty() ? 0 : 5 + specific.size());
  BoxWriter w;
  w.BeginFull("esds", 0, 0);
  Descriptor(&w, 3, 3 + 5 + decoder + 5 + 1);
  w.U16(0);
  w.U8(0);
  Descriptor(&w, 4, decoder);
  w.U8(object_type);
  w.U8(0x15);  // audio
  w.U24(0);
  w.U32(static_cast<uint64_t>(std::min<int64_t>(bit_rate, UINT32_MAX)));
  w.U32(static_cast<uint64_t>(std::min<int64_t>(bit_rate, UINT32_MAX)));
  if (!specific.empty()) {
    Descriptor(&w, 5, specific.size());
    w.Bytes(specific);
  }
  Descriptor(&w, 6, 1);
  w.U8(2);
  w.End();
  return w.Take();
}

bool IsAdts(std::string_view block) {
  return block.size() >= 7 && Byte(block, 0) == 0xFF && (Byte(block, 1) & 0xF6) == 0xF0;
}

CodecInfo DescribeAac(const TrackInfo& track, std::string_view first_block) {
  CodecInfo info;
  std::string config = track.extradata;
  if (config.size() < 2) {
    if (!IsAdts(first_block)) Refuse(track, "neither extradata nor ADTS headers");
    info.repack = CodecInfo::kAdts;
    const unsigned object = (Byte(first_block, 2) >> 6) + 1u, rate = Byte(first_block, 2) >> 2 & 15;
    const unsigned channels = (Byte(first_block, 2) & 1u) << 2 | Byte(first_block, 3) >> 6;
    const unsigned bits = object << 11 | rate << 7 | channels << 3;
    config = {static_cast<char>(bits >> 8), static_cast<char>(bits)};
  }
  unsigned object = Byte(config, 0) >> 3;
  if (object == 31) object = 32 + ((Byte(config, 0) & 7u) << 3 | Byte(config, 1) >> 5);
  info.name = "mp4a.40." + std::to_string(object);
  info.sample_entry = "mp4a";
  info.config = Esds(0x40, config, track.bit_rate);
  return info;
}

CodecInfo DescribeOpus(const TrackInfo& track) {
  if (track.extradata.size() < 19) Refuse(track, "no OpusHead");
  const std::string_view head = std::string_view(track.extradata).substr(8);
  BoxWriter w;  // the numbers of OpusHead are little-endian, those of dOps are not
  w.Begin("dOps");
  w.U8(0);
  w.U8(Byte(head, 1));
  w.U16(Byte(head, 3) << 8 | Byte(head, 2));
  w.U32(static_cast<uint64_t>(Byte(head, 7)) << 24 | Byte(head, 6) << 16 | Byte(head, 5) << 8 |
        Byte(head, 4));
  w.U16(Byte(head, 9) << 8 | Byte(head, 8));
  w.Bytes(head.substr(10));
  w.End();
  CodecInfo info;
  info.name = "opus";
  info.sample_entry = "Opus";
  info.config = w.Take();
  return info;
}

CodecInfo DescribeFlac(const TrackInfo& track) {
  if (track.extradata.size() < 34) Refuse(track, "no STREAMINFO");
  BoxWriter w;
  w.BeginFull("dfLa", 0, 0);
  w.U8(0x80);  // the last block, STREAMINFO
  w.U24(34);
  w.Bytes(std::string_view(track.extradata).substr(track.extradata.size() - 34));
  w.End();
  CodecInfo info;
  info.name = "fLaC";
  info.sample_entry = "fLaC";
  info.config = w.Take();
  return info;
}

// ETSI TS 102 366, annex F.4: dac3 repeats what the first frame says.
CodecInfo DescribeAc3(const TrackInfo& track, std::string_view block) {
  BitReader bits(block);
  if (bits.Bits(16) != 0x0B77) Refuse(track, "its first block is no AC-3 frame");
  bits.Bits(16);
  const uint32_t rate = bits.Bits(2), size_code = bits.Bits(6), id = bits.Bits(5),
                 mode = bits.Bits(3), channels = bits.Bits(3);
  if ((channels & 1) && channels != 1) bits.Bits(2);
  if (channels & 4) bits.Bits(2);
  if (channels == 2) bits.Bits(2);
  const uint32_t lfe = bits.Bits(1);
  if (bits.failed() || id > 8) Refuse(track, "its first block is no AC-3 frame");
  const uint32_t value =
      rate << 22 | id << 17 | mode << 14 | channels << 11 | lfe << 10 | (size_code >> 1) << 5;
  BoxWriter w;
  w.Begin("dac3");
  w.U24(value);
  w.End();
  CodecInfo info;
  info.name = "ac-3";
  info.sample_entry = "ac-3";
  info.config = w.Take();
  info.in_browsers = false;
  info.note = "AC-3: Safari, Edge, and televisions";
  return info;
}

// ETSI TS 102 366, annex F.6, one independent substream.
CodecInfo DescribeEac3(const TrackInfo& track, std::string_view block) {
  BitReader bits(block);
  if (bits.Bits(16) != 0x0B77) Refuse(track, "its first block is no E-AC-3 frame");
  bits.Bits(2);
  bits.Bits(3);
  const uint32_t words = bits.Bits(11) + 1, rate = bits.Bits(2);
  const uint32_t second = bits.Bits(2);
  const uint32_t channels = bits.Bits(3), lfe = bits.Bits(1), id = bits.Bits(5);
  if (bits.failed() || id < 11 || id > 16) Refuse(track, "its first block is no E-AC-3 frame");
  static constexpr uint32_t kRates[] = {48000, 44100, 32000};
  static constexpr uint32_t kBlocks[] = {1, 2, 3, 6};
  const uint32_t hz = rate == 3 ? kRates[second % 3] / 2 : kRates[rate];
  const uint32_t samples = 256 * (rate == 3 ? 6 : kBlocks[second]);
  const uint32_t kbps = static_cast<uint32_t>(uint64_t{words} * 2 * 8 * hz / samples / 1000);
  BoxWriter w;
  w.Begin("dec3");
  w.U16(kbps << 3);
  w.U24(rate << 22 | id << 17 | channels << 9 | lfe << 8);
  w.End();
  CodecInfo info;
  info.name = "ec-3";
  info.sample_entry = "ec-3";
  info.config = w.Take();
  info.in_browsers = false;
  info.note = "E-AC-3: Safari, Edge, and televisions";
  return info;
}

CodecInfo DescribeMp3(const TrackInfo& track) {
  CodecInfo info;
  info.name = "mp4a.40.34";
  info.sample_entry = "mp4a";
  info.config = Esds(track.sample_rate < 32000 ? 0x69 : 0x6B, {}, track.bit_rate);
  return info;
}

}  // namespace

bool NeedsFirstBlock(const TrackInfo& track) {
  const std::string& c = track.codec;
  if (c == "ac3" || c == "eac3") return true;
  return track.extradata.empty() && (c == "h264" || c == "hevc" || c == "av1" || c == "aac");
}

CodecInfo DescribeCodec(const TrackInfo& track, std::string_view first_block) {
  const std::string& codec = track.codec;
  if (codec == "h264") return DescribeAvc(track, first_block);
  if (codec == "hevc") return DescribeHevc(track, first_block);
  if (codec == "av1") return DescribeAv1(track, first_block);
  if (codec == "vp9") return DescribeVp9(track);
  if (codec == "aac") return DescribeAac(track, first_block);
  if (codec == "opus") return DescribeOpus(track);
  if (codec == "flac") return DescribeFlac(track);
  if (codec == "ac3") return DescribeAc3(track, first_block);
  if (codec == "eac3") return DescribeEac3(track, first_block);
  if (codec == "mp3") return DescribeMp3(track);
  Refuse(track, "this codec cannot be streamed; the file itself has it");
}

std::string RepackBlock(CodecInfo::Repack repack, std::string_view block) {
  if (repack == CodecInfo::kAdts) {
    if (!IsAdts(block)) return std::string(block);
    return std::string(block.substr(std::min<size_t>(block.size(), Byte(block, 1) & 1 ? 7 : 9)));
  }
  if (repack == CodecInfo::kNone || !StartsWithStartCode(block)) return std::string(block);
  BoxWriter w;
  for (const std::string_view unit : NalUnits(block)) {
    w.U32(unit.size());
    w.Bytes(unit);
  }
  return w.Take();
}

}  // namespace h4mk::server
