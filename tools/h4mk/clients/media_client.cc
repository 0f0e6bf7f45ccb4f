// SPDX-License-Identifier: MIT
// mt_build, mt_list and mt_chain as the first client of version 1 has them; h4mk build makes the
// same demonstration.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/fault.h"
#include "chunk/chunk_format.h"
#include "clients/old_clients.h"
#include "clients/old_messages.h"
#include "command.h"
#include "file.h"
#include "legacy/python_json.h"
#include "legacy/v1/v1_file.h"
#include "legacy/v1/v1_writer.h"
#include "say.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

constexpr char kDemoName[] = "demo_multitrack.h4mk";

int Error(const std::string& message) {
  std::fflush(stdout);
  Say("Error{}\n", Printable(message));
  return kExitNo;
}

ByteSpan Span(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Json DemoTrack(int id, const char* name, const char* kind, const char* codec, int rate,
               int channels, const char* note) {
  return {{"track_id", id},      {"name", name},         {"kind", kind}, {"codec", codec},
          {"sample_rate", rate}, {"channels", channels}, {"note", note}};
}

V1Contents Demo() {
  V1Contents demo;
  demo.tracks = {DemoTrack(1, "main", "audio", "h4core", 48000, 1, "Primary audio track"),
                 DemoTrack(2, "safety", "audit", "json", 0, 0, "Safety / audit track")};
  demo.sidecars[kTagMeta] = Span(R"({"title": "H4MK Multi-Track Demo", "duration_ms": 333})");
  demo.sidecars[kTagSafe] = Span(R"({"no_identity": true, "safe_for_demo": true})");
  demo.blocks = {{1, 0, kV1TypeI, Span("I0_main_audio_keyframe_12345")},
                 {1, 33, kV1TypeP, Span("P1_main_audio_predictive_67890")},
                 {1, 66, kV1TypeB, Span("B2_main_audio_bidirectional_abc")},
                 {1, 99, kV1TypeP, Span("P3_main_audio_predictive_def")},
                 {1, 333, kV1TypeI, Span("I10_main_audio_keyframe_ghi")}};
  return demo;
}

int Build(const std::string& path, const WriteOptions& write) {
  const std::string name = path.empty() ? kDemoName : path;
  OutputFile file;
  errno = 0;
  Status status = file.Open(name, write);
  if (!status.ok() && errno != 0)
    return Error(
        fmt::format(" writing file: [Errno {}] {}: '{}'", errno, std::strerror(errno), name));
  if (!status.ok()) return Error(": " + status.message());
  Sink sink(file.io());
  status = file.Commit(WriteV1(Demo(), sink));
  if (!status.ok()) return Error(" writing file: " + status.message());
  const std::string done = fmt::format("Wrote {} bytes to {}\n", sink.position(), Printable(name));
  std::fputs(done.c_str(), name == "-" ? stderr : stdout);
  return kExitDone;
}

// A value as text: strings as they are, but for what a terminal would obey.
std::string Plain(const Json& value) {
  const std::string text =
      value.is_string() ? value.get<std::string>() : DumpPythonJson(value, JsonStyle::kSpaced);
  return isatty(STDOUT_FILENO) ? Printable(text) : text;
}

void ShowTrack(const Json& track) {
  fmt::print("  [{}] {}\n      kind={}, codec={}\n      {}ch @ {}Hz\n", Plain(track["track_id"]),
             Plain(track["name"]), Plain(track["kind"]), Plain(track["codec"]),
             Plain(track["channels"]), Plain(track["sample_rate"]));
  if (const std::string note = Plain(track["note"]); !note.empty())
    fmt::print("      note: {}\n", note);
}

// Opens a file of version 1 and checks all of it.
class Client {
 public:
  // what: "reading tracks"
  int Open(const std::string& path, const char* what) {
    if (path != "-" && !std::filesystem::exists(path)) return Error(": file not found: " + path);
    if (const Status status = input_.Open(path); !status.ok())
      return Error(": " + status.message());
    source_.emplace(input_.NewIo());
    Result<V1File> file = V1File::Open(*source_, /*check=*/true);
    if (!file.ok()) return Fail(what, file.status());
    file_.emplace(std::move(file.value()));
    return kExitDone;
  }
  int Fail(const char* what, const Status& fault) {
    return Error(fmt::format(" {}: {}", what, OldMessage(fault, *source_)));
  }
  const V1File& file() const { return *file_; }

 private:
  InputFile input_;
  std::optional<Source> source_;
  std::optional<V1File> file_;
};

int List(const std::string& path) {
  Client client;
  if (const int code = client.Open(path, "reading tracks"); code != kExitDone) return code;
  Result<std::vector<Json>> tracks = client.file().Tracks();
  if (!tracks.ok()) return client.Fail("reading tracks", tracks.status());
  fmt::print("\n=== TRACKS ===\n");
  for (const Json& track : tracks.value()) ShowTrack(track);
  fmt::print("\n=== CORE BLOCKS ===\n");
  Result<std::vector<V1Core>> cores = client.file().Cores();
  if (!cores.ok()) return client.Fail("reading blocks", cores.status());
  for (const V1Core& core : cores.value())
    fmt::print("  [idx={}] track={} t={}ms {} ({}B)\n", core.offset, core.track_id,
               core.flags.pts_ms, V1TypeLetter(core.flags.type), core.size);
  return kExitDone;
}

int Chain(const std::string& path, int64_t track_id, int64_t t_ms) {
  Client client;
  if (const int code = client.Open(path, "computing chain"); code != kExitDone) return code;
  Result<std::vector<uint64_t>> chain = client.file().DecodeChain(track_id, t_ms);
  if (!chain.ok()) return client.Fail("computing chain", chain.status());
  fmt::print("Decode chain for track={} t={}ms:\n", track_id, t_ms);
  for (const uint64_t offset : chain.value()) fmt::print("  -> chunk_index={}\n", offset);
  if (chain.value().empty()) fmt::print("  (empty)\n");
  return kExitDone;
}

struct MediaOptions {
  std::string in, out = kDemoName;
  int64_t track_id = 0, t_ms = 0;
  WriteOptions write;
};

void DescribeBuild(CLI::App* command, MediaOptions* options) {
  command->add_option("--out,-o", options->out, std::string("The file, default ") + kDemoName);
  AddForceOption(command, &options->write);
}
void DescribeList(CLI::App* command, MediaOptions* options) {
  command->add_option("--in", options->in, "A file of version 1")->required();
}
void DescribeChain(CLI::App* command, MediaOptions* options) {
  DescribeList(command, options);
  command->add_option("--track", options->track_id, "The track_id")->required();
  command->add_option("--t_ms", options->t_ms, "The time in milliseconds")->required();
}

int RunBuild(const MediaOptions& options) { return Build(options.out, options.write); }
int RunList(const MediaOptions& options) { return List(options.in); }
int RunChain(const MediaOptions& options) {
  return Chain(options.in, options.track_id, options.t_ms);
}

}  // namespace

void AddBuild(CLI::App& app, int* exit_code) {
  AddCommand<MediaOptions>(app, exit_code, "build", "Write a small demonstration file of version 1",
                           DescribeBuild, RunBuild);
}

void AddMedia(CLI::App& app, int* exit_code) {
  AddCommand<MediaOptions>(app, exit_code, "mt_build", "build, by its old name", DescribeBuild,
                           RunBuild);
  AddCommand<MediaOptions>(app, exit_code, "mt_list", "Tracks and blocks of a file of version 1",
                           DescribeList, RunList);
  AddCommand<MediaOptions>(app, exit_code, "mt_chain", "The decode chain in a file of version 1",
                           DescribeChain, RunChain);
}

}  // namespace h4mk::tool
