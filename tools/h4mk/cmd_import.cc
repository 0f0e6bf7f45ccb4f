// SPDX-License-Identifier: MIT
// h4mk import: media files of any kind as H4MK, packet for packet, by ffmpeg.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "child.h"
#include "command.h"
#include "file_name.h"
#include "own_path.h"
#include "progress.h"
#include "recording.h"
#include "text.h"
#include "url_file.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

namespace fs = std::filesystem;

struct ImportOptions {
  std::vector<std::string> inputs;
  bool json = false, recursive = false, quiet = false;
  std::string output, ffmpeg;
  WriteOptions write;
};

void Describe(CLI::App* command, ImportOptions* options) {
  command->add_option("INPUT", options->inputs, "Media files or their URLs, with -r folders too")
      ->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->add_flag("--recursive,-r", options->recursive,
                    "Take folders, with all files in them whose names are those of media");
  command->add_flag("--quiet,-q", options->quiet, "Say only what went wrong");
  command
      ->add_option("--output,-o", options->output,
                   "The new file; for several inputs a folder, which gets what is in folders as it "
                   "lies there. Default: beside each input, of a URL in the folder we are in, its "
                   "name with .h4mk")
      ->type_name("OUT");
  AddWriteOptions(command, &options->write);
  AddFfmpegOption(command, &options->ffmpeg);
  command->footer(
      "Every stream of INPUT is copied with its times, tags, chapters and attachments; nothing is "
      "decoded, and INPUT is not touched.\n"
      "ffmpeg must be one that writes H4MK. What -r passes over is named at the end, and why.\n"
      "Exit status: 0 all were imported, 1 some were not, 2 none was.");
}

// A file to read, and the one that comes of it.
struct Job {
  std::string input, output;
};

class Importer {
 public:
  explicit Importer(const ImportOptions& options)
      : options_(options),
        output_(options.inputs.size() == 1 ? options.inputs[0] : "import", options.json,
                options.output == "-" ? stderr : stdout) {
    output_.SetQuiet(options.quiet);
  }

  int Run() {
    if (const Status status = FindJobs(); !status.ok()) return output_.Fail(status);
    for (const Job& job : jobs_) KeepInput(job.input);
    size_t done = 0;
    for (const Job& job : jobs_) {
      const std::string label =
          jobs_.size() == 1 ? "import" : fmt::format("{} of {}", done + failed_ + 1, jobs_.size());
      const Status status = Import(job, label);
      ClearProgress();
      if (status.ok()) {
        ++done;
        continue;
      }
      ++failed_;
      const std::string message =
          jobs_.size() == 1 ? status.message() : job.input + ": " + status.message();
      output_.Problem(status.Saying(message));
      files_.push_back({{"input", job.input}, {"error", status.message()}});
    }
    output_.Set("imported", done);
    output_.Set("failed", failed_);
    output_.Set("files", std::move(files_));
    TellPassedOver();
    if (jobs_.size() > 1)
      output_.Text("{} imported, {}\n", Grouped(done),
                   failed_ == 0 ? "none failed" : fmt::format("{} not", Grouped(failed_)));
    const int code = output_.Finish();
    return failed_ == 0 ? code : done > 0 ? kExitNo : kExitBad;
  }

 private:
  Status FindJobs() {
    const bool to_folder = IsFolder(options_.output) || options_.inputs.size() > 1 ||
                           (options_.recursive && IsFolder(options_.inputs[0]));
    if (to_folder && options_.output == "-")
      return Status(Code::kArgument, "several files cannot go to standard output");
    for (const std::string& input : options_.inputs) {
      if (input == "-")
        return Status(Code::kArgument, "media come from a file: `h4mk export --packets` takes -");
      if (options_.recursive && IsFolder(input))
        H4MK_TRY(FindInFolder(input));
      else
        AddJob(input, to_folder, IsUrl(input) ? NameFor(input) : LastName(input));
    }
    if (!jobs_.empty()) return {};
    TellPassedOver();
    return Status(Code::kNotFound, "no file there has the name of a media file");
  }

  // Folders that are links are not entered: they may lead round in circles.
  Status FindInFolder(const std::string& folder) {
    std::error_code error, ignored;
    std::vector<fs::path> found;
    for (fs::recursive_directory_iterator
             at(folder, fs::directory_options::skip_permission_denied, error),
         end;
         !error && at != end; at.increment(error)) {
      if (at->is_directory(ignored) && !at->is_symlink(ignored) && CanEnter(at->path())) continue;
      if (const std::string why = WhyNot(*at); !why.empty())
        passed_over_.push_back({at->path().string(), why});
      else
        found.push_back(at->path());
    }
    if (error) return Status(Code::kIo, folder + ": " + error.message());
    std::sort(found.begin(), found.end());
    for (const fs::path& path : found) AddJob(path.string(), true, path.lexically_relative(folder));
    return {};
  }

  static bool CanEnter(const fs::path& folder) { return access(folder.c_str(), R_OK | X_OK) == 0; }

  // Why something in a folder is not imported; "" if it is.
  static std::string WhyNot(const fs::directory_entry& entry) {
    std::error_code ignored;
    if (entry.is_directory(ignored))
      return entry.is_symlink(ignored) ? "a link to a folder" : "a folder that may not be read";
    if (entry.path().extension() == ".h4mk") return "H4MK already";
    if (!IsMediaName(entry.path())) return "not the name of a media file";
    if (IsLinkOfOthers(entry.path().string())) return "a link that somebody else made";
    return entry.is_regular_file(ignored) ? "" : "no regular file";
  }

  // The first of them one by one.
  void TellPassedOver() {
    constexpr size_t kMostShown = 10;
    std::sort(passed_over_.begin(), passed_over_.end());
    Json list = Json::array();
    for (const auto& [path, why] : passed_over_) {
      if (list.size() < kMostShown) output_.Text("passed over {}: {}\n", Printable(path), why);
      list.push_back({{"path", path}, {"reason", why}});
    }
    if (list.size() > kMostShown)
      output_.Text("passed over {} more; --json names all\n", list.size() - kMostShown);
    if (options_.recursive) output_.Set("passed_over", std::move(list));
  }

  static std::string NameFor(const std::string& url) {
    const std::string name = SafeName(LastName(url));
    return name.empty() ? "media" : name;
  }

  // below: where the file lies in the folder that takes it.
  void AddJob(const std::string& input, bool to_folder, const fs::path& below) {
    Job job{input, options_.output};
    if (to_folder || options_.output.empty()) {
      const fs::path base = !options_.output.empty() ? options_.output / below
                            : IsUrl(input)           ? below  // in the folder we are in
                                                     : fs::path(input);
      job.output = fs::path(base).replace_extension(".h4mk").string();
      // film.mp4 and film.mkv; a/film.mp4 and b/film.mp4
      std::string longer = base.string();
      while (!taken_.insert(job.output).second) job.output = longer += ".h4mk";
      make_folders_ = to_folder && !options_.output.empty();
    }
    jobs_.push_back(std::move(job));
  }

  Status Import(const Job& job, const std::string& label) {
    InputFile input;  // not to be overwritten
    OutputFile out;
    if (!IsUrl(job.input) && IsFolder(job.input))
      return Status(Code::kIo, "is a directory; --recursive (-r) takes the files in it");
    H4MK_TRY(input.Open(job.input, InputFile::Kind::kAny));
    if (input.version() != 0)
      return Status(Code::kArgument, "is an H4MK file already; `h4mk convert` changes its version");
    if (input.size() == 0) return Status(Code::kIo, "the file is empty");
    if (make_folders_) H4MK_TRY(MakeFolderOf(job.output));
    H4MK_TRY(out.Open(job.output, options_.write));
    uint64_t written = 0;
    if (Status status = Copy(job, input.size(), label, out, &written); !status.ok())
      return out.Explain(std::move(status));
    H4MK_TRY(out.Commit());
    return job.output == "-" ? Status() : Tell(job, written);
  }

  // Names are never options, protocols or lists for ffmpeg, which shows its own errors.
  Status Copy(const Job& job, uint64_t size, const std::string& label, OutputFile& out,
              uint64_t* written) {
    Child ffmpeg;
    std::vector<std::string> words = {options_.ffmpeg, "-hide_banner", "-loglevel",    "error",
                                      "-nostdin",      "-copyts",      "-copy_unknown"};
    for (std::string& word : FfmpegInput(job.input)) words.push_back(std::move(word));
    words.insert(words.end(),
                 {"-map", "0", "-c", "copy", "-picture_types", "1", "-f", "h4mk", "pipe:1"});
    H4MK_TRY(ffmpeg.Start(std::move(words)));
    const auto progress = MakeProgress(label.c_str());
    Sink sink(out.io());
    const auto take = [&](ByteSpan bytes) -> Status {
      H4MK_TRY(sink.Write(bytes));
      *written += bytes.size();
      if (progress) progress(std::min(*written, size), size);
      return {};
    };
    H4MK_TRY(ffmpeg.ReadAll(take));
    return *written > 0 ? Status() : Status(Code::kIo, "ffmpeg wrote nothing");
  }

  Status Tell(const Job& job, uint64_t written) {
    Recording made;
    H4MK_TRY(made.Open(job.output));
    double end = 0;
    for (const RecordedTrack& track : made.tracks())
      if (track.info.end_pts != H4MK_NO_TIME && track.info.start_pts != H4MK_NO_TIME)
        end = std::max(end,
                       SecondsBetween(track.info.start_pts, track.info.end_pts, track.time_base()));
    output_.Text("{}: {} track{}, {}, {}\n", Printable(job.output), made.tracks().size(),
                 made.tracks().size() == 1 ? "" : "s", ClockOfSeconds(end), HumanBytes(written));
    files_.push_back({{"input", job.input},
                      {"output", job.output},
                      {"bytes", written},
                      {"tracks", made.tracks().size()}});
    return {};
  }

  const ImportOptions& options_;
  Output output_;
  std::vector<Job> jobs_;
  std::set<std::string> taken_;
  std::vector<std::pair<std::string, std::string>> passed_over_;  // path, why
  bool make_folders_ = false;
  uint64_t failed_ = 0;
  Json files_ = Json::array();
};

int Run(const ImportOptions& options) { return Importer(options).Run(); }

}  // namespace

void AddImport(CLI::App& app, int* exit_code) {
  AddCommand<ImportOptions>(app, exit_code, "import", "Media files of any kind as H4MK", Describe,
                            Run);
}

}  // namespace h4mk::tool
