// SPDX-License-Identifier: MIT
// The table of routes: what leads a request to its handler, and what /openapi.json is made from.
#ifndef H4MK_SERVER_CORE_ROUTER_H_
#define H4MK_SERVER_CORE_ROUTER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/message.h"
#include "core/text.h"

namespace h4mk::server {

class MediaFile;
class Service;

// A request on its way to a handler.
struct Call {
  Service& service;
  const Request& request;
  std::string path;  // decoded
  Query query;
  std::map<std::string, std::string> parameters;  // of the path

  const std::string& Path(const std::string& name) const { return parameters.at(name); }
  // The file that {name...} of the path tells. Throws HttpError.
  std::shared_ptr<MediaFile> File() const;
  bool Has(const std::string& name) const;
  // Of the query. Throw HttpError 400 for what is no such value.
  std::string Text(const std::string& name, const std::string& otherwise) const;
  uint64_t Number(const std::string& name, uint64_t otherwise, uint64_t most = UINT64_MAX) const;
  bool Flag(const std::string& name) const;
  // Seconds of the film.
  double Seconds(const std::string& name, double otherwise) const;
  // A number in the path; HttpError 404 if it is none.
  uint64_t PathNumber(const std::string& name) const;
};

// A parameter of the query. Those of the path have the same meaning everywhere: router.cc has them.
struct Parameter {
  std::string name;
  std::string type;  // of JSON Schema
  std::string description;
};

using Handler = std::function<Response(Call&)>;

struct Route {
  std::string method;
  // Segments between slashes: text, {name} for one segment with any text around it, {name...} for
  // one or more; only one of the latter.
  std::string pattern;
  std::string summary;
  std::string content_type;  // of the answer
  std::vector<Parameter> query;
  Handler handler;
  bool slow = false;     // reads much or computes long: not on a thread that serves connections
  std::string tag = "";  // group in the documentation; "": not documented
};

class Router {
 public:
  void Add(Route route);
  void Get(std::string tag, std::string pattern, std::string summary, std::string content_type,
           Handler handler, std::vector<Parameter> query = {});
  void GetSlow(std::string tag, std::string pattern, std::string summary, std::string content_type,
               Handler handler, std::vector<Parameter> query = {});
  struct Match {
    const Route* route = nullptr;
    std::map<std::string, std::string> parameters;
    bool other_method = false;  // the path exists, but not with this method
    std::string allowed;        // but with this one
  };
  Match Find(const std::string& method, const std::string& path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> segments_;  // of the patterns, between slashes
};

// OpenAPI 3.1 of a table of routes.
std::string MakeOpenApi(const Router& router, const std::string& version);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_ROUTER_H_
