// SPDX-License-Identifier: MIT
// The core of h4mkd without sockets: heads, ranges, conditions, routes, the catalogue, texts.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/hosts.h"
#include "core/message.h"
#include "core/range.h"
#include "core/router.h"
#include "core/secret_file.h"
#include "core/service.h"
#include "core/text.h"
#include "core/work.h"
#include "front/http_head.h"
#include "media/codec.h"
#include "media/webvtt.h"

namespace h4mk::server {
namespace {

// ------------------------------------------------------------------------------------------- heads

int StatusOfHead(const std::string& text) {
  try {
    ParseHead(text);
    return 200;
  } catch (const HttpError& error) {
    return error.status();
  }
}

TEST(HeadTest, AnOrdinaryHeadIsRead) {
  const Head head = ParseHead("GET /a?b=c HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n");
  EXPECT_EQ(head.request.method, "GET");
  EXPECT_EQ(head.request.target, "/a?b=c");
  EXPECT_EQ(head.request.Header("range"), "bytes=0-1");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(ParseHead("GET / HTTP/1.0\r\n\r\n").keep_alive);
}

// What a proxy in front may read in another way is refused (RFC 9112, 11.2).
TEST(HeadTest, AmbiguousHeadsAreRefused) {
  const std::string begin = "POST / HTTP/1.1\r\nHost: x\r\n";
  EXPECT_EQ(StatusOfHead(begin + "Content-Length: 3\r\n\r\n"), 200);
  EXPECT_NE(StatusOfHead(begin + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"), 200);
  EXPECT_NE(StatusOfHead(begin + "Transfer-Encoding: chunked\r\n\r\n"), 200);
  EXPECT_NE(StatusOfHead(begin + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n"), 200);
  EXPECT_NE(StatusOfHead(begin + "Content-Length: 3, 3\r\n\r\n"), 200);
  EXPECT_NE(StatusOfHead(begin + "Content-Length: +3\r\n\r\n"), 200);
  EXPECT_NE(StatusOfHead(begin + "Content-Length: -1\r\n\r\n"), 200);
  EXPECT_NE(StatusOfHead(begin + "Content-Length: 99999999999999999999\r\n\r\n"), 200);
  EXPECT_EQ(StatusOfHead(begin + "A: b\r\n c\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfHead("GET / HTTP/1.1\nHost: x\n\n"), 400);
  EXPECT_EQ(StatusOfHead("GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n"), 400);
  EXPECT_NE(StatusOfHead(begin + "A : b\r\n\r\n"), 200);
  EXPECT_EQ(StatusOfHead("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfHead("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfHead("GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfHead("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfHead("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(9000, 'a') + "\r\n\r\n"),
            431);
}

// -------------------------------------------------------------------------------------------- work

// Work that takes so much CPU time.
void Burn(int64_t nanoseconds) {
  const auto now = [] {
    timespec time = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
  };
  for (const int64_t end = now() + nanoseconds; now() < end;) {
  }
}

// What a thread that serves connections does about a piece of work.
std::string OnConnectionThread(Work::Dearest* dearest, int64_t nanoseconds) {
  const Work work;
  try {
    const Work::Piece piece(*dearest);
    Work::Begin();
    Burn(nanoseconds);
    for (int i = 0; i < 100; ++i) Work::Check(0);
    return "done";
  } catch (const TakesLong&) {
    return "handed over";
  }
}

void OnWorker(Work::Dearest* dearest, int64_t nanoseconds) {
  const Work work{IsAbandoned()};
  const Work::Piece piece(*dearest);
  Work::Begin();
  Burn(nanoseconds);
}

TEST(WorkTest, OnlyWhatCostsLittleIsDoneWhereConnectionsAreServed) {
  Work::Dearest dearest{Work::kUnknown};
  EXPECT_EQ(OnConnectionThread(&dearest, 0), "handed over");  // nobody knows yet what it costs
  OnWorker(&dearest, 1000);
  EXPECT_EQ(OnConnectionThread(&dearest, 1000), "done");
  EXPECT_EQ(OnConnectionThread(&dearest, 20'000'000), "handed over");  // in the midst of it
  EXPECT_EQ(OnConnectionThread(&dearest, 0), "handed over");           // known by now
  for (int i = 0; i < 60; ++i) OnWorker(&dearest, 1000);
  EXPECT_EQ(OnConnectionThread(&dearest, 1000), "done");  // one was an exception
}

TEST(WorkTest, OtherWorkIsAlwaysHandedOver) {
  const Work work;
  EXPECT_THROW(Work::Begin(), TakesLong);
  Work::Dearest dearest{0};
  const Work::Piece piece(dearest);
  Work::Begin();
  EXPECT_THROW(Work::BeginLong(), TakesLong);
}

TEST(WorkTest, LongWorkEndsWhenNobodyWaits) {
  bool is_abandoned = false;
  const IsAbandoned ask = [&] { return is_abandoned; };
  const Work work(ask);
  Burn(20'000'000);
  for (int i = 0; i < 100; ++i) Work::Check(0);
  is_abandoned = true;
  EXPECT_THROW(
      {
        for (int i = 0; i < 100; ++i) Work::Check(0);
      },
      HttpError);
}

// The status that waiting for what is locked ends with; 0: it was locked.
int StatusOfLock(std::timed_mutex* mutex, const IsAbandoned& is_abandoned,
                 std::chrono::milliseconds longest) {
  int status = 0;
  std::thread([&] {
    const Work work(is_abandoned);
    try {
      Work::Lock(*mutex, longest);
    } catch (const HttpError& error) {
      status = error.status();
    }
  }).join();
  return status;
}

TEST(WorkTest, WaitingForALockHasAnEnd) {
  std::timed_mutex mutex;
  const auto gone = [] { return true; };
  const auto there = [] { return false; };
  EXPECT_EQ(StatusOfLock(&mutex, gone, Work::kLongestWait), 0);
  std::unique_lock<std::timed_mutex> held = Work::Lock(mutex);
  EXPECT_EQ(StatusOfLock(&mutex, gone, Work::kLongestWait), kAbandoned);
  EXPECT_EQ(StatusOfLock(&mutex, there, std::chrono::milliseconds(1)), 503);
  std::thread([&] {
    const Work quick;
    EXPECT_THROW(Work::Lock(mutex), TakesLong);
  }).join();
  held.unlock();
  EXPECT_EQ(StatusOfLock(&mutex, there, Work::kLongestWait), 0);
}

// ------------------------------------------------------------------------------------------- hosts

TEST(HostsTest, ALocalServerAnswersToNamesThatNobodyElseCanHave) {
  const AllowedHosts hosts({}, true);
  for (const char* host :
       {"localhost", "LOCALHOST:8080", "localhost.", "localhost.:80", "a.localhost", "127.0.0.1",
        "127.0.0.1:8080", "192.168.1.7", "[::1]", "[::1]:8080", ""})
    EXPECT_TRUE(hosts.Has(host)) << host;
  for (const char* host :
       {"evil.example", "evil.example:8080", "localhost.evil.example", "notlocalhost", ".localhost",
        "localhost..", "127.0.0.1.evil.example", "127.1", "::1", "[::1", "[evil.example]",
        "localhost:x", "localhost:80:80", "evil.example@localhost", "localhost, evil.example",
        ":80", "."})
    EXPECT_FALSE(hosts.Has(host)) << host;
}

TEST(HostsTest, NamesThatAreGiven) {
  for (const bool is_loopback : {true, false}) {
    const AllowedHosts hosts({"Films.example.org.", "b.example"}, is_loopback);
    for (const char* host :
         {"films.EXAMPLE.org", "films.example.org.:443", "b.example:1", "localhost", "10.0.0.1"})
      EXPECT_TRUE(hosts.Has(host)) << host;
    for (const char* host : {"evil.example", "a.b.example", "example.org", "*"})
      EXPECT_FALSE(hosts.Has(host)) << host;
    EXPECT_TRUE(AllowedHosts({"a.example", "*"}, is_loopback).Has("evil.example"));
  }
  EXPECT_TRUE(AllowedHosts({}, false).Has("evil.example"));
}

// ----------------------------------------------------------------------------------------- secrets

TEST(SecretFileTest, WhoHoldsKeysCannotBeDumped) {
  EXPECT_EXIT(
      {
        ForbidCoreDumps();
        _exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
      },
      testing::ExitedWithCode(0), "");
}

TEST(SecretFileTest, LinesHaveWords) {
  const std::string text = "\n# a\n \tone  two\r\nthree#four\n\nfive";
  const Secret secret({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  const std::vector<SecretLine> lines = LinesOf(secret);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].number, 3);
  EXPECT_EQ(lines[0].words, (std::vector<std::string_view>{"one", "two"}));
  EXPECT_EQ(lines[1].words, (std::vector<std::string_view>{"three"}));
  EXPECT_EQ(lines[2].number, 6);
  EXPECT_TRUE(LinesOf(Secret()).empty());
}

TEST(SecretFileTest, LongFilesAreReadInFull) {
  const std::string path = testing::TempDir() + "/h4mkd_secret";
  for (const size_t size : {0, 1, 4095, 4096, 4097, 100000}) {
    std::ofstream(path) << std::string(size, 'k');
    EXPECT_EQ(TextOf(ReadSecretFile(path)), std::string(size, 'k'));
  }
  std::filesystem::remove(path);
  EXPECT_THROW(ReadSecretFile(path), std::runtime_error);
  EXPECT_THROW(ReadSecretFile("/dev/zero"), std::runtime_error) << "not read for ever";
}

// ------------------------------------------------------------------------------------------ ranges

std::string RangeText(std::string_view value, uint64_t size) {
  const RangeAnswer a = ParseRange(value, size);
  if (a.kind == RangeAnswer::kWhole) return "whole";
  if (a.kind == RangeAnswer::kUnsatisfiable) return "none";
  return std::to_string(a.first) + "+" + std::to_string(a.size);
}

TEST(RangeTest, OneRangeIsCut) {
  EXPECT_EQ(RangeText("bytes=0-0", 10), "0+1");
  EXPECT_EQ(RangeText("bytes=3-", 10), "3+7");
  EXPECT_EQ(RangeText("bytes=-4", 10), "6+4");
  EXPECT_EQ(RangeText("bytes=-40", 10), "0+10");
  EXPECT_EQ(RangeText("bytes=3-400", 10), "3+7");
  EXPECT_EQ(RangeText("Bytes=3-4", 10), "3+2");
}

TEST(RangeTest, WhatCannotBeAnsweredIsNotFound) {
  EXPECT_EQ(RangeText("bytes=10-", 10), "none");
  EXPECT_EQ(RangeText("bytes=-0", 10), "none");
  EXPECT_EQ(RangeText("bytes=0-", 0), "none");
}

// CVE-2011-3192: many ranges. CVE-2017-7529: numbers that overflow.
TEST(RangeTest, EverythingElseIsTheWhole) {
  for (const char* value :
       {"", "bytes=", "bytes=-", "bytes=0-1,3-4", "bytes=a-b", "items=0-1", "bytes=5-3",
        "bytes=--5", "bytes=+1-2", "bytes= 1-2", "bytes=0x1-2", "bytes=18446744073709551616-",
        "bytes=-18446744073709551616", "bytes=9223372036854775808-18446744073709551616"})
    EXPECT_EQ(RangeText(value, 10), "whole") << value;
  EXPECT_EQ(RangeText("bytes=18446744073709551615-", 10), "none");
}

Response Ten() {
  Response response;
  response.Set("ETag", "\"e\"");
  response.accepts_ranges = true;
  response.body.Append(std::string("0123456789"));
  return response;
}

Response Conditional(std::initializer_list<std::pair<std::string, std::string>> headers,
                     const char* method = "GET") {
  Request request;
  request.method = method;
  request.headers = headers;
  Response response = Ten();
  ApplyConditions(request, &response);
  return response;
}

TEST(MessageTest, WhoIsToTryAgainIsToldWhen) {
  EXPECT_EQ(ErrorResponse(503, "busy").Header("Retry-After"), "5");
  EXPECT_EQ(ErrorResponse(500, "broken").Header("Retry-After"), "");
}

TEST(ConditionTest, RangesAndTags) {
  EXPECT_EQ(Conditional({}).status, 200);
  EXPECT_EQ(Conditional({{"Range", "bytes=2-4"}}).body.Read(), "234");
  EXPECT_EQ(Conditional({{"Range", "bytes=2-4"}}).Header("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(Conditional({{"Range", "bytes=2-4"}}, "HEAD").status, 200);
  EXPECT_EQ(Conditional({{"Range", "bytes=2-4"}, {"If-Range", "\"e\""}}).status, 206);
  EXPECT_EQ(Conditional({{"Range", "bytes=2-4"}, {"If-Range", "\"f\""}}).status, 200);
  EXPECT_EQ(Conditional({{"Range", "bytes=2-4"}, {"If-Range", "W/\"e\""}}).status, 200);
  EXPECT_EQ(Conditional({{"Range", "bytes=20-"}}).status, 416);
  EXPECT_EQ(Conditional({{"Range", "bytes=20-"}}).Header("Content-Range"), "bytes */10");
  EXPECT_EQ(Conditional({{"If-None-Match", "\"x\", W/\"e\""}}).status, 304);
  EXPECT_EQ(Conditional({{"If-None-Match", "*"}}).body.size(), 0u);
  EXPECT_EQ(Conditional({{"If-None-Match", "\"x\""}}).status, 200);
}

// RFC 9110, 13.1.1: the tags are compared strongly, and before all other conditions.
TEST(ConditionTest, IfMatch) {
  EXPECT_EQ(Conditional({{"If-Match", "\"x\", \"e\""}}).status, 200);
  EXPECT_EQ(Conditional({{"If-Match", "*"}, {"Range", "bytes=2-4"}}).status, 206);
  EXPECT_EQ(Conditional({{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(Conditional({{"If-Match", "W/\"e\""}}).status, 412);
  EXPECT_EQ(Conditional({{"If-Match", "\"x\""}, {"If-None-Match", "\"e\""}}).status, 412);
  EXPECT_EQ(Conditional({{"If-Match", "\"x\""}, {"Range", "bytes=2-4"}}).Header("ETag"), "");
  Response missing = ErrorResponse(404, "");
  ApplyConditions({.headers = {{"If-Match", "\"x\""}}}, &missing);
  EXPECT_EQ(missing.status, 404);
}

TEST(BodyTest, ASliceGoesAcrossParts) {
  Body body;
  body.Append(std::string("abc"));
  body.Append(std::string("defg"));
  EXPECT_EQ(body.Slice(1, 4).Read(), "bcde");
  EXPECT_EQ(body.Slice(3, 4).Read(), "defg");
  EXPECT_EQ(body.Slice(7, 0).size(), 0u);
}

// ------------------------------------------------------------------------------------------ routes

std::string Found(const std::string& pattern, const std::string& path) {
  Router router;
  router.Add({"GET", pattern, "", "", {}, nullptr});
  const Router::Match match = router.Find("GET", path);
  if (match.route == nullptr) return "-";
  std::string text;
  for (const auto& [name, value] : match.parameters) text += name + "=" + value + ";";
  return text;
}

TEST(RouterTest, Patterns) {
  EXPECT_EQ(Found("/health", "/health"), "");
  EXPECT_EQ(Found("/health", "/health/"), "-");
  EXPECT_EQ(Found("/files/{name...}.h4mk", "/files/a/b.h4mk"), "name=a/b;");
  EXPECT_EQ(Found("/files/{name...}.h4mk", "/files/.h4mk"), "-");
  EXPECT_EQ(Found("/files/{name...}.h4mk", "/files/a//b.h4mk"), "-");
  EXPECT_EQ(Found("/hls/{name...}/t{track}.m3u8", "/hls/a/b/t12.m3u8"), "name=a/b;track=12;");
  EXPECT_EQ(Found("/hls/{name...}/t{track}.m3u8", "/hls/t12.m3u8"), "-");
  EXPECT_EQ(Found("/x/part-{number}.{part}.m4s", "/x/part-3.14.m4s"), "number=3;part=14;");
  EXPECT_EQ(Found("/x/part-{number}.{part}.m4s", "/x/part-3..m4s"), "-");
}

TEST(RouterTest, HeadIsAnsweredAsGetAndOtherMethodsAreTold) {
  Router router;
  router.Add({"GET", "/a", "", "", {}, nullptr});
  EXPECT_NE(router.Find("HEAD", "/a").route, nullptr);
  EXPECT_TRUE(router.Find("POST", "/a").other_method);
}

// ------------------------------------------------------------------------------------- whole
// service

class ServiceTest : public testing::Test {
 protected:
  ServiceTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("h4mkd_core_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_ / "sub");
  }
  ~ServiceTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  std::string MakeFile(
      std::string_view track =
          R"({"track_id":1,"name":"x","kind":"data","codec":"none","time_base":"1/1000"})",
      const std::vector<int64_t>& times = {0, 40, 80, 120, 160}) {
    return MakeFile({{track, times}});
  }
  // data: of each block.
  std::string MakeFile(const std::vector<std::pair<std::string_view, std::vector<int64_t>>>& tracks,
                       const std::string& data = "block") {
    h4mk_io io = H4MK_IO_INIT;
    EXPECT_EQ(h4mk_io_new_memory(&io), H4MK_OK);
    h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
    options.repeatable = 1;
    h4mk_writer* writer = nullptr;
    EXPECT_EQ(h4mk_writer_open(&io, &options, &writer), H4MK_OK);
    for (const auto& [track, times] : tracks) {
      h4mk_value* description = nullptr;
      EXPECT_EQ(h4mk_value_from_json(track.data(), track.size(), &description), H4MK_OK);
      uint32_t index = 0;
      EXPECT_EQ(h4mk_writer_add_track(writer, description, &index), H4MK_OK);
      h4mk_value_free(description);
    }
    for (size_t i = 0; i < tracks.size(); ++i)
      for (const int64_t time : tracks[i].second) {
        h4mk_block block = H4MK_BLOCK_INIT;
        block.track = static_cast<uint32_t>(i);
        block.flags = H4MK_BLOCK_KEY;
        block.pts = block.dts = time;
        block.duration = 40;
        block.data = reinterpret_cast<const uint8_t*>(data.data());
        block.size = data.size();
        EXPECT_EQ(h4mk_writer_write(writer, &block), H4MK_OK);
      }
    EXPECT_EQ(h4mk_writer_finish(writer), H4MK_OK);
    const uint8_t* written = nullptr;
    size_t size = 0;
    EXPECT_EQ(h4mk_io_memory(&io, &written, &size), H4MK_OK);
    std::string bytes(reinterpret_cast<const char*>(written), size);
    h4mk_writer_free(writer);
    h4mk_io_close(&io);
    return bytes;
  }
  void Start() {
    service_.catalogue().Add(folder_);
    service_.catalogue().Scan();
  }
  Response Get(const std::string& target) {
    Request request;
    request.target = target;
    return service_.Handle(request);
  }
  const std::filesystem::path folder_;
  Service service_{ServiceOptions{}};
};

TEST_F(ServiceTest, FilesAreServedByNamesBelowTheFolder) {
  const std::string bytes = MakeFile();
  Write("a.h4mk", bytes);
  Write("sub/b c.h4mk", bytes);
  Start();
  EXPECT_EQ(Get("/files/a.h4mk").body.Read(), bytes);
  EXPECT_EQ(Get("/files/sub/b%20c.h4mk").body.Read(), bytes);
  EXPECT_EQ(Get("/files/c.h4mk").status, 404);
  EXPECT_NE(Get("/api/files").body.Read().find("\"sub/b c\""), std::string::npos);
}

std::string Film(const std::string& time_base, int track_id = 1) {
  return R"({"track_id":)" + std::to_string(track_id) +
         R"(,"name":"","kind":"video","codec":"h264","width":32,"height":32,)"
         R"("extradata":"AULACv/hABZnQsAK2iWwEQAAAwABAAADABQPEiagAQAEaM4PyA==","time_base":")" +
         time_base + "\"}";
}

// Playlists of times that no film has would be sums that no number holds.
TEST_F(ServiceTest, TimesThatNoFilmHasAreNotStreamed) {
  const std::pair<const char*, std::vector<int64_t>> cases[] = {
      {"1/1000", {0, 40, INT64_MAX - 100}},
      {"1/1000", {INT64_MIN + 1, 0, 40}},
      {"1/1000", {INT64_MIN + 1, 0, INT64_MAX - 100}},
      {"1/1", {0, 40, 2'000'000'000'000}},
      {"1000000/1", {0, 40, 2'000'000}},
      {"1000000/1", {-2'000'000, 0, 40}}};
  for (size_t i = 0; i < std::size(cases); ++i)
    Write(std::to_string(i) + ".h4mk", MakeFile(Film(cases[i].first), cases[i].second));
  Write("good.h4mk", MakeFile(Film("1/1000"), {-40, 0, 40}));
  Write("long.h4mk", MakeFile(Film("1000000/1"), {0, 1, 2}));
  Start();
  for (size_t i = 0; i < std::size(cases); ++i) {
    const std::string name = std::to_string(i);
    for (const std::string& target :
         {"/hls/" + name + "/t0.m3u8", "/hls/" + name + "/t0-iframes.m3u8",
          "/dash/" + name + "/manifest.mpd", "/api/files/" + name + "/range.mp4?to=5"}) {
      const int status = Get(target).status;
      EXPECT_TRUE(status == 415 || status == 422) << target << " " << status;
    }
    EXPECT_EQ(Get("/api/files/" + name).status, 200);
  }
  // One such track takes nothing from the others.
  const std::string film = Film("1/1000"), other = Film("1/1000", 2);
  Write("both.h4mk", MakeFile({{film, {0, 40, 80}}, {other, {0, INT64_MAX - 100}}}));
  service_.catalogue().Scan();
  EXPECT_EQ(Get("/dash/both/manifest.mpd").status, 200);
  EXPECT_EQ(Get("/hls/both/master.m3u8").body.Read().find("t1.m3u8"), std::string::npos);
  for (const std::string name : {"good", "long"})
    for (const std::string& target :
         {"/hls/" + name + "/t0.m3u8", "/dash/" + name + "/manifest.mpd"})
      EXPECT_EQ(Get(target).status, 200) << target;
}

TEST_F(ServiceTest, TextAtTimesThatNoFilmHasIsLeftOut) {
  Write("a.h4mk",
        MakeFile(
            R"({"track_id":1,"name":"","kind":"subtitle","codec":"subrip","time_base":"1/1000"})",
            {INT64_MIN + 1, 1000, INT64_MAX - 100}));
  Start();
  const std::string token = service_.files().Get("a")->token();
  EXPECT_EQ(Get("/hls/a/" + token + "/t0/all.vtt").body.Read(),
            "WEBVTT\n\n00:00:01.000 --> 00:00:01.040\nblock\n");
}

// What is compressed says little of its size by that of its file.
TEST_F(ServiceTest, TextOfATrackIsLimited) {
  std::vector<int64_t> times;
  for (int64_t i = 0; i < 400; ++i) times.push_back(40 * i);
  Write("a.h4mk", MakeFile({{R"({"track_id":1,"name":"","kind":"subtitle","codec":"subrip",)"
                             R"("time_base":"1/1000","compression":"zstd"})",
                             times}},
                           std::string(60'000, 'a')));
  Start();
  const std::string token = service_.files().Get("a")->token();
  const size_t size = Get("/hls/a/" + token + "/t0/all.vtt").body.size();
  EXPECT_GT(size, size_t{8} << 20);
  EXPECT_LT(size, size_t{16} << 20);
}

TEST_F(ServiceTest, WhatMustBeCopiedIsLimited) {
  std::string film = Film("1/1000");
  film.insert(film.size() - 1, R"(,"compression":"zstd")");
  // A block may unpack to 1024 times its bytes, no more: so not all of them are zeros.
  std::string data(size_t{48} << 20, '\0');
  for (size_t i = 0; i + 4096 < data.size(); i += 4096) {
    const size_t mixed = i * 0x9E3779B97F4A7C15;
    std::memcpy(&data[i], &mixed, sizeof mixed);
  }
  Write("small.h4mk", MakeFile({{film, {0, 40}}}, data));
  Write("large.h4mk", MakeFile({{film, {0, 40, 80}}}, data));
  // No segment is too large, but all of them are.
  Write("long.h4mk", MakeFile({{film, {0, 20'000, 40'000}}}, data));
  Start();
  EXPECT_EQ(Get("/api/files/small/range.mp4").status, 200);
  EXPECT_EQ(Get("/api/files/large/range.mp4").status, 422);
  EXPECT_EQ(Get("/api/files/long/range.mp4").status, 422);
  EXPECT_EQ(Get("/api/files/long/range.mp4?to=5").status, 200);
}

// ------------------------------------------------------------------------------- what a file keeps

using MadeText = std::pair<std::shared_ptr<const std::string>, size_t>;

TEST_F(ServiceTest, LargeResultsAreKeptForAllFilesTogether) {
  Write("a.h4mk", MakeFile());
  Start();
  const auto file = service_.files().Get("a");
  int made = 0;
  const auto ask = [&](const std::string& key, size_t size) {
    file->Cached<std::string>(key, [&]() -> MadeText {
      ++made;
      return {std::make_shared<const std::string>(key), size};
    });
  };
  const auto made_by = [&](const std::string& key, size_t size) {
    const int before = made;
    ask(key, size);
    return made - before;
  };
  constexpr size_t kLarge = size_t{17} << 20;
  EXPECT_EQ(made_by("small", 100), 1);
  EXPECT_EQ(made_by("large", kLarge), 1);
  EXPECT_EQ(made_by("large", kLarge), 0);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(made_by("other " + std::to_string(i), kLarge), 1);
  EXPECT_EQ(made_by("large", kLarge), 1);  // it went for the others
  EXPECT_EQ(made_by("other 6", kLarge), 0);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(made_by("too large", LargeResults::kMostBytes + 1), 1);
  EXPECT_EQ(made_by("other 6", kLarge), 0);  // nothing had to go for it
  EXPECT_EQ(made_by("small", 100), 0);
}

TEST(LargeResultsTest, AFileThatGoesTakesItsOwn) {
  LargeResults results;
  const int one = 0, other = 0;
  const auto value = std::make_shared<const int>(7);
  results.Keep(&one, "a", value, LargeResults::kMostBytes / 2);
  results.Keep(&other, "a", value, LargeResults::kMostBytes / 2);
  EXPECT_EQ(value.use_count(), 3);
  results.Forget(&one);
  EXPECT_EQ(value.use_count(), 2);
  EXPECT_EQ(results.Find(&one, "a"), nullptr);
  EXPECT_EQ(results.Find(&other, "b"), nullptr);
  EXPECT_EQ(results.Find(&other, "a"), value);
}

// Two want the same; the client of the one that waits hangs up before the other has made it.
TEST_F(ServiceTest, WaitingForAnotherRequestEndsWithItsClient) {
  Write("a.h4mk", MakeFile());
  Start();
  const auto file = service_.files().Get("a");
  int status = 0;
  file->Cached<std::string>("x", [&]() -> MadeText {
    std::thread waiting([&] {
      const IsAbandoned gone = [] { return true; };
      const Work work(gone);
      try {
        file->Cached<std::string>("x", []() -> MadeText { return {nullptr, 0}; });
      } catch (const HttpError& error) {
        status = error.status();
      }
    });
    waiting.join();
    return {std::make_shared<const std::string>("x"), 1};
  });
  EXPECT_EQ(status, kAbandoned);
}

// Who may put a file into the folder could else read with it what is hidden or not open to them.
TEST_F(ServiceTest, AFileBesideIsNeitherHiddenNorServedItself) {
  Write("a.h4mk", MakeFile());
  for (const char* name : {"film.mp4", ".hidden", "other.h4mk"}) Write(name, "bytes");
  Start();
  EXPECT_NE(service_.catalogue().OpenBeside("a", "film.mp4"), nullptr);
  for (const char* name : {".hidden", "other.h4mk", "a.h4mk", ".", "..", "", "sub/x", "-x"})
    EXPECT_EQ(service_.catalogue().OpenBeside("a", name), nullptr) << name;
}

// Only what the walk has found is opened: no way out of the folder, no links, no other kinds of
// files.
TEST_F(ServiceTest, NothingElseIsServed) {
  const std::string bytes = MakeFile();
  Write("a.h4mk", bytes);
  Write(".hidden.h4mk", bytes);
  std::filesystem::create_symlink("/etc/passwd", folder_ / "link.h4mk");
  std::filesystem::create_directory_symlink("/etc", folder_ / "etc");
  ASSERT_EQ(mkfifo((folder_ / "fifo.h4mk").c_str(), 0600), 0);
  Start();
  ASSERT_EQ(Get("/files/a.h4mk").status, 200);  // control
  for (const char* target :
       {"/files/../a.h4mk", "/files/sub/../a.h4mk", "/files/%2e%2e/a.h4mk", "/files/..%2fa.h4mk",
        "/files//etc/passwd", "/files/link.h4mk", "/files/.hidden.h4mk", "/files/fifo.h4mk",
        "/files/etc/passwd.h4mk", "/files/a%00.h4mk", "/files/%zz.h4mk"})
    EXPECT_NE(Get(target).status, 200) << target;
  // A file that becomes a link, or a pipe, after the walk is not opened either.
  std::filesystem::remove(folder_ / "a.h4mk");
  std::filesystem::create_symlink("/etc/passwd", folder_ / "a.h4mk");
  EXPECT_EQ(Get("/files/a.h4mk").status, 404);
  std::filesystem::remove(folder_ / "a.h4mk");
  ASSERT_EQ(mkfifo((folder_ / "a.h4mk").c_str(), 0600), 0);
  EXPECT_EQ(Get("/files/a.h4mk").status, 404);
}

TEST_F(ServiceTest, BlocksAndFramesAreTold) {
  Write("a.h4mk", MakeFile());
  Start();
  EXPECT_EQ(Get("/api/files/a/tracks/0/blocks/2/data").body.Read(), "block");
  EXPECT_NE(Get("/api/files/a/tracks/0/blocks/2").body.Read().find("\"pts\":80"),
            std::string::npos);
  EXPECT_EQ(Get("/api/files/a/tracks/0/blocks/5").status, 404);
  EXPECT_EQ(Get("/api/files/a/tracks/1/blocks/0").status, 404);
  EXPECT_EQ(Get("/api/files/a/tracks/0/blocks/x").status, 404);
  EXPECT_NE(Get("/api/files/a/tracks/0/frames?first=3&count=1").body.Read().find("\"frame\":3"),
            std::string::npos);
  EXPECT_EQ(Get("/api/files/a/tracks/0/frames?count=10001").status, 400);
  EXPECT_NE(Get("/api/files/a/tracks/0/seek?t=0.1").body.Read().find("\"pts\":80"),
            std::string::npos);
  EXPECT_EQ(Get("/api/files/a/tracks/0/seek").status, 400);
  EXPECT_EQ(Get("/api/files/a/tracks/0/seek?t=nan").status, 400);
  EXPECT_NE(Get("/api/files/a/tracks/0/chain?t=0.1").body.Read().find("\"count\":1"),
            std::string::npos);
  EXPECT_NE(Get("/api/files/a/verify").body.Read().find("\"ok\":true"), std::string::npos);
  EXPECT_EQ(Get("/hls/a/master.m3u8").status, 415);  // no track can be played
}

TEST_F(ServiceTest, ADamagedFileIsAnErrorNotACrash) {
  std::string bytes = MakeFile();
  Write("whole.h4mk", bytes);
  Write("short.h4mk", bytes.substr(0, 10));
  Write("empty.h4mk", "");
  Write("other.h4mk", std::string(100, 'x'));
  const size_t at = bytes.find("blockblock");
  ASSERT_NE(at, std::string::npos);
  bytes[at] ^= 1;
  Write("bad.h4mk", bytes);
  Start();
  EXPECT_EQ(Get("/api/files/whole").status, 200);  // control
  for (const char* name : {"short", "empty", "other"})
    EXPECT_EQ(Get(std::string("/api/files/") + name).status, 422) << name;
  EXPECT_NE(Get("/api/files/bad/verify").body.Read().find("\"ok\":false"), std::string::npos);
  EXPECT_EQ(Get("/api/files/bad/tracks/0/blocks/0/data").status, 422);
}

TEST_F(ServiceTest, AClosedFileMayBeKeptAndAGrowingOneMustBeAskedFor) {
  const std::string bytes = MakeFile();
  Write("a.h4mk", bytes);
  Write("cut.h4mk", bytes.substr(0, bytes.size() - 40));
  Start();
  EXPECT_NE(Get("/files/a.h4mk").Header("Cache-Control").find("immutable"), std::string_view::npos);
  EXPECT_EQ(Get("/files/a.h4mk").Header("Content-Type"), "video/x-h4mk");
  EXPECT_EQ(Get("/files/cut.h4mk").Header("Cache-Control"), "no-cache");
  EXPECT_NE(Get("/files/a.h4mk").Header("ETag"), Get("/files/cut.h4mk").Header("ETag"));
}

TEST_F(ServiceTest, TheDescriptionOfTheApiHasItsRoutes) {
  const std::string text = Get("/openapi.json").body.Read();
  EXPECT_NE(text.find("\"openapi\":\"3.1.0\""), std::string::npos);
  for (const Route& route : service_.router().routes())
    EXPECT_TRUE(route.tag.empty() || text.find(route.summary) != std::string::npos)
        << route.pattern;
}

// Origins are named, one by one; never with credentials.
TEST_F(ServiceTest, CrossOriginOnlyWhereAllowed) {
  ServiceOptions options;
  options.origins = {"https://a.example"};
  Service service(std::move(options));
  Request request;
  request.target = "/health";
  request.headers = {{"Origin", "https://a.example"}};
  Response response = service.Handle(request);
  EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(response.Header("Vary"), "Origin");
  EXPECT_EQ(response.Header("Access-Control-Allow-Credentials"), "");
  request.headers = {{"Origin", "https://b.example"}};
  response = service.Handle(request);
  EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(response.Header("Vary"), "Origin");
  EXPECT_EQ(service_.Handle(request).Header("Access-Control-Allow-Origin"), "");
}

// ------------------------------------------------------------------------------------------- texts

TEST(TextTest, NumbersHaveNoSurprises) {
  uint64_t number = 0;
  EXPECT_TRUE(ParseNumber("18446744073709551615", &number));
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "18446744073709551616", "1e3"})
    EXPECT_FALSE(ParseNumber(text, &number)) << text;
  int64_t us = 0;
  EXPECT_TRUE(ParseSeconds("-12.5", &us));
  EXPECT_EQ(us, -12'500'000);
  for (const char* text : {"", ".", "nan", "inf", "1e9", "1.x", "--1"})
    EXPECT_FALSE(ParseSeconds(text, &us)) << text;
  EXPECT_EQ(Decimal(4'004'000, 1'000'000, 6), "4.004000");
  EXPECT_EQ(Decimal(24000, 1001, 3), "23.976");
}

TEST(TextTest, WhatIsShownIsEscaped) {
  EXPECT_EQ(JsonText("a\"\\\n\x01\xff"), "\"a\\\"\\\\\\n\\u0001\xEF\xBF\xBD\"");
  EXPECT_EQ(XmlText("<&\"'\x02>"), "&lt;&amp;&quot;&#39;&gt;");
  // What deceives who reads a log: CSI of one byte, DEL, right to left.
  const std::string hidden = "\xC2\x9B\x7F\xE2\x80\xAE\xC3\xA4";
  EXPECT_EQ(JsonText(hidden), "\"\\u009b\\u007f\\u202e\xC3\xA4\"");
  EXPECT_EQ(EscapeHidden("{\"" + hidden + "\":1}"), "{\"\\u009b\\u007f\\u202e\xC3\xA4\":1}");
  EXPECT_EQ(XmlText(hidden + "\xEF\xBF\xBF"), "&#x009b;&#x007f;&#x202e;\xC3\xA4");
  EXPECT_EQ(PercentEncode("a b/ü?"), "a%20b/%C3%BC%3F");
}

TEST(WebVttTest, CuesOfAllTextCodecs) {
  EXPECT_EQ(CueText("subrip", "<i>a</i>"), "<i>a</i>");
  EXPECT_EQ(CueText("mov_text", std::string_view("\0\3a<bxyz", 8)), "a&lt;b");
  EXPECT_EQ(CueText("mov_text", "x"), "");
  EXPECT_EQ(CueText("ass", "0,0,Default,,0,0,0,,{\\b1}Hello\\Nyou, all"), "Hello\nyou, all");
  EXPECT_EQ(CueText("ass", "0,0"), "");
}

TEST(WebVttTest, ACueCannotEndItselfOrBeginAnother) {
  EXPECT_EQ(CleanCue("\n\r\na\r\n\r\n\n\nb\n\n"), "a\nb");
  EXPECT_EQ(CleanCue(std::string_view("0:01 --\0> 0:02 --->", 19)), "0:01 --&gt; 0:02 ---&gt;");
  EXPECT_EQ(CleanCue("--\r>"), "--&gt;");
  EXPECT_EQ(CleanCue("\n\n"), "");
  // As large as a block may be, of what is replaced most.
  std::string hostile;
  for (int i = 0; i < 1 << 20; ++i) hostile += "-->a\n\n\n";
  EXPECT_LT(CleanCue(hostile).size(), size_t{256} << 10);
}

TEST(CodecTest, NamesOfCodecs) {
  TrackInfo track;
  track.codec = "h264";
  track.kind = "video";
  track.extradata = std::string("\x01\x64\x00\x28\xff\xe1\x00\x00", 8);
  EXPECT_EQ(DescribeCodec(track, "").name, "avc1.640028");
  track.codec = "vp9";
  track.width = 1920;
  track.height = 1080;
  track.profile = 0;
  EXPECT_EQ(DescribeCodec(track, "").name, "vp09.00.40.08");
  track.codec = "aac";
  track.extradata = std::string("\x12\x10", 2);
  EXPECT_EQ(DescribeCodec(track, "").name, "mp4a.40.2");
  track.codec = "none";
  EXPECT_THROW(DescribeCodec(track, ""), HttpError);
}

TEST(CodecTest, StartCodesBecomeLengths) {
  EXPECT_EQ(RepackBlock(CodecInfo::kAnnexB, std::string_view("\0\0\0\1ab\0\0\1c\0", 11)),
            std::string("\0\0\0\2ab\0\0\0\1c", 11));
  EXPECT_EQ(RepackBlock(CodecInfo::kAdts, std::string_view("\xff\xf1\x50\x80\x01\x1f\xfc"
                                                           "data",
                                                           11)),
            "data");
}

}  // namespace
}  // namespace h4mk::server
