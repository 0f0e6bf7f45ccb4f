// SPDX-License-Identifier: MIT
#include "core/service.h"

#include <algorithm>
#include <new>

namespace h4mk::server {

Service::Service(ServiceOptions options) : options_(std::move(options)), files_(catalogue_) {
  AddFileRoutes(&router_);
  AddStreamRoutes(&router_);
  AddApiRoutes(&router_);
  if (options_.legacy_api) AddLegacyRoutes(&router_);
  AddPageRoutes(&router_);
  open_api_ = MakeOpenApi(router_, std::to_string(h4mk_version() >> 16) + "." + std::to_string(h4mk_version() >> 8 & 255) + "." +
                                       std::to_string(h4mk_version() & 255));
}

bool Service::IsSlow(const Request& request) const {
  std::string path;
  Query query;
  if (!ParseTarget(request.target, &path, &query)) return false;
  const Router::Match match = router_.Find(request.method, path);
  return match.route != nullptr && match.route->slow;
}

Response Service::Handle(const Request& request) {
  Response response;
  try {
    response = Route(request);
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

Response Service::Route(const Request& request) {
  std::string path;
  Query query;
  if (!ParseTarget(request.target, &path, &query)) throw HttpError(400, "the path cannot be decoded");
  if (request.method == "OPTIONS") {
    Response response;
    response.status = 204;
    response.Set("Allow", "GET, HEAD, OPTIONS");
    return response;
  }
  const Router::Match match = router_.Find(request.method, path);
  if (match.route == nullptr) {
    if (!match.other_method) throw HttpError(404, "there is nothing at " + path);
    throw HttpError(405, "this path is not for " + request.method);
  }
  Call call{*this, request, path, std::move(query), match.parameters};
  return match.route->handler(call);
}

void Service::AddCors(const Request& request, Response* response) const {
  if (options_.origins.empty()) return;
  const std::string_view origin = request.Header("Origin");
  const bool any = std::find(options_.origins.begin(), options_.origins.end(), "*") != options_.origins.end();
  if (!any) response->Set("Vary", "Origin");
  if (origin.empty() ||
      (!any && std::find(options_.origins.begin(), options_.origins.end(), origin) == options_.origins.end()))
    return;
  // Never with credentials: tokens are in URLs or in a header of their own.
  response->Set("Access-Control-Allow-Origin", any ? "*" : std::string(origin));
  response->Set("Access-Control-Expose-Headers", "Content-Range, Content-Length, Accept-Ranges, ETag");
  if (request.method != "OPTIONS") return;
  response->Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
  response->Set("Access-Control-Allow-Headers", "Range, If-Range, If-None-Match, Authorization");
  response->Set("Access-Control-Max-Age", "86400");
}

}  // namespace h4mk::server
