// SPDX-License-Identifier: MIT
#include "core/router.h"

#include <algorithm>
#include <cmath>

namespace h4mk::server {
namespace {

const std::string* FindQuery(const Query& query, const std::string& name) {
  for (const auto& [key, value] : query)
    if (key == name) return &value;
  return nullptr;
}

// "part-{number}.{part}.m4s" against "part-12.3.m4s". A parameter ends where the text behind it is
// met first; the last one where the segment's end begins.
bool MatchSegment(std::string_view pattern, std::string_view text,
                  std::map<std::string, std::string>* parameters) {
  for (;;) {
    const size_t open = pattern.find('{');
    if (open == std::string_view::npos) return pattern == text;
    if (text.substr(0, open) != pattern.substr(0, open)) return false;
    text.remove_prefix(open);
    const size_t close = pattern.find('}');
    const std::string name(pattern.substr(open + 1, close - open - 1));
    pattern.remove_prefix(close + 1);
    const std::string_view behind = pattern.substr(0, pattern.find('{'));
    const bool is_last = behind.size() == pattern.size();
    if (text.size() < behind.size() || (is_last && !text.ends_with(behind))) return false;
    const size_t end = is_last ? text.size() - behind.size() : text.find(behind);
    if (end == std::string_view::npos || end == 0) return false;
    (*parameters)[name] = std::string(text.substr(0, end));
    text.remove_prefix(end);
  }
}

bool MatchPath(const std::string& pattern, const std::string& path,
               std::map<std::string, std::string>* parameters) {
  const std::vector<std::string_view> want = Split(pattern, '/'), have = Split(path, '/');
  const auto rest = std::find_if(want.begin(), want.end(),
                                 [](std::string_view s) { return s.find("...}") != s.npos; });
  if (rest == want.end()) {
    if (want.size() != have.size()) return false;
    for (size_t i = 0; i < want.size(); ++i)
      if (!MatchSegment(want[i], have[i], parameters)) return false;
    return true;
  }
  if (have.size() < want.size()) return false;
  const auto before = static_cast<size_t>(rest - want.begin()), after = want.size() - before - 1;
  for (size_t i = 0; i < before; ++i)
    if (!MatchSegment(want[i], have[i], parameters)) return false;
  for (size_t i = 0; i < after; ++i)
    if (!MatchSegment(want[want.size() - 1 - i], have[have.size() - 1 - i], parameters))
      return false;
  std::string joined;
  for (size_t i = before; i + after < have.size(); ++i) {
    if (have[i].empty()) return false;
    joined.append(i == before ? "" : "/").append(have[i]);
  }
  std::string name(*rest);
  const size_t dots = name.find("...}");
  const std::string suffix = name.substr(dots + 4);
  name = name.substr(1, dots - 1);
  if (joined.size() <= suffix.size() || !joined.ends_with(suffix)) return false;
  (*parameters)[name] = joined.substr(0, joined.size() - suffix.size());
  return true;
}

std::string OpenApiPath(const std::string& pattern) {
  std::string path = pattern;
  if (const size_t dots = path.find("...}"); dots != std::string::npos) path.erase(dots, 3);
  return path;
}

void DescribeRoute(const Route& route, std::string* json) {
  std::string method = route.method;
  for (char& c : method) c = static_cast<char>(tolower(c));
  *json += JsonText(method) + ":{\"summary\":" + JsonText(route.summary) + ",\"tags\":[" +
           JsonText(route.tag) + "],\"parameters\":[";
  for (size_t i = 0; i < route.parameters.size(); ++i) {
    const Parameter& p = route.parameters[i];
    *json += std::string(i ? "," : "") + "{\"name\":" + JsonText(p.name) + ",\"in\":\"" +
             (p.place == Parameter::kPath ? "path\",\"required\":true" : "query\"") +
             ",\"description\":" + JsonText(p.description) +
             ",\"schema\":{\"type\":" + JsonText(p.type) + "}}";
  }
  *json += "],\"responses\":{\"200\":{\"description\":" + JsonText(route.summary) +
           ",\"content\":{" + JsonText(route.content_type) +
           ":{}}},\"default\":{\"description\":\"an error\",\"content\":{\"application/json\":"
           "{\"schema\":{\"$ref\":\"#/components/schemas/Error\"}}}}}}";
}

}  // namespace

bool Call::Has(const std::string& name) const { return FindQuery(query, name) != nullptr; }

std::string Call::Text(const std::string& name, const std::string& otherwise) const {
  const std::string* value = FindQuery(query, name);
  return value == nullptr ? otherwise : *value;
}

uint64_t Call::Number(const std::string& name, uint64_t otherwise, uint64_t most) const {
  const std::string* value = FindQuery(query, name);
  uint64_t number = otherwise;
  if (value != nullptr && (!ParseNumber(*value, &number) || number > most))
    throw HttpError(400, name + " must be a number" +
                             (most == UINT64_MAX ? "" : " up to " + std::to_string(most)));
  return number;
}

bool Call::Flag(const std::string& name) const {
  const std::string* value = FindQuery(query, name);
  return value != nullptr && *value != "0" && *value != "false";
}

double Call::Seconds(const std::string& name, double otherwise) const {
  const std::string* value = FindQuery(query, name);
  if (value == nullptr) return otherwise;
  int64_t microseconds = 0;
  if (!ParseSeconds(*value, &microseconds))
    throw HttpError(400, name + " must be seconds, as in 12.5");
  return static_cast<double>(microseconds) / 1e6;
}

uint64_t Call::PathNumber(const std::string& name) const {
  uint64_t number = 0;
  if (!ParseNumber(Path(name), &number)) throw HttpError(404, name + " must be a number");
  return number;
}

void Router::Add(Route route) { routes_.push_back(std::move(route)); }

Router::Match Router::Find(const std::string& method, const std::string& path) const {
  Match match;
  for (const Route& route : routes_) {
    std::map<std::string, std::string> parameters;
    if (!MatchPath(route.pattern, path, &parameters)) continue;
    if (route.method != method && !(method == "HEAD" && route.method == "GET")) {
      match.other_method = true;
      match.allowed = route.method;
      continue;
    }
    match.route = &route;
    match.parameters = std::move(parameters);
    return match;
  }
  return match;
}

std::string MakeOpenApi(const Router& router, const std::string& version) {
  std::string json =
      "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"h4mkd\",\"version\":" + JsonText(version) +
      ",\"description\":\"A folder of H4MK files as files, HLS, DASH and "
      "JSON.\",\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"}},"
      "\"servers\":[{\"url\":\"/\"}],\"paths\":{";
  std::vector<std::string> done;
  for (const Route& route : router.routes()) {
    const std::string path = OpenApiPath(route.pattern);
    if (route.tag.empty() || std::find(done.begin(), done.end(), path) != done.end()) continue;
    json += std::string(done.empty() ? "" : ",") + JsonText(path) + ":{";
    done.push_back(path);
    bool first = true;
    for (const Route& other : router.routes()) {
      if (other.tag.empty() || OpenApiPath(other.pattern) != path) continue;
      if (!first) json += ",";
      first = false;
      DescribeRoute(other, &json);
    }
    json += "}";
  }
  return json +
         "},\"components\":{\"schemas\":{\"Error\":{\"type\":\"object\",\"required\":[\"error\"],"
         "\"properties\":"
         "{\"error\":{\"type\":\"string\"}}}}}}\n";
}

}  // namespace h4mk::server
