// SPDX-License-Identifier: MIT
// The page, the documentation of the API, and what they load: all from this program.
#include "core/service.h"
#include "page_files.h"

namespace h4mk::server {
namespace {

constexpr const char* kPolicy =
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' "
    "blob:; style-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Response Static(const char* type, std::string_view text) {
  Response response = TextResponse(type, std::string(text));
  response.Set("Cache-Control", "no-cache");
  response.Set("Content-Security-Policy", kPolicy);
  response.Set("Referrer-Policy", "no-referrer");
  return response;
}

Response ServeOpenApi(Call& call) {
  Response response = TextResponse("application/json", call.service.open_api());
  response.Set("Cache-Control", "no-cache");
  return response;
}

}  // namespace

Response IndexPage() { return Static("text/html; charset=utf-8", kIndexHtml); }

void AddPageRoutes(Router* router) {
  const auto page = [&](const char* path, const char* type, std::string_view text) {
    router->Add(
        {"GET", path, "A part of the page", type, {}, [=](Call&) { return Static(type, text); }});
  };
  page("/", "text/html; charset=utf-8", kIndexHtml);
  page("/page.js", "text/javascript; charset=utf-8", kPageJs);
  page("/player.js", "text/javascript; charset=utf-8", kPlayerJs);
  page("/page.css", "text/css; charset=utf-8", kPageCss);
  page("/docs", "text/html; charset=utf-8", kDocsHtml);
  page("/docs.js", "text/javascript; charset=utf-8", kDocsJs);
  router->Get("Operation", "/openapi.json", "This description", "application/json", ServeOpenApi);
}

}  // namespace h4mk::server
