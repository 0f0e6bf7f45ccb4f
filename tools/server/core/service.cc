// SPDX-License-Identifier: MIT
#include "core/service.h"

#include <algorithm>
#include <ctime>
#include <new>

#include "core/secret_file.h"

namespace h4mk::server {
namespace {

constexpr char kMethods[] = "GET, HEAD, OPTIONS";

// Takes "/s/SIGNATURE" off a path.
std::string TakeSignature(std::string* path) {
  if (!path->starts_with("/s/")) return {};
  const size_t end = path->find('/', 3);
  if (end == std::string::npos) return {};
  std::string signature = path->substr(3, end - 3);
  path->erase(0, end);
  return signature;
}

}  // namespace

Service::Service(ServiceOptions options)
    : options_(std::move(options)), files_(catalogue_, options_.file_keys) {
  // First, since they take /health and / of this server.
  if (options_.legacy_tracks) AddLegacyRoutes(&router_, true);
  if (options_.legacy_api) AddLegacyRoutes(&router_, false);
  AddFileRoutes(&router_);
  AddStreamRoutes(&router_);
  AddApiRoutes(&router_);
  AddPageRoutes(&router_);
  open_api_ = MakeOpenApi(router_, std::to_string(h4mk_version() >> 16) + "." +
                                       std::to_string(h4mk_version() >> 8 & 255) + "." +
                                       std::to_string(h4mk_version() & 255));
}

std::shared_ptr<MediaFile> Call::File() const { return service.files().Get(Path("name")); }

Response Service::Handle(const Request& request, const IsAbandoned& is_abandoned) {
  // It may have waited for its turn.
  if (is_abandoned && is_abandoned()) return ErrorResponse(kAbandoned, "nobody waits for this");
  const Work work(is_abandoned);
  return *Answer(request, nullptr);
}

std::optional<Response> Service::HandleQuickly(const Request& request, Load* load) {
  const Work work;
  *load = {};
  return Answer(request, load);
}

// load: null if it may take long.
std::optional<Response> Service::Answer(const Request& request, Load* load) {
  Response response;
  try {
    std::optional<Response> answer = Route(request, load);
    if (!answer) return std::nullopt;
    response = std::move(*answer);
  } catch (const TakesLong&) {
    return std::nullopt;
  } catch (const HttpError& error) {
    response = ErrorResponse(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    response = ErrorResponse(503, "out of memory");
  } catch (const std::exception& error) {
    response = ErrorResponse(500, error.what());
  }
  if (response.wait.count() > 0) return response;
  ApplyConditions(request, &response);
  response.Set("X-Content-Type-Options", "nosniff");
  AddCors(request, &response);
  return response;
}

std::optional<Response> Service::Route(const Request& request, Load* load) {
  std::string path;
  Query query;
  if (!ParseTarget(request.target, &path, &query))
    throw HttpError(400, "the path cannot be decoded");
  if (request.method == "OPTIONS") {
    Response response;
    response.status = 204;
    response.Set("Allow", kMethods);
    return response;
  }
  const std::string signature = TakeSignature(&path);
  const Router::Match match = router_.Find(request.method, path);
  const std::optional<std::string> caching =
      match.route == nullptr ? kForEver : Caching(request, signature, match);
  if (!caching) {
    Response response =
        ErrorResponse(signature.empty() ? 401 : 403,
                      signature.empty() ? "a token is needed"
                                        : "the signature does not open this, or not any more");
    if (signature.empty()) response.Set("WWW-Authenticate", "Bearer");
    return response;
  }
  if (match.route == nullptr) {
    if (options_.legacy_api || options_.legacy_tracks)
      return OldNotFound(match.other_method, match.allowed);
    if (!match.other_method) throw HttpError(404, "there is nothing at " + path);
    Response response = ErrorResponse(405, "this path is not for " + request.method);
    response.Set("Allow", kMethods);  // RFC 9110, 15.5.6
    return response;
  }
  if (load != nullptr) {
    const auto name = match.parameters.find("name");
    load->reads_much = match.route->slow;
    load->waits_for_origin =
        options_.has_origin && name != match.parameters.end() && catalogue_.IsRemote(name->second);
    if (load->reads_much) return std::nullopt;
  }
  Call call{*this, request, path, std::move(query), match.parameters};
  Response response = match.route->handler(call);
  if (response.Header("Cache-Control") == kForEver) response.Set("Cache-Control", *caching);
  return response;
}

bool Service::HasToken(const Request& request) const {
  const std::string_view authorization = request.Header("Authorization");
  constexpr std::string_view kScheme = "Bearer ";
  return !options_.token.empty() && SameName(authorization.substr(0, kScheme.size()), kScheme) &&
         SameSecret(authorization.substr(kScheme.size()), TextOf(options_.token));
}

uint64_t Service::MostBody(const Request& request) const {
  const bool is_upload =
      (options_.legacy_api || options_.legacy_tracks) && request.method == "POST";
  return is_upload && (IsOpen() || HasToken(request)) ? options_.most_upload : 4096;
}

std::optional<std::string> Service::Caching(const Request& request, std::string_view signature,
                                            const Router::Match& match) const {
  if (IsOpen()) return kForEver;
  const std::string& pattern = match.route->pattern;
  if (pattern == "/health" || pattern == "/ready") return kForEver;
  if (HasToken(request)) return "private, max-age=31536000, immutable";
  if (match.route->method != "GET") return std::nullopt;
  // What belongs to no file, as the page does, is opened by a signature for all.
  const auto name = match.parameters.find("name");
  const uint64_t seconds =
      options_.keys.SecondsLeft(signature, name != match.parameters.end() ? name->second : "",
                                static_cast<uint64_t>(std::time(nullptr)));
  if (seconds == 0) return std::nullopt;
  return "public, max-age=" + std::to_string(std::min<uint64_t>(seconds, 31536000)) + ", immutable";
}

void Service::AddCors(const Request& request, Response* response) const {
  if (options_.origins.empty()) return;
  const std::string_view origin = request.Header("Origin");
  const bool any =
      std::find(options_.origins.begin(), options_.origins.end(), "*") != options_.origins.end();
  if (!any) {
    response->Set("Vary", "Origin");
    if (std::find(options_.origins.begin(), options_.origins.end(), origin) ==
        options_.origins.end())
      return;
  }
  // Never with credentials: tokens are in URLs or in a header of their own. Any origin is allowed
  // also where none asks: a cache may hand the answer to a page later.
  response->Set("Access-Control-Allow-Origin", any ? "*" : std::string(origin));
  response->Set("Access-Control-Expose-Headers",
                "Content-Range, Content-Length, Accept-Ranges, ETag");
  if (request.method != "OPTIONS") return;
  response->Set("Access-Control-Allow-Methods", kMethods);
  response->Set("Access-Control-Allow-Headers",
                "Range, If-Range, If-Match, If-None-Match, Authorization");
  response->Set("Access-Control-Max-Age", "86400");
}

}  // namespace h4mk::server
