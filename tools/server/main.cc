// SPDX-License-Identifier: MIT
// h4mkd: serves a folder of H4MK files.
#include <h4mk/h4mk.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "core/file_keys.h"
#include "core/hosts.h"
#include "core/secret_file.h"
#include "core/service.h"
#include "core/text.h"
#include "front/front.h"
#include "standard_streams.h"

namespace {

using h4mk::server::FrontOptions;
using h4mk::server::ServiceOptions;

struct Options {
  std::vector<std::string> paths;
  std::string listen = "127.0.0.1:8080", metrics, token_file, key_file, sign;
  std::string decrypt_keys, verify_key, origin, origin_list;
  bool signs = false;
  uint64_t expires = 86400;
  ServiceOptions service;
  FrontOptions front;
};

// "ADDRESS:PORT", "[::1]:PORT"; throws CLI::ValidationError.
void ParseAddress(const std::string& text, const std::string& option, std::string* address,
                  uint16_t* port) {
  const size_t colon = text.rfind(':');
  uint64_t number = 0;
  if (colon == std::string::npos || colon == 0 ||
      !h4mk::server::ParseNumber(std::string_view(text).substr(colon + 1), &number))
    throw CLI::ValidationError(option, "must be ADDRESS:PORT, as in 0.0.0.0:8080");
  if (number > 65535)
    throw CLI::ValidationError(option, "the port of " + text + " is not in 0 to 65535");
  *address = text.substr(0, colon);
  if (address->starts_with('[') && address->ends_with(']'))
    *address = address->substr(1, address->size() - 2);
  if (*address == "localhost") *address = "127.0.0.1";
  *port = static_cast<uint16_t>(number);
}

std::string VersionText() {
  const unsigned v = h4mk_version();
  return "h4mkd " + std::to_string(v >> 16) + "." + std::to_string(v >> 8 & 255) + "." +
         std::to_string(v & 255);
}

// ffmpeg beside this program, else on the path.
std::string FindFfmpeg() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = self.parent_path() / "ffmpeg";
  return !error && std::filesystem::exists(beside, error) ? beside.string() : "ffmpeg";
}

void Describe(CLI::App& app, Options* o) {
  app.footer(
      "Everything is made when it is asked for; nothing is written. Ctrl-C stops.\n"
      "  /                          the page\n"
      "  /files/NAME.h4mk           the file, with ranges\n"
      "  /hls/NAME/master.m3u8      HLS       /dash/NAME/manifest.mpd   DASH\n"
      "  /api/files  /docs          the API\n"
      "NAME is the path below the folder, without .h4mk.");
  app.set_version_flag("--version", VersionText());
  app.add_option("FOLDER|FILE", o->paths, "What is served: folders, and single .h4mk files");
  app.add_option("--listen", o->listen, "Where to listen; port 0 takes a free one")
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  app.add_flag("--legacy-api", o->service.legacy_api,
               "Serve the HTTP API of the first programs too; its CORS headers allow any origin");
  app.add_flag("--legacy-tracks", o->service.legacy_tracks,
               "Of its two forms of /video/manifest, seek_to_block and block: those for files with "
               "several tracks");
  app.add_option("--max-upload", o->service.most_upload, "Largest body for the old API, bytes")
      ->capture_default_str()
      ->group("Limits");
  app.add_option("--origin-allowed", o->service.origins,
                 "CORS: an origin whose pages may read answers, or *; may be repeated")
      ->type_name("ORIGIN")
      ->allow_extra_args(false);
  app.add_option("--ffmpeg", o->service.ffmpeg,
                 "Program that makes pictures for posters and thumbnails; \"\" for none")
      ->type_name("FILE");
  app.add_option("--tls-cert", o->front.certificate, "Certificate chain, PEM")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  app.add_option("--tls-key", o->front.private_key, "Its private key, PEM")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  app.add_option(
         "--allowed-host", o->front.allowed_hosts,
         "A name that requests may be for, or *; may be repeated. localhost and IP addresses "
         "always are. Without it: no others if --listen is 127.0.0.1 or ::1, else any")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->check(CLI::Validator(
          [](std::string& name) {
            return h4mk::server::IsHostName(name) ? ""
                                                  : name + " is no name of a host: no URL, no port";
          },
          ""))
      ->group("Access");
  app.add_option("--token-file", o->token_file,
                 "File with a token; requests need Authorization: Bearer TOKEN, or a signed prefix")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->group("Access");
  app.add_option("--key-file", o->key_file,
                 "File with keys of signed prefixes: a line each, name and 64 hexadecimal digits")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->group("Access");
  app.add_option(
         "--sign", o->sign,
         "Print a prefix that opens a file, a folder (NAME/) or all (\"\") for players, and end")
      ->type_name("NAME")
      ->group("Access")
      ->each([o](const std::string&) { o->signs = true; });
  app.add_option("--expires", o->expires, "With --sign: seconds from now")
      ->capture_default_str()
      ->group("Access");
  app.add_option("--decrypt-keys", o->decrypt_keys,
                 "File with keys: encrypted files that one of them opens are streamed in clear. A "
                 "line each, [ID] KEY in hexadecimal digits")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->group("Access");
  app.add_option("--verify-key", o->verify_key,
                 "Public key (PEM) of signed files, for verify and proofs of blocks")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->group("Access");
  app.add_option("--origin", o->origin,
                 "Serve files of another server too: http or https URL of their folder")
      ->type_name("URL");
  app.add_option("--origin-list", o->origin_list,
                 "Which files these are: a path below that URL a line")
      ->type_name("FILE");
  app.add_option("--metrics", o->metrics, "Serve /metrics for Prometheus there")
      ->type_name("ADDRESS:PORT");
  app.add_option("--access-log", o->front.access_log,
                 "One JSON object a request; - for the standard output")
      ->type_name("FILE");
  app.add_option("--threads", o->front.threads, "Threads that serve; 0: one a core")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  app.add_option("--max-connections", o->front.most_connections, "Connections at once")
      ->capture_default_str()
      ->group("Limits");
  app.add_option("--max-per-address", o->front.most_per_address,
                 "Connections of one address; 0: no limit")
      ->capture_default_str()
      ->group("Limits");
}

// The first line of a file.
h4mk::Secret ReadToken(const std::string& path) {
  const h4mk::Secret text = h4mk::server::ReadSecretFile(path);
  std::string_view token = h4mk::server::TextOf(text);
  token.remove_prefix(std::min(token.find_first_not_of(" \t\r\n\v\f"), token.size()));
  token = token.substr(0, token.find('\n'));
  token = token.substr(0, token.find_last_not_of("\r ") + 1);
  if (token.size() < 16) throw std::runtime_error(path + ": a token has 16 characters or more");
  return h4mk::Secret({reinterpret_cast<const uint8_t*>(token.data()), token.size()});
}

// As h4mk does. It is left at a warning: a secret that all can read may be what a container has.
void WarnIfOthersRead(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  constexpr fs::perms kOthers = fs::perms::group_read | fs::perms::others_read;
  if (fs::is_regular_file(status) && (status.permissions() & kOthers) != fs::perms::none)
    std::fprintf(stderr,
                 "h4mkd: warning: others can read the secret in %s; `chmod 600 FILE` mends that\n",
                 path.c_str());
}

int Run(Options& o) {
  for (const std::string& path : {o.token_file, o.key_file, o.decrypt_keys, o.front.private_key}) {
    if (path.empty()) continue;
    h4mk::server::ForbidCoreDumps();
    WarnIfOthersRead(path);
  }
  if (!o.token_file.empty()) o.service.token = ReadToken(o.token_file);
  if (!o.key_file.empty()) o.service.keys.Load(o.key_file);
  if (o.signs) {
    if (o.service.keys.empty()) throw CLI::ValidationError("--sign", "needs --key-file");
    std::printf("%s\n", o.service.keys
                            .Sign("", o.sign, static_cast<uint64_t>(std::time(nullptr)) + o.expires)
                            .c_str());
    return 0;
  }
  if (!o.decrypt_keys.empty()) o.service.file_keys.LoadDecryption(o.decrypt_keys);
  if (!o.verify_key.empty()) o.service.file_keys.LoadVerification(o.verify_key);
  if (o.paths.empty() && o.origin.empty()) throw CLI::RequiredError("FOLDER|FILE");
  if (o.origin.empty() != o.origin_list.empty())
    throw CLI::ValidationError("--origin", "needs --origin-list, and the other way round");
  ParseAddress(o.listen, "--listen", &o.front.address, &o.front.port);
  if (!o.metrics.empty())
    ParseAddress(o.metrics, "--metrics", &o.front.metrics_address, &o.front.metrics_port);
  if (o.front.certificate.empty() != o.front.private_key.empty())
    throw CLI::ValidationError("--tls-cert", "needs --tls-key, and the other way round");
  o.service.has_origin = !o.origin.empty();
  h4mk::server::Service service(std::move(o.service));
  for (const std::string& path : o.paths) service.catalogue().Add(path);
  if (service.options().has_origin) service.catalogue().AddOrigin(o.origin, o.origin_list);
  service.catalogue().Scan();
  h4mk::server::RunFront(service, o.front, [&](const std::string& url) {
    const size_t files = service.catalogue().List().size();
    std::printf("%zu file%s at %s\n", files, files == 1 ? "" : "s", url.c_str());
    std::fflush(stdout);
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  h4mk::OccupyStandardStreams();
  CLI::App app(
      "h4mkd serves H4MK files: as they are, as HLS and DASH for every player, and as JSON.",
      "h4mkd");
  Options options;
  options.service.ffmpeg = FindFfmpeg();
  Describe(app, &options);
  try {
    app.parse(argc, argv);
    return Run(options);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and the like
    std::fprintf(stderr, "h4mkd: %s\nh4mkd --help lists what can be given.\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "h4mkd: %s\n", error.what());
    return 1;
  }
}
