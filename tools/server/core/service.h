// SPDX-License-Identifier: MIT
// The whole server without sockets: a request in, an answer out. Thread safe.
#ifndef H4MK_SERVER_CORE_SERVICE_H_
#define H4MK_SERVER_CORE_SERVICE_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/access.h"
#include "core/catalogue.h"
#include "core/media_file.h"
#include "core/message.h"
#include "core/router.h"
#include "core/work.h"

namespace h4mk::server {

struct ServiceOptions {
  bool legacy_api = false;
  bool legacy_tracks = false;        // the other router that the first programs had for /video/…
  uint64_t most_upload = 64 << 20;   // bytes of a body for the old API
  std::vector<std::string> origins;  // CORS: "*" or exact origins; none: no header
  std::string ffmpeg;                // program that makes pictures; "": none
  Secret token;                      // bearer token that opens everything; empty: none
  AccessKeys keys;                   // of signed prefixes; none and no token: everything is open
  bool has_origin = false;           // files of another server are served too
  FileKeys file_keys;                // none: nothing is decrypted, and no proofs are made
};

// What an answer that may take long is made of.
struct Load {
  bool reads_much = false;        // of those few are made at once
  bool waits_for_origin = false;  // more for another server than for this one's processor
};

class Service {
 public:
  explicit Service(ServiceOptions options);

  Catalogue& catalogue() { return catalogue_; }
  MediaFiles& files() { return files_; }
  const ServiceOptions& options() const { return options_; }
  const Router& router() const { return router_; }
  const std::string& open_api() const { return open_api_; }

  // The largest body of a request. Who may not ask is not waited for.
  uint64_t MostBody(const Request& request) const;
  // Never throws. Where is_abandoned() tells that nobody waits any more, the work ends.
  Response Handle(const Request& request, const IsAbandoned& is_abandoned = nullptr);
  // Nothing if the answer may take long: then Handle() belongs on a thread that serves no
  // connections. *load tells what kind of work it is.
  std::optional<Response> HandleQuickly(const Request& request, Load* load);

  std::atomic<bool> is_ready{false};

 private:
  bool IsOpen() const { return options_.token.empty() && options_.keys.empty(); }
  bool HasToken(const Request& request) const;
  std::optional<Response> Answer(const Request& request, Load* load);
  std::optional<Response> Route(const Request& request, Load* load);
  // Cache-Control of what never changes, for this request; nothing: it is not allowed. Caches that
  // many use ask nobody for a token, and do not know when a prefix ends.
  std::optional<std::string> Caching(const Request& request, std::string_view signature,
                                     const Router::Match& match) const;
  void AddCors(const Request& request, Response* response) const;

  const ServiceOptions options_;
  Catalogue catalogue_;
  MediaFiles files_;
  Router router_;
  std::string open_api_;
};

// Groups of routes.
void AddFileRoutes(Router* router);
void AddApiRoutes(Router* router);
void AddStreamRoutes(Router* router);
void AddPageRoutes(Router* router);
Response IndexPage();
// tracks: those of the tracks' router instead of the mounted ones.
void AddLegacyRoutes(Router* router, bool tracks);
// What the old API answers where there is nothing; allowed: methods that are.
Response OldNotFound(bool other_method, const std::string& allowed);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_SERVICE_H_
