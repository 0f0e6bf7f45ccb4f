// SPDX-License-Identifier: MIT
// What there is to say of a track, and of how a file is protected, in words.
#ifndef H4MK_TOOLS_DESCRIBE_H_
#define H4MK_TOOLS_DESCRIBE_H_

#include <string>
#include <vector>

#include "output.h"

namespace h4mk::tool {

class Recording;

// A text, or a whole number, of a description; "" and 0 if it is none.
std::string TextOf(const Json& object, const char* key);
int64_t NumberOf(const Json& object, const char* key);

// "h264 (High)"
std::string CodecText(const Json& description);
// "640x360, 23.976 fps, yuv420p": of what is seen or heard.
std::string MediaText(const Json& description);
// The same facts for programs, where they are known: "profile", "frame_rate", "hdr", "rotation".
Json MediaJson(const Json& description);
// The description with avg_frame_rate counted from the blocks, where it says more than 1.5 times
// that (some formats store the time base as the rate).
Json WithTrueRate(const Json& description, uint64_t blocks, double seconds);
// "ger, default, forced": whom a track is for.
std::string AudienceText(const Json& description);
// A rate as people know it: "24000/1001" is "23.976"; "" if it is none.
std::string RateText(const std::string& rational);
// "1.5 Mb/s"
std::string BitRateText(double bits_per_second);

// How a file is protected. Who signed it is what the file says of itself: nothing is verified.
struct Protection {
  bool is_signed = false;
  std::string key_kind,
      fingerprint;  // of the key it was signed with; the fingerprint is hexadecimal
  bool signed_to_the_end = false;
  std::string scheme, key_id;  // of the encryption; "" if there is none
};
Protection ReadProtection(const Recording& recording);
Json ProtectionJson(const Protection& protection);
// A line each, none where nothing is protected.
std::vector<std::string> ProtectionLines(const Protection& protection);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_DESCRIBE_H_
