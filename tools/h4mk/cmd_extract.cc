// SPDX-License-Identifier: MIT
// h4mk extract: tracks and attachments as files that other programs know.
#include <algorithm>
#include <set>

#include "child.h"
#include "command.h"
#include "describe.h"
#include "file_name.h"
#include "files_option.h"
#include "progress.h"
#include "recording.h"
#include "subtitles.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct ExtractOptions {
  FilesOptions files;
  std::vector<int64_t> track_ids;
  std::vector<std::string> names;
  bool only_attachments = false;
  std::string output, ffmpeg;
  WriteOptions write;
  KeyOptions key;
};

void Describe(CLI::App* command, ExtractOptions* options) {
  AddFilesOptions(command, &options->files);
  command
      ->add_option("--track,-t", options->track_ids, "Only this track; may be given several times")
      ->type_name("ID")
      ->check(CLI::Range(int64_t{0}, int64_t{65535}))
      ->allow_extra_args(false);
  command
      ->add_option("--name", options->names,
                   "Only the attachment of this name; may be given several times")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_flag("--attachments", options->only_attachments, "Only attachments and covers");
  command
      ->add_option("--output,-o", options->output,
                   "The folder, default the one we are in; for one track of one file also a file, "
                   "or - for standard output")
      ->type_name("FOLDER");
  command->add_flag("--list", options->files.dry, "Say which files it would write, and write none");
  AddWriteOptions(command, &options->write);
  AddDecryptionKeyOptions(command, &options->key);
  AddFfmpegOption(command, &options->ffmpeg);
  command->footer(
      "Attachments keep their names, without what leads elsewhere; the others are called "
      "FILE.ID.LANGUAGE.EXTENSION. Of several files each\n"
      "has a folder of its own in FOLDER. Subtitles become\n"
      ".srt, .ass or .vtt. What other programs read only with headers (H.264 of MP4, AAC, Opus, "
      "AV1…) ffmpeg writes, which must be\n"
      "one that reads H4MK; all else is written as it is, block behind block.");
}

// How a codec is written: by ffmpeg in one of its formats, or as it is.
struct Form {
  const char* codec;
  const char* extension;
  const char* format;  // null: as it is
};
constexpr Form kForms[] = {
    {"h264", "h264", "h264"},       {"hevc", "h265", "hevc"},
    {"vvc", "h266", "vvc"},         {"av1", "ivf", "ivf"},
    {"vp8", "ivf", "ivf"},          {"vp9", "ivf", "ivf"},
    {"aac", "aac", "adts"},         {"opus", "opus", "opus"},
    {"vorbis", "ogg", "ogg"},       {"flac", "flac", "flac"},
    {"alac", "caf", "caf"},         {"theora", "ogv", "ogg"},
    {"ffv1", "nut", "nut"},         {"prores", "mov", "mov"},
    {"wavpack", "wv", "wv"},        {"tta", "tta", "tta"},
    {"speex", "spx", "spx"},        {"amr_nb", "amr", "amr"},
    {"amr_wb", "awb", "amr"},       {"ac4", "ac4", "ac4"},
    {"truehd", "thd", "truehd"},    {"mpeg4", "m4v", "m4v"},
    {"vc1", "vc1", "vc1"},          {"hdmv_pgs_subtitle", "sup", "sup"},
    {"mpeg1video", "m1v", nullptr}, {"mpeg2video", "m2v", nullptr},
    {"mp1", "mp1", nullptr},        {"mp2", "mp2", nullptr},
    {"mp3", "mp3", nullptr},        {"ac3", "ac3", nullptr},
    {"eac3", "eac3", nullptr},      {"dts", "dts", nullptr},
    {"aac_latm", "latm", nullptr},  {"sbc", "sbc", nullptr},
    {"mlp", "mlp", nullptr},        {"adpcm_g722", "g722", nullptr},
    {"mjpeg", "mjpeg", nullptr},    {"ttml", "ttml", nullptr},
};

// What becomes of a track.
struct Target {
  uint32_t track = 0;
  std::string path;
  const char* format = nullptr;  // for ffmpeg
  std::unique_ptr<SubtitleText> subtitles;
  std::unique_ptr<OutputFile> out;
  uint64_t bytes = 0;
};

std::string ExtradataOf(h4mk_reader* reader, uint32_t track) {
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (h4mk_value_get_bytes(h4mk_reader_track(reader, track), "extradata", &data, &size) != H4MK_OK)
    return "";
  return std::string(reinterpret_cast<const char*>(data), size);
}

Json TagsOf(const RecordedTrack& track) {
  const auto tags = track.description.find("tags");
  return tags != track.description.end() && tags->is_object() ? *tags : Json::object();
}

// Raw video and sound with start codes need no headers.
bool HasStartCodes(const std::string& extradata) {
  return extradata.empty() || extradata.starts_with(std::string_view("\0\0\1", 3)) ||
         extradata.starts_with(std::string_view("\0\0\0\1", 4));
}

class Extractor {
 public:
  // to: the folder, or for one track the file; "" for the folder we are in.
  Extractor(const ExtractOptions& options, const std::string& path, const std::string& to,
            Output& output)
      : options_(options), path_(path), to_(to), output_(output) {}

  Status Open() {
    Reading reading;
    reading.key = &options_.key;
    H4MK_TRY(input_.Open(path_, reading));
    H4MK_TRY(Choose());
    if (targets_.empty()) return Status(Code::kNotFound, "there is nothing to extract");
    const auto is_track = [&](const Target& target) {
      return !input_.tracks()[target.track].is_attachment;
    };
    if (input_.is_encrypted() && !options_.key.given() && std::ranges::any_of(targets_, is_track))
      return NoKey();
    return NameAll();
  }

  // Nothing is written where one of the outputs cannot be. Only so many files wait at a time.
  Status Write() {
    for (Target& target : targets_) H4MK_TRY(OutputFile().Check(target.path, options_.write));
    std::vector<Target*> together;
    for (Target& target : targets_) {
      if (!IsOwn(target)) H4MK_TRY(WriteAlone(target));
      if (input_.tracks()[target.track].is_attachment) continue;
      together.push_back(&target);
      if (together.size() < kMostTemporaryFiles) continue;
      H4MK_TRY(WriteTogether(together));
      together.clear();
    }
    return together.empty() ? Status() : WriteTogether(together);
  }

  void Report() {
    Json files = Json::array();
    for (const Target& target : targets_) {
      const RecordedTrack& track = input_.tracks()[target.track];
      files.push_back({{"track_id", track.info.track_id}, {"path", target.path}});
      if (!options_.files.dry) files.back()["bytes"] = target.bytes;
      output_.Text("track {}: {}{}\n", track.info.track_id, Printable(target.path),
                   options_.files.dry ? "" : ", " + Grouped(target.bytes) + " bytes");
    }
    output_.Set("files", std::move(files));
  }

 private:
  Status Choose() {
    std::set<uint32_t> wanted;
    for (const int64_t id : options_.track_ids) {
      const Result<uint32_t> found = input_.Find(id);
      if (!found.ok()) return found.status();
      wanted.insert(found.value());
    }
    for (const std::string& name : options_.names) H4MK_TRY(ChooseName(name, &wanted));
    const bool all = options_.track_ids.empty() && options_.names.empty();
    for (uint32_t i = 0; i < input_.tracks().size(); ++i) {
      const RecordedTrack& track = input_.tracks()[i];
      const bool belongs = track.is_attachment || track.is_cover;
      if (!wanted.contains(i) && !(all && (belongs || !options_.only_attachments))) continue;
      targets_.emplace_back().track = i;
    }
    return {};
  }

  Status ChooseName(const std::string& name, std::set<uint32_t>* wanted) {
    std::string names;
    bool is_there = false;  // several may have the same name
    for (uint32_t i = 0; i < input_.tracks().size(); ++i) {
      if (!input_.tracks()[i].is_attachment) continue;
      const std::string known = TextOf(TagsOf(input_.tracks()[i]), "filename");
      if (known == name) {
        wanted->insert(i);
        is_there = true;
      }
      names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", known);
    }
    if (is_there) return {};
    return Status(Code::kArgument, fmt::format("no attachment \"{}\"; the file has {}", name,
                                               names.empty() ? "none" : names));
  }

  // The name of a file, and how it is written.
  std::string NameOf(Target& target) {
    const RecordedTrack& track = input_.tracks()[target.track];
    const std::string codec = TextOf(track.description, "codec");
    const std::string id = std::to_string(track.info.track_id);
    if (track.is_attachment) {
      const std::string name = SafeName(TextOf(TagsOf(track), "filename"));
      return name.empty() ? "attachment." + id : name;
    }
    const std::string stem = path_ == "-" ? "track" : SafeName(Stem(path_));
    if (track.is_cover)
      return fmt::format("{}.{}.cover.{}", stem, id, codec == "mjpeg" ? "jpg" : SafeName(codec));
    const std::string language = SafeName(TextOf(TagsOf(track), "language"));
    return fmt::format("{}.{}{}.{}", stem, id,
                       language.empty() || language == "und" ? "" : "." + language,
                       Extension(target, codec));
  }

  std::string Extension(Target& target, const std::string& codec) {
    const RecordedTrack& track = input_.tracks()[target.track];
    if (const char* kind = SubtitleText::Extension(codec)) {
      target.subtitles = std::make_unique<SubtitleText>(
          codec, ExtradataOf(input_.get(), target.track), track.time_base());
      return kind;
    }
    const bool is_nal = codec == "h264" || codec == "hevc";
    for (const Form& form : kForms) {
      if (codec != form.codec) continue;
      if (!is_nal || !HasStartCodes(ExtradataOf(input_.get(), target.track)))
        target.format = form.format;
      return form.extension;
    }
    if (track.kind == "audio" && codec.starts_with("pcm_")) target.format = "wav";
    return target.format != nullptr ? "wav" : "bin";
  }

  Status NameAll() {
    const bool is_one =
        options_.track_ids.size() + options_.names.size() == 1 && targets_.size() == 1;
    if (to_ == "-" && !is_one)
      return Status(Code::kArgument, "say which one goes to standard output: --track or --name");
    const bool is_folder = !is_one || to_.empty() || IsFolder(to_);
    std::set<std::string> taken;
    for (Target& target : targets_) {
      std::string name = NameOf(target);
      while (!taken.insert(name).second)
        name = std::to_string(input_.tracks()[target.track].info.track_id) + "_" + name;
      target.path = is_folder ? InFolder(to_, name) : to_;
    }
    return options_.files.dry || !is_folder ? Status() : MakeFolderOf(targets_[0].path);
  }

  // Written from blocks by this program, so that one pass through the file serves several.
  bool IsOwn(const Target& target) const {
    return target.format == nullptr && !input_.tracks()[target.track].is_attachment;
  }

  Status Open(Target& target) {
    target.out = std::make_unique<OutputFile>();
    return target.out->Open(target.path, options_.write);
  }

  Status WriteAlone(Target& target) {
    H4MK_TRY(Open(target));
    if (target.format != nullptr) {
      H4MK_TRY(WriteByFfmpeg(target));
    } else {
      ByteSpan bytes;
      const Status found = input_.Attachment(target.track, &bytes);
      if (!found.ok() && found.code() != Code::kNotFound) return found;
      H4MK_TRY(Put(target, bytes));
    }
    return target.out->Commit();
  }

  Status Put(Target& target, ByteSpan bytes) {
    target.bytes += bytes.size();
    return target.out->Explain(Sink(target.out->io()).Write(bytes));
  }
  Status Put(Target& target, const std::string& text) {
    return Put(target, ByteSpan(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  }

  // What ffmpeg has written is read once more: it goes on behind damage, and its exit status is 0.
  Status WriteTogether(const std::vector<Target*>& targets) {
    std::vector<Target*> by_track(input_.tracks().size());
    for (Target* target : targets) {
      by_track[target->track] = target;
      if (!IsOwn(*target)) continue;
      H4MK_TRY(Open(*target));
      if (target->subtitles) H4MK_TRY(Put(*target, target->subtitles->Head()));
    }
    for (uint32_t i = 0; i < by_track.size(); ++i)
      h4mk_reader_discard(input_.get(), i, by_track[i] == nullptr);
    h4mk_reader_rewind(input_.get());
    H4MK_TRY(CopyBlocks(by_track));
    for (Target* target : targets) {
      if (!IsOwn(*target)) continue;
      if (target->subtitles) H4MK_TRY(Put(*target, target->subtitles->End()));
      H4MK_TRY(target->out->Commit());
    }
    return {};
  }

  Status CopyBlocks(const std::vector<Target*>& by_track) {
    const auto progress = MakeProgress("extract");
    h4mk_block block = H4MK_BLOCK_INIT;
    for (;;) {
      const Status status = input_.Next(output_, &block);
      if (status.code() == Code::kEnd) return {};
      if (!status.ok()) return status;
      if (block.flags & H4MK_BLOCK_ENCRYPTED) return NoKey();
      if (progress) progress(static_cast<uint64_t>(block.offset), input_.size());
      Target& target = *by_track[block.track];
      if (!IsOwn(target)) continue;
      H4MK_TRY(target.subtitles ? Put(target, target.subtitles->Add(block))
                                : Put(target, ByteSpan(block.data, block.size)));
    }
  }

  // Streams of ffmpeg are the tracks in their order. Names are never options or protocols for it.
  Status WriteByFfmpeg(Target& target) {
    if (path_ == "-")
      return Status(Code::kArgument,
                    "ffmpeg writes this track and cannot read a pipe twice: give "
                    "a file");
    std::vector<std::string> words = {options_.ffmpeg, "-hide_banner", "-loglevel", "error",
                                      "-nostdin"};
    if (!options_.key.file.empty())
      words.insert(words.end(), {"-decryption_key_file", "file:" + options_.key.file});
    words.insert(words.end(), {"-enable_sidecars", "1", "-f", "h4mk"});
    for (std::string& word : FfmpegInput(path_)) words.push_back(std::move(word));
    words.insert(words.end(), {"-map", "0:" + std::to_string(target.track), "-c", "copy", "-f",
                               target.format, "pipe:1"});
    Child ffmpeg;
    H4MK_TRY(ffmpeg.Start(std::move(words)));
    H4MK_TRY(ffmpeg.ReadAll([&](ByteSpan bytes) { return Put(target, bytes); }));
    const h4mk_track_info& info = input_.tracks()[target.track].info;
    if (target.bytes > 0 || info.block_count == 0) return {};
    return Status(Code::kCorrupt,
                  fmt::format("track {}: no block of it could be read", info.track_id));
  }

  const ExtractOptions& options_;
  const std::string path_, to_;
  Output& output_;
  Recording input_;
  std::vector<Target> targets_;
};

int ExtractOne(const ExtractOptions& options, const std::string& path, const std::string& to,
               Output& output) {
  ShowFileName(options.files, path, output);
  Extractor extractor(options, path, to, output);
  Status status = extractor.Open();
  if (status.code() == Code::kNotFound) {
    output.Text("{}\n", status.message());
    return output.Finish(kExitNo);
  }
  if (status.ok() && !options.files.dry) status = extractor.Write();
  if (!status.ok()) return output.Fail(status);
  extractor.Report();
  return output.Finish();
}

int Run(const ExtractOptions& options) {
  const bool several = AreSeveral(options.files);
  return ForEachFile(options.files, several && options.output.empty() ? "." : options.output,
                     [&](const std::string& path, const std::string& to, Output& output) {
                       // film.h4mk of several goes to the folder film.
                       return ExtractOne(options, path,
                                         several ? WithoutH4mk(to) + "/" : options.output, output);
                     });
}

}  // namespace

void AddExtract(CLI::App& app, int* exit_code) {
  AddCommand<ExtractOptions>(app, exit_code, "extract",
                             "Tracks and attachments as files of their own", Describe, Run);
}

}  // namespace h4mk::tool
