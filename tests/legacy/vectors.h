// SPDX-License-Identifier: MIT
// Golden vectors (tests/vectors/README.md): loading them, and the form in which they state results.
#ifndef H4MK_TESTS_LEGACY_VECTORS_H_
#define H4MK_TESTS_LEGACY_VECTORS_H_

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "base/fault.h"
#include "base/json.h"

namespace h4mk {

inline std::string VectorPath(const std::string& name) {
  return std::string(H4MK_SOURCE_DIR) + "/tests/vectors/" + name;
}

inline Bytes ReadVector(const std::string& name) {
  std::ifstream file(VectorPath(name), std::ios::binary);
  EXPECT_TRUE(file) << name;
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// Lives as long as the program, so that loops may go over a part of it.
inline const Json& VectorIndex(const std::string& folder) {
  static std::map<std::string, Json> indexes;
  const auto [index, is_new] = indexes.try_emplace(folder);
  if (is_new) {
    std::ifstream file(VectorPath(folder + "/index.json"));
    EXPECT_TRUE(file) << folder;
    index->second = Json::parse(file);
  }
  return index->second;
}

// A list of vectors, which has some.
inline const Json& Rows(const std::string& folder, const std::string& list) {
  const Json& rows = VectorIndex(folder).at(list);
  EXPECT_FALSE(rows.empty()) << folder << ", " << list;
  return rows;
}

inline Bytes FromHex(std::string_view text) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return bytes;
}

// The bytes that a member of a vector has as hex.
inline Bytes Hex(const Json& row, const char* key) { return FromHex(row[key].get<std::string>()); }

inline std::string ToHex(ByteSpan bytes) {
  std::string text;
  for (uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

inline std::string Sha256Hex(ByteSpan bytes) {
  uint8_t digest[32];
  EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, EVP_sha256(), nullptr), 1);
  return ToHex(digest);
}

// Numbers from 2^53 on are texts in the vectors.
inline int64_t Number(const Json& value) {
  return value.is_string() ? std::stoll(value.get<std::string>()) : value.get<int64_t>();
}
inline Json LargeNumber(uint64_t value) {
  return value >> 53 ? Json(std::to_string(value)) : Json(value);
}

// {"ok": value} or {"error": kind}, as Expected() makes of a vector's result.
template <typename T, typename ToJson>
Json Outcome(const Result<T>& result, ToJson to_json) {
  if (result.ok()) return {{"ok", to_json(result.value())}};
  return {{"error", std::string(result.status().fault())}};
}

inline Json Expected(const Json& result) {
  if (result.contains("ok")) return {{"ok", result["ok"]}};
  return {{"error", result["error"]["kind"]}};
}

}  // namespace h4mk

#endif  // H4MK_TESTS_LEGACY_VECTORS_H_
