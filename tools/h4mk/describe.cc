// SPDX-License-Identifier: MIT
#include "describe.h"

#include <fmt/format.h>
#include <h4mk/protection.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "base/base64.h"
#include "base/hex.h"
#include "recording.h"

namespace h4mk::tool {
namespace {

constexpr double kPi = 3.14159265358979323846;

// The names of profiles that people ask for, by the numbers of their codecs.
struct Profile {
  const char* codec;
  int64_t number;
  const char* name;
};
constexpr Profile kProfiles[] = {
    {"h264", 66, "Baseline"},
    {"h264", 578, "Constrained Baseline"},
    {"h264", 77, "Main"},
    {"h264", 88, "Extended"},
    {"h264", 100, "High"},
    {"h264", 110, "High 10"},
    {"h264", 122, "High 4:2:2"},
    {"h264", 244, "High 4:4:4"},
    {"hevc", 1, "Main"},
    {"hevc", 2, "Main 10"},
    {"hevc", 3, "Main Still Picture"},
    {"hevc", 4, "Rext"},
    {"vvc", 1, "Main 10"},
    {"av1", 0, "Main"},
    {"av1", 1, "High"},
    {"av1", 2, "Professional"},
    {"vp9", 0, "Profile 0"},
    {"vp9", 1, "Profile 1"},
    {"vp9", 2, "Profile 2"},
    {"vp9", 3, "Profile 3"},
    {"mpeg2video", 4, "Main"},
    {"mpeg2video", 5, "Simple"},
    {"mpeg2video", 1, "High"},
    {"mpeg2video", 0, "4:2:2"},
    {"mpeg4", 0, "Simple"},
    {"mpeg4", 15, "Advanced Simple"},
    {"aac", 0, "Main"},
    {"aac", 1, "LC"},
    {"aac", 4, "HE-AAC"},
    {"aac", 28, "HE-AACv2"},
    {"dts", 20, "DTS"},
    {"dts", 50, "DTS-HD HRA"},
    {"dts", 60, "DTS-HD MA"},
    {"prores", 0, "Proxy"},
    {"prores", 1, "LT"},
    {"prores", 2, "Standard"},
    {"prores", 3, "HQ"},
    {"prores", 4, "4444"},
    {"prores", 5, "XQ"},
};

void Add(std::string* text, const std::string& part) {
  if (part.empty()) return;
  if (!text->empty()) *text += ", ";
  *text += part;
}

const Json* SideData(const Json& description, std::string_view name) {
  const auto list = description.find("side_data");
  if (list == description.end() || !list->is_array()) return nullptr;
  for (const Json& entry : *list)
    if (entry.is_object() && TextOf(entry, "name") == name) return &entry;
  return nullptr;
}

// ffmpeg.md, "Names of side data": display_matrix. Degrees clockwise that a player turns the
// picture; -1: none that is a turn.
int Rotation(const Json& description) {
  const Json* entry = SideData(description, "display_matrix");
  Bytes bytes;
  if (entry == nullptr || !DecodeBase64(TextOf(*entry, "data"), &bytes) || bytes.size() != 36)
    return -1;
  const auto cell = [&](size_t i) {
    return static_cast<double>(static_cast<int32_t>(LoadLe<uint32_t>(bytes.data() + 4 * i)));
  };
  if (std::hypot(cell(0), cell(3)) == 0 || std::hypot(cell(1), cell(4)) == 0) return -1;
  const double degrees =
      std::atan2(cell(1) / std::hypot(cell(1), cell(4)), cell(0) / std::hypot(cell(0), cell(3))) *
      180 / kPi;
  return (static_cast<int>(std::lround(degrees)) + 360) % 360;
}

std::string HdrText(const Json& description) {
  const std::string transfer = TextOf(description, "color_transfer");
  std::string text;
  if (const Json* dolby = SideData(description, "dovi_configuration"))
    Add(&text, fmt::format("Dolby Vision profile {}", NumberOf(*dolby, "dv_profile")));
  if (SideData(description, "dynamic_hdr10_plus"))
    Add(&text, "HDR10+");
  else if (transfer == "smpte2084")
    Add(&text,
        SideData(description, "mastering_display") || SideData(description, "content_light_level")
            ? "HDR10"
            : "HDR (PQ)");
  else if (transfer == "arib-std-b67")
    Add(&text, "HDR (HLG)");
  return text;
}

std::string ColourText(const Json& description) {
  std::string text;
  const std::string transfer = TextOf(description, "color_transfer"),
                    primaries = TextOf(description, "color_primaries"),
                    space = TextOf(description, "color_space");
  if (!space.empty() && space == primaries && primaries == transfer)
    Add(&text, space);
  else if (!(space + primaries + transfer).empty())
    Add(&text, fmt::format("{}/{}/{}", space.empty() ? "?" : space,
                           primaries.empty() ? "?" : primaries, transfer.empty() ? "?" : transfer));
  Add(&text, HdrText(description));
  return text;
}

std::string PictureText(const Json& description) {
  std::string text;
  if (NumberOf(description, "width") > 0)
    Add(&text,
        fmt::format("{}x{}", NumberOf(description, "width"), NumberOf(description, "height")));
  if (const std::string rate = RateText(TextOf(description, "avg_frame_rate")); !rate.empty())
    Add(&text, rate + " fps");
  const std::string order = TextOf(description, "field_order");
  if (!order.empty() && order != "progressive") Add(&text, "interlaced");
  Add(&text, TextOf(description, "pixel_format"));
  Add(&text, ColourText(description));
  if (const int degrees = Rotation(description); degrees > 0)
    Add(&text, fmt::format("rotated {}° clockwise", degrees));
  return text;
}

std::string SoundText(const Json& description) {
  std::string text;
  if (NumberOf(description, "sample_rate") > 0)
    Add(&text, fmt::format("{} Hz", NumberOf(description, "sample_rate")));
  const int64_t channels = NumberOf(description, "channels");
  if (const std::string layout = TextOf(description, "channel_layout"); !layout.empty())
    Add(&text, layout);
  else if (channels > 0)
    Add(&text, channels == 1 ? "mono" : fmt::format("{} channels", channels));
  if (const int64_t bits = NumberOf(description, "bits_per_raw_sample"); bits > 0)
    Add(&text, fmt::format("{} bits", bits));
  return text;
}

std::string ProfileName(const Json& description) {
  if (!description.contains("profile")) return "";
  for (const Profile& profile : kProfiles)
    if (TextOf(description, "codec") == profile.codec &&
        NumberOf(description, "profile") == profile.number)
      return profile.name;
  return "";
}

// Of a rational that is a text; 0 if it is none.
double RateOf(const std::string& rational) {
  int64_t num = 0, den = 0;
  const char* const end = rational.data() + rational.size();
  const auto first = std::from_chars(rational.data(), end, num);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '/') return 0;
  const auto second = std::from_chars(first.ptr + 1, end, den);
  if (second.ec != std::errc() || num <= 0 || den <= 0) return 0;
  return static_cast<double>(num) / static_cast<double>(den);
}

}  // namespace

std::string TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t NumberOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

std::string CodecText(const Json& description) {
  const std::string codec = TextOf(description, "codec"), profile = ProfileName(description);
  // What FFmpeg has no name for may still have a FourCC.
  const std::string more = codec == "none" ? TextOf(description, "codec_tag") : profile;
  return more.empty() ? codec : fmt::format("{} ({})", codec, Printable(more));
}

Json MediaJson(const Json& description) {
  Json facts = Json::object();
  if (const std::string profile = ProfileName(description); !profile.empty())
    facts["profile"] = profile;
  if (const double rate = RateOf(TextOf(description, "avg_frame_rate")); rate > 0)
    facts["frame_rate"] = rate;
  if (const std::string hdr = HdrText(description); !hdr.empty()) facts["hdr"] = hdr;
  if (const int degrees = Rotation(description); degrees > 0) facts["rotation"] = degrees;
  return facts;
}

Json WithTrueRate(const Json& description, uint64_t blocks, double seconds) {
  constexpr uint64_t kEnough = 10;  // blocks
  const double said = RateOf(TextOf(description, "avg_frame_rate"));
  Json corrected = description;
  if (blocks < kEnough || seconds <= 0 || said <= 1.5 * static_cast<double>(blocks) / seconds)
    return corrected;
  const double counted = static_cast<double>(blocks) / seconds;
  corrected["avg_frame_rate"] = fmt::format("{}/1000", std::llround(counted * 1000));
  return corrected;
}

std::string MediaText(const Json& description) {
  std::string text = PictureText(description);
  Add(&text, SoundText(description));
  return text;
}

std::string AudienceText(const Json& description) {
  std::string text;
  const auto tags = description.find("tags");
  if (tags != description.end() && tags->is_object()) Add(&text, TextOf(*tags, "language"));
  const auto dispositions = description.find("disposition");
  if (dispositions == description.end() || !dispositions->is_array()) return text;
  for (const Json& name : *dispositions)
    if (name.is_string()) Add(&text, name == "attached_pic" ? "cover" : name.get<std::string>());
  return text;
}

std::string RateText(const std::string& rational) {
  const double rate = RateOf(rational);
  if (rate <= 0) return "";
  std::string text = fmt::format("{:.3f}", rate);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string BitRateText(double rate) {
  if (rate >= 999950) return fmt::format("{:.2f} Mb/s", rate / 1e6);
  return fmt::format("{:.1f} kb/s", rate / 1000);
}

Protection ReadProtection(const Recording& recording) {
  Protection protection;
  const auto encryption = recording.meta().find("protection");
  if (encryption != recording.meta().end() && encryption->is_object()) {
    protection.scheme = TextOf(*encryption, "scheme");
    protection.key_id = TextOf(*encryption, "kid");
  }
  h4mk_signer signer = H4MK_SIGNER_INIT;
  if (h4mk_reader_signer(recording.get(), &signer) != H4MK_OK) return protection;
  protection.is_signed = true;
  protection.key_kind = signer.key_kind;
  protection.fingerprint = EncodeHex(signer.fingerprint);
  protection.signed_to_the_end = signer.is_final != 0;
  return protection;
}

Json ProtectionJson(const Protection& protection) {
  Json json = Json::object();
  if (protection.is_signed)
    json["signed"] = {{"key", protection.key_kind},
                      {"fingerprint", protection.fingerprint},
                      {"to_the_end", protection.signed_to_the_end},
                      {"verified", false}};
  if (!protection.scheme.empty())
    json["encrypted"] = {{"scheme", protection.scheme}, {"kid", protection.key_id}};
  return json;
}

std::vector<std::string> ProtectionLines(const Protection& protection) {
  std::vector<std::string> lines;
  if (protection.is_signed)
    lines.push_back(
        fmt::format("signed{} by the {} key {}…, not verified: `h4mk verify --public-key PUB` does",
                    protection.signed_to_the_end ? "" : ", but not up to its end,",
                    protection.key_kind, protection.fingerprint.substr(0, 16)));
  if (!protection.scheme.empty())
    lines.push_back(fmt::format("encrypted by {}{}: blocks need --key-file or --key-env",
                                protection.scheme,
                                protection.key_id.empty() ? "" : ", key id " + protection.key_id));
  return lines;
}

}  // namespace h4mk::tool
