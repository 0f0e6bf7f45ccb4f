// SPDX-License-Identifier: MIT
// Numbers, times and texts as people read and write them.
#ifndef H4MK_TOOLS_TEXT_H_
#define H4MK_TOOLS_TEXT_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time_base.h"

namespace h4mk::tool {

// The UTF-8 character at the front of a text, or a byte that is none.
std::string_view FirstCharacter(std::string_view text);
// Control characters, and those that turn the direction of the text round or end a line.
bool IsHidden(std::string_view character);
// A text from a file as it may go to a terminal: control characters and bytes that are no UTF-8
// become \xNN, characters that turn the direction of the text round, or end a line, \u{NNNN}.
std::string Printable(std::string_view text);
// JSON as it may go to a terminal: such characters, which JSON allows, become \uNNNN, which means
// the same.
std::string PrintableJson(std::string json);

// The sum of two times that a file may have set to anything: it ends at the extremes, and is never
// "no time" (H4MK_NO_TIME).
inline int64_t Sum(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) sum = a < 0 ? INT64_MIN : INT64_MAX;
  return std::max(sum, INT64_MIN + 1);
}

// SHA-256 of size bytes at data, in hexadecimal.
std::string Sha256Hex(const void* data, size_t size);

// "version 2", "transport dialect"
std::string VersionText(int version);
// 1234567 as 1,234,567
std::string Grouped(uint64_t number);
// 1 and "block" as 1 block, 1234 as 1,234 blocks
std::string Counted(uint64_t number, const char* what);
// 418.2 MB
std::string HumanBytes(uint64_t bytes);
// A time in a time base as 1:02:03.456; "-" if it is not known.
std::string Clock(int64_t time, TimeBase time_base);
// Of seconds, which a file may have set to anything.
std::string ClockOfSeconds(double seconds);
// The same in seconds.
double Seconds(int64_t time, TimeBase time_base);
// From one time to another, which may be farther apart than a time can say.
double SecondsBetween(int64_t from, int64_t to, TimeBase time_base);

// How many letters must be changed, added, left out or exchanged with their neighbour to make one
// word of another.
size_t EditDistance(std::string_view a, std::string_view b);

// "90", "1:30", "0:01:30.250", "-5": a time in microseconds. False if it is none.
bool ParseClock(std::string_view text, int64_t* microseconds);
// "1000", "500MB", "2.5GiB", "10k": a number of bytes. False if it is none.
bool ParseSize(std::string_view text, uint64_t* bytes);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_TEXT_H_
