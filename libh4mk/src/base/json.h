// SPDX-License-Identifier: MIT
// JSON with bounds: nlohmann-json (kept, exact, order preserving), parsed from untrusted bytes
// without exceptions.
#ifndef H4MK_BASE_JSON_H_
#define H4MK_BASE_JSON_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace h4mk {

using Json = nlohmann::ordered_json;

// Limits that keep hostile JSON cheap: members are looked up linearly and values are written
// recursively.
inline constexpr size_t kMaxJsonDepth = 64;
inline constexpr size_t kMaxJsonMembers = 4096;  // of one object
inline constexpr size_t kMaxJsonValues = 1u << 17;

// Parses a whole text. offset is where it stands in the file, for messages; what names it ("TRAK").
// Values and keys together may be max_values.
Result<Json> ParseJson(std::string_view text, uint64_t offset, const char* what,
                       size_t max_values = kMaxJsonValues);

// The same for files of version 1 and the transport dialect, whose first readers took objects with
// a key twice (the last value holds) and integers of any size (here reals beyond 64 bits, so that
// they can be written again).
Result<Json> ParseLegacyJson(std::string_view text, const char* what,
                             size_t max_values = kMaxJsonValues);

// Checks that ParseJson() would take this value within so many containers. kLimit: it is nested too
// deeply, or has an object with too many members. Adds its values and keys to *values.
Status MeasureJson(const Json& value, size_t containers, const char* what, size_t* values);

// Compact text; strings that are not UTF-8 do not occur in values made by this library.
std::string DumpJson(const Json& value);

bool IsUtf8(std::string_view text);

}  // namespace h4mk

#endif  // H4MK_BASE_JSON_H_
