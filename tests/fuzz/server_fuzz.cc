// SPDX-License-Identifier: MIT
//
// h4mkd without sockets. The first byte says what the rest is: the head of a request, which is
// parsed and answered for a folder with one good file; or a file, which everything that the server
// serves is asked for.

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/service.h"
#include "front/http_head.h"
#include "fuzz/fuzz.h"
#include "legacy/container.h"
#include "legacy/form.h"

using namespace h4mk::server;

namespace {

constexpr size_t kMostFileBytes = 1 << 16;

const char* const kTargets[] = {"/files/a.h4mk",
                                "/api/files/a",
                                "/api/files/a/verify",
                                "/api/files/a/tracks/0/frames?count=50",
                                "/api/files/a/tracks/0/seekpoints",
                                "/api/files/a/tracks/0/seek?t=1",
                                "/api/files/a/tracks/0/chain?t=1",
                                "/api/files/a/tracks/0/blocks/0/data",
                                "/hls/a/master.m3u8",
                                "/hls/a/t0.m3u8",
                                "/hls/a/t1.m3u8",
                                "/hls/a/t0-iframes.m3u8",
                                "/dash/a/manifest.mpd",
                                "/api/files/a/range.mp4?to=5"};

class Fixture {
 public:
  Fixture()
      : folder_(std::filesystem::temp_directory_path() /
                ("h4mkd_fuzz_" + std::to_string(getpid()))),
        service_(Options()) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "a.h4mk") << "H4MK";
    service_.catalogue().Add(folder_.string());
    service_.catalogue().Scan();
  }
  ~Fixture() { std::filesystem::remove_all(folder_); }

  void Write(std::string_view bytes) {
    std::ofstream file(folder_ / "a.h4mk", std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  Response Ask(const Request& request) {
    Response response = service_.Handle(request);
    FUZZ_CHECK(response.wait.count() > 0 || (response.status >= 200 && response.status < 600));
    if (response.source != nullptr) {
      std::string text;
      for (int i = 0; i < 100 && response.source->Next(&text); ++i) {
      }
    } else if (response.body.size() < (1 << 22)) {
      response.body.Read();
    }
    return response;
  }

 private:
  static ServiceOptions Options() {
    ServiceOptions options;
    options.legacy_api = true;
    return options;
  }
  const std::filesystem::path folder_;
  Service service_;
};

void RunRequest(Fixture& fixture, std::string_view text) {
  const size_t end = text.find("\r\n\r\n");
  const std::string_view head = text.substr(0, end == text.npos ? text.npos : end + 4);
  try {
    Head parsed = ParseHead(head);
    FUZZ_CHECK(parsed.request.target.starts_with('/'));
    parsed.request.body = text.substr(head.size());
    parsed.request.deadline_passed = true;
    fixture.Ask(parsed.request);
  } catch (const HttpError& error) {
    FUZZ_CHECK(error.status() >= 400 && error.status() < 600);
  } catch (const std::exception&) {
    // What a source throws ends its connection.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > kMostFileBytes) return 0;
  static Fixture fixture;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] & 1) {
    RunRequest(fixture, rest);
    return 0;
  }
  fixture.Write(rest);
  for (const char* target : kTargets) {
    Request request;
    request.target = target;
    fixture.Ask(request);
  }
  try {
    Container container(rest);
    container.Integrity();
    container.Seek();
    if (const auto meta = container.Json("META")) Container::TrackSeeks(*meta);
  } catch (const BadContainer&) {
  }
  return 0;
}
