// SPDX-License-Identifier: MIT
// /files: the files themselves; /health and /ready.
#include "core/service.h"

namespace h4mk::server {
namespace {

Response ServeFile(Call& call) {
  const std::shared_ptr<MediaFile> file = call.File();
  Response response;
  response.Set("Content-Type", "video/x-h4mk");
  response.Set("ETag", file->etag());
  response.Set("Cache-Control", file->is_closed() ? kForEver : "no-cache");
  response.accepts_ranges = true;
  response.body.Append(FileSpan{file->file(), 0, file->state().size});
  return response;
}

Response ServeHealth(Call&) {
  Response response = TextResponse("application/json", "{\"status\":\"ok\"}\n");
  response.Set("Cache-Control", "no-store");
  return response;
}

// Ready once the folder was read, and until the server is told to stop.
Response ServeReady(Call& call) {
  if (!call.service.is_ready) return ErrorResponse(503, "not ready");
  Response response = TextResponse("application/json", "{\"ready\":true}\n");
  response.Set("Cache-Control", "no-store");
  return response;
}

}  // namespace

void AddFileRoutes(Router* router) {
  router->Get("Files", "/files/{name...}.h4mk", "The file, with one range and a strong ETag",
              "video/x-h4mk", ServeFile);
  router->Get("Operation", "/health", "The process answers", "application/json", ServeHealth);
  router->Get("Operation", "/ready",
              "Requests are welcome: the folder was read, and no stop was asked for",
              "application/json", ServeReady);
}

}  // namespace h4mk::server
