// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/base64.h"
#include "legacy/python_json.h"

namespace h4mk {
namespace {

std::string ErrorOf(const std::string& text) {
  const Result<Json> json = ParseJson(text, 7, "META");
  return json.ok() ? "" : json.status().message();
}

TEST(ParseJson, KeepsOrderAndValues) {
  const Result<Json> json =
      ParseJson(R"({"z":1,"a":[true,null,-9223372036854775808,9223372036854775807]})", 0, "x");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(DumpJson(json.value()),
            R"({"z":1,"a":[true,null,-9223372036854775808,9223372036854775807]})");
}

// core.md, "Conventions": what one reader takes for an integer must not be a real to another.
TEST(ParseJson, RefusesIntegersOfMoreThan64Bits) {
  const std::string wide = "META has an integer of more than 64 bits at byte 7";
  EXPECT_EQ(ErrorOf("[9223372036854775808]"), wide);
  EXPECT_EQ(ErrorOf("[-9223372036854775809]"), wide);
  EXPECT_EQ(ErrorOf("{\"a\":100000000000000000000000}"), wide);
  EXPECT_EQ(ErrorOf("[1e300,9223372036854775808.5,\"\\\"9223372036854775808\"]"), "");
}

TEST(ParseLegacyJson, TakesWhatTheFirstReadersTook) {
  EXPECT_EQ(ErrorOf(R"({"a":1,"a":2})"), "META is an object with a key twice at byte 7");
  const Result<Json> json = ParseLegacyJson(R"({"a":1,"a":2,"b":9223372036854775808})", "META");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json.value()["a"], 2);
  EXPECT_TRUE(json.value()["b"].is_number_float());
  const Result<Json> nested =
      ParseLegacyJson(R"([{"a":{"x":1},"b":[],"a":[1,{"c":null}]},true])", "META");
  ASSERT_TRUE(nested.ok());
  EXPECT_EQ(DumpJson(nested.value()), R"([{"a":[1,{"c":null}],"b":[]},true])");
}

TEST(ParseJson, NamesTheOffset) {
  EXPECT_EQ(ErrorOf("{"), "META is not valid JSON at byte 7");
  EXPECT_EQ(ErrorOf("\xEF\xBB\xBF{}"), "META starts with a byte order mark at byte 7");
  EXPECT_EQ(ErrorOf("\"\xFF\""), "META is not valid JSON at byte 7");
  EXPECT_EQ(ErrorOf(""), "META is not valid JSON at byte 7");
}

// Depth and members are bounded: written recursively and looked up linearly, they would cost a
// hostile file nothing.
TEST(ParseJson, HasLimits) {
  EXPECT_EQ(ErrorOf(std::string(60, '[') + std::string(60, ']')), "");
  EXPECT_EQ(ErrorOf(std::string(100000, '[')), "META is nested too deeply at byte 7");
  std::string many = "{";
  for (int i = 0; i < 5000; ++i) many += (i ? ",\"" : "\"") + std::to_string(i) + "\":0";
  EXPECT_EQ(ErrorOf(many + "}"), "META is an object with too many members at byte 7");
}

// Leaves digits where the next call has its variables.
[[gnu::noinline]] void FillStackWithDigits() {
  volatile char digits[4096];
  for (volatile char& digit : digits) digit = '5';
}

TEST(FormatPythonFloat, DoesNotDependOnWhatTheStackHolds) {
  for (const auto& [number, text] :
       {std::pair(29.97, "29.97"), {1e-7, "1e-07"}, {1e22, "1e+22"}, {0.1, "0.1"}}) {
    FillStackWithDigits();
    const std::string formatted = FormatPythonFloat(number);
    EXPECT_EQ(formatted, text);
  }
}

// JSON has none of them; Python writes and reads them all the same.
TEST(FormatPythonFloat, WhatIsNoNumber) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(FormatPythonFloat(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(FormatPythonFloat(infinity), "Infinity");
  EXPECT_EQ(FormatPythonFloat(-infinity), "-Infinity");
}

// RFC 3629: no surrogates, no overlong forms, nothing beyond U+10FFFF.
TEST(IsUtf8, FollowsTheStandard) {
  for (const char* good :
       {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x8E\xAC", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(IsUtf8(good)) << good;
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"})
    EXPECT_FALSE(IsUtf8(bad));
}

// RFC 4648, section 10.
TEST(Base64, MatchesTheStandard) {
  const std::pair<std::string, std::string> vectors[] = {
      {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    const Bytes bytes(plain.begin(), plain.end());
    EXPECT_EQ(EncodeBase64(bytes), encoded);
    Bytes back;
    EXPECT_TRUE(DecodeBase64(encoded, &back));
    EXPECT_EQ(back, bytes);
  }
  Bytes back;
  for (const char* bad : {"Zg", "Zg=", "Z===", "Zm9v\n", "Zm 9", "Zm-v", "=m9v", "Zg==Zg=="})
    EXPECT_FALSE(DecodeBase64(bad, &back)) << bad;
}

}  // namespace
}  // namespace h4mk
