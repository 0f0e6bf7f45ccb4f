// SPDX-License-Identifier: MIT
#include "core/router.h"

#include <algorithm>
#include <stdexcept>

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

bool IsRest(const std::string& segment) { return segment.find("...}") != std::string::npos; }

// The segments of a path against those of a pattern.
bool MatchPath(const std::vector<std::string>& want, const std::vector<std::string_view>& have,
               std::map<std::string, std::string>* parameters) {
  const auto rest = std::find_if(want.begin(), want.end(), IsRest);
  const bool has_rest = rest != want.end();
  if (have.size() < want.size() || (!has_rest && have.size() != want.size())) return false;
  const auto before = static_cast<size_t>(rest - want.begin());
  for (size_t i = 0; i < before; ++i)
    if (!MatchSegment(want[i], have[i], parameters)) return false;
  if (!has_rest) return true;
  const size_t after = want.size() - before - 1;
  for (size_t i = 0; i < after; ++i)
    if (!MatchSegment(want[want.size() - 1 - i], have[have.size() - 1 - i], parameters))
      return false;
  std::string joined;
  for (size_t i = before; i + after < have.size(); ++i) {
    if (have[i].empty()) return false;
    joined.append(i == before ? "" : "/").append(have[i]);
  }
  const size_t dots = rest->find("...}");
  const std::string suffix = rest->substr(dots + 4);
  if (joined.size() <= suffix.size() || !joined.ends_with(suffix)) return false;
  (*parameters)[rest->substr(1, dots - 1)] = joined.substr(0, joined.size() - suffix.size());
  return true;
}

const Parameter& ParameterOfPath(const std::string& name) {
  static const Parameter kParameters[] = {
      {"name", "string", "path below the folder, without .h4mk"},
      {"token", "string", "names the content; playlists have it"},
      {"track", "integer", "index of the track, from 0"},
      {"number", "integer", "of the block within its track, or of the segment or picture, from 0"},
      {"part", "integer", "of the part within its segment, from 0"},
      {"index", "integer", "from 0"}};
  for (const Parameter& parameter : kParameters)
    if (parameter.name == name) return parameter;
  throw std::logic_error("a path has the unknown parameter " + name);
}

void DescribeParameter(const Parameter& p, const char* place, std::string* json) {
  *json += std::string(json->back() == '[' ? "" : ",") + "{\"name\":" + JsonText(p.name) +
           ",\"in\":\"" + place + ",\"description\":" + JsonText(p.description) +
           ",\"schema\":{\"type\":" + JsonText(p.type) + "}}";
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
  const std::string path = OpenApiPath(route.pattern);
  for (size_t open = 0; (open = path.find('{', open)) != std::string::npos; ++open)
    DescribeParameter(ParameterOfPath(path.substr(open + 1, path.find('}', open) - open - 1)),
                      "path\",\"required\":true", json);
  for (const Parameter& p : route.query) DescribeParameter(p, "query\"", json);
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

void Router::Add(Route route) {
  std::vector<std::string>& segments = segments_.emplace_back();
  for (const std::string_view segment : Split(route.pattern, '/')) segments.emplace_back(segment);
  routes_.push_back(std::move(route));
}

void Router::Get(std::string tag, std::string pattern, std::string summary,
                 std::string content_type, Handler handler, std::vector<Parameter> query) {
  Add({"GET", std::move(pattern), std::move(summary), std::move(content_type), std::move(query),
       std::move(handler), false, std::move(tag)});
}

void Router::GetSlow(std::string tag, std::string pattern, std::string summary,
                     std::string content_type, Handler handler, std::vector<Parameter> query) {
  Get(std::move(tag), std::move(pattern), std::move(summary), std::move(content_type),
      std::move(handler), std::move(query));
  routes_.back().slow = true;
}

Router::Match Router::Find(const std::string& method, const std::string& path) const {
  const std::vector<std::string_view> have = Split(path, '/');
  Match match;
  for (size_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    std::map<std::string, std::string> parameters;
    if (!MatchPath(segments_[i], have, &parameters)) continue;
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
