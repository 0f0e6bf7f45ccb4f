// SPDX-License-Identifier: MIT
// h4mk edit: tags, names, chapters, dispositions; by appending, so that the blocks stay where they
// are. Attachments and covers by writing the file anew.
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <optional>

#include "api.h"
#include "chapters.h"
#include "command.h"
#include "edit_file.h"
#include "files_option.h"
#include "recording.h"
#include "rewrite.h"
#include "text.h"

namespace h4mk::tool {
namespace {

struct EditOptions {
  FilesOptions files;
  std::vector<std::string> tags, removed_tags, track_names, track_tags, dispositions, chapters;
  std::string meta_file, chapters_file;
  bool clear_chapters = false, undo = false, force = false;
  Additions additions;
};

void Describe(CLI::App* command, EditOptions* options) {
  AddFilesOptions(command, &options->files, "H4MK files, which all get the same changes");
  command->add_option("--tag", options->tags, "Set a tag of the file")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--remove-tag", options->removed_tags, "Remove a tag of the file")
      ->type_name("KEY")
      ->allow_extra_args(false);
  command->add_option("--track-name", options->track_names, "Name a track")
      ->type_name("ID=NAME")
      ->allow_extra_args(false);
  command
      ->add_option("--track-tag", options->track_tags,
                   "Set a tag of a track; an empty value removes it")
      ->type_name("ID:KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--disposition", options->dispositions,
                   "What a track is for: names as default,forced, or +name and -name to change "
                   "some; \"none\" clears them")
      ->type_name("ID=NAMES")
      ->allow_extra_args(false);
  command->add_flag("--clear-chapters", options->clear_chapters,
                    "Remove all chapters, before others are added");
  command
      ->add_option("--chapter", options->chapters, "Add a chapter; TIME as 1:02:03.5 or in seconds")
      ->type_name("TIME=TITLE")
      ->allow_extra_args(false);
  command
      ->add_option("--chapters", options->chapters_file,
                   "Take all chapters from this file: ffmetadata, OGM or Matroska's XML; - for "
                   "standard input")
      ->type_name("FILE");
  command->add_option("--attach", options->additions.attach, "Attach a file")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command
      ->add_option("--remove-attachment", options->additions.remove_attachments,
                   "Take an attachment out")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command
      ->add_option("--cover", options->additions.cover,
                   "The picture that players show for the file, a JPEG or PNG; replaces one that "
                   "is there")
      ->type_name("PATH");
  command->add_flag("--remove-cover", options->additions.remove_cover, "Take the cover out");
  command->add_flag("--force,-y", options->force,
                    "Attach and remove also where that ends the signature of a signed file");
  command
      ->add_option("--meta", options->meta_file,
                   "Replace all metadata by this JSON object, - for standard input")
      ->type_name("FILE");
  command->add_flag("--undo", options->undo, "Take the last edit back; goes alone");
  command->footer(
      "FILE is changed by appending: no block is touched or moved, and whatever happens in "
      "between, the file says either the old or\n"
      "the new. Values may be empty; a chapter ends where the next one begins. Attachments and "
      "covers come and go by writing FILE anew,\n"
      "beside it at first: that takes as long as a copy, and cannot be undone.");
}

// "KEY=VALUE" cut at the first '='.
Status Split(const std::string& text, char at, std::string* key, std::string* value) {
  const size_t place = text.find(at);
  if (place == text.npos) return Status(Code::kArgument, fmt::format("\"{}\" has no {}", text, at));
  if (place == 0)
    return Status(Code::kArgument, fmt::format("\"{}\" has nothing before the {}", text, at));
  *key = text.substr(0, place);
  *value = text.substr(place + 1);
  return {};
}

Status CheckText(const std::string& text) {
  return IsUtf8(text) ? Status() : Status(Code::kArgument, "\"" + text + "\" is not UTF-8");
}

Status SetTag(Json* owner, const std::string& key, const std::string& value) {
  H4MK_TRY(CheckText(key));
  H4MK_TRY(CheckText(value));
  if (!owner->contains("tags") || !(*owner)["tags"].is_object()) (*owner)["tags"] = Json::object();
  (*owner)["tags"][key] = value;
  return {};
}

void RemoveTag(Json* owner, const std::string& key) {
  if (!owner->contains("tags") || !(*owner)["tags"].is_object()) return;
  (*owner)["tags"].erase(key);
  if ((*owner)["tags"].empty()) owner->erase("tags");
}

constexpr size_t kMaxText = 64 << 20;

Status ReadText(const std::string& path, std::string* text) {
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in) return Status(Code::kIo, "cannot open " + path);
  for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
    if (text->size() == kMaxText) return Status(Code::kLimit, path + " is larger than 64 MiB");
    text->push_back(static_cast<char>(c));
  }
  return {};
}

// What comes from files, read once for all that are changed: one may be standard input.
struct FromFiles {
  std::optional<Json> meta, chapters;
};

Status ReadFiles(const EditOptions& options, FromFiles* read) {
  if (!options.meta_file.empty()) {
    std::string text;
    H4MK_TRY(ReadText(options.meta_file, &text));
    Result<Json> meta = ParseJson(text, 0, options.meta_file.c_str());
    if (!meta.ok()) return meta.status();
    read->meta = std::move(meta.value());
  }
  if (!options.chapters_file.empty()) {
    std::string text;
    H4MK_TRY(ReadText(options.chapters_file, &text));
    Result<Json> chapters = ParseChapters(text);
    if (!chapters.ok())
      return chapters.status().Saying(options.chapters_file + ": " + chapters.status().message());
    read->chapters = std::move(chapters.value());
  }
  return {};
}

Status AddChapters(const std::vector<std::string>& added, Json* meta) {
  for (const std::string& text : added) {
    std::string time, title;
    int64_t start = 0;
    H4MK_TRY(Split(text, '=', &time, &title));
    H4MK_TRY(CheckText(title));
    if (!ParseClock(time, &start)) return Status(Code::kArgument, "\"" + time + "\" is no time");
    InsertChapter(meta, start / 1000, title);
  }
  return {};
}

// What the file says of itself.
struct Descriptions {
  Json meta;
  std::vector<Json> tracks;
};

Status ReadDescriptions(const h4mk_io& io, Descriptions* now) {
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keep_encrypted = 1;
  h4mk_reader* opened = nullptr;
  const h4mk_status status = h4mk_reader_open(&io, &options, &opened);
  const std::unique_ptr<h4mk_reader, void (*)(h4mk_reader*)> reader(opened, h4mk_reader_free);
  if (status != H4MK_OK)
    return Status(static_cast<Code>(status), h4mk_reader_message(reader.get()));
  now->meta = ToJson(h4mk_reader_meta(reader.get()));
  for (uint32_t i = 0; i < h4mk_reader_track_count(reader.get()); ++i)
    now->tracks.push_back(ToJson(h4mk_reader_track(reader.get(), i)));
  return {};
}

Status ChangeMeta(const EditOptions& options, const FromFiles& read, Json* meta) {
  if (read.meta) *meta = *read.meta;
  for (const std::string& tag : options.tags) {
    std::string key, value;
    H4MK_TRY(Split(tag, '=', &key, &value));
    H4MK_TRY(SetTag(meta, key, value));
  }
  for (const std::string& key : options.removed_tags) RemoveTag(meta, key);
  if (options.clear_chapters) meta->erase("chapters");
  if (read.chapters) (*meta)["chapters"] = *read.chapters;
  if (!options.chapters.empty()) H4MK_TRY(AddChapters(options.chapters, meta));
  return {};
}

// ffmpeg.md, "Keys of TRAK": disposition.
constexpr std::string_view kDispositions[] = {
    "default",          "dub",          "original",         "comment",         "lyrics",
    "karaoke",          "forced",       "hearing_impaired", "visual_impaired", "clean_effects",
    "timed_thumbnails", "non_diegetic", "captions",         "descriptions",    "metadata",
    "dependent",        "still_image",  "multilayer"};

// "default,forced" instead of what there is, "+forced" and "-default" change it.
Status SetDispositions(const std::string& names, Json* track) {
  if (names == "none") return SetDispositions("", track);
  std::vector<std::string> now;
  if (track->contains("disposition") && (*track)["disposition"].is_array())
    for (const Json& name : (*track)["disposition"])
      if (name.is_string()) now.push_back(name);
  bool is_first = true;
  for (size_t at = 0; at <= names.size() && !names.empty();) {
    const size_t end = std::min(names.find(',', at), names.size());
    std::string name = names.substr(at, end - at);
    at = end + 1;
    const char sign = name.starts_with('+') || name.starts_with('-') ? name[0] : ' ';
    if (sign != ' ') name.erase(0, 1);
    if (std::ranges::find(kDispositions, name) == std::end(kDispositions))
      return Status(Code::kArgument, fmt::format("\"{}\" is no disposition; they are {}", name,
                                                 fmt::join(kDispositions, ", ")));
    if (sign == ' ' && is_first) now.clear();
    std::erase(now, name);
    if (sign != '-') now.push_back(name);
    is_first = false;
  }
  if (names.empty() || now.empty())
    track->erase("disposition");
  else
    (*track)["disposition"] = now;
  return {};
}

Status FindById(std::vector<Json>& tracks, const std::string& id, Json** track) {
  for (Json& known : tracks) {
    if (known["track_id"].dump() != id) continue;
    *track = &known;
    return {};
  }
  return Status(Code::kArgument, "no track " + id);
}

Status ChangeTracks(const EditOptions& options, std::vector<Json>* tracks) {
  for (const std::string& text : options.track_names) {
    std::string id, name;
    Json* track = nullptr;
    H4MK_TRY(Split(text, '=', &id, &name));
    H4MK_TRY(FindById(*tracks, id, &track));
    H4MK_TRY(CheckText(name));
    (*track)["name"] = name;
  }
  for (const std::string& text : options.dispositions) {
    std::string id, names;
    Json* track = nullptr;
    H4MK_TRY(Split(text, '=', &id, &names));
    H4MK_TRY(FindById(*tracks, id, &track));
    H4MK_TRY(SetDispositions(names, track));
  }
  for (const std::string& text : options.track_tags) {
    std::string id, tag, key, value;
    Json* track = nullptr;
    H4MK_TRY(Split(text, ':', &id, &tag));
    H4MK_TRY(Split(tag, '=', &key, &value));
    H4MK_TRY(FindById(*tracks, id, &track));
    if (key == "disposition" && !value.empty())  // no player would look for it there
      return Status(Code::kArgument,
                    fmt::format("a disposition is no tag: --disposition {}={}", id, value));
    if (value.empty())
      RemoveTag(track, key);
    else
      H4MK_TRY(SetTag(track, key, value));
  }
  return {};
}

// Hands the library what has changed.
Status Write(const h4mk_io& io, const Descriptions& before, const Descriptions& now, bool undo) {
  std::vector<Value> owned;
  std::vector<const h4mk_value*> tracks;
  for (size_t i = 0; i < now.tracks.size(); ++i) {
    owned.emplace_back();
    if (now.tracks[i] != before.tracks[i])
      H4MK_TRY(ToValue(now.tracks[i], "the description of a track", &owned.back()));
    tracks.push_back(owned.back().get());
  }
  Value meta;
  if (now.meta != before.meta) H4MK_TRY(ToValue(now.meta, "metadata", &meta));
  h4mk_edit_options edit = H4MK_EDIT_OPTIONS_INIT;
  Work work("edit");
  edit.task = work.task();
  edit.meta = meta.get();
  edit.tracks = tracks.data();
  edit.track_count = tracks.size();
  edit.undo = undo;
  const Status status = work.Result(h4mk_edit(&io, &edit));
  if (status.code() == Code::kState)
    return Status(Code::kAgain,
                  status.message() + "; `h4mk recover FILE OUT` makes a file that has one");
  return status;
}

Status Edit(const EditOptions& options, const FromFiles& read, const std::string& path,
            uint64_t* before, uint64_t* after) {
  EditFile file;
  H4MK_TRY(file.Open(path));
  *before = static_cast<uint64_t>(file.Size());
  const auto change = [&](Json* meta, std::vector<Json>* tracks) -> Status {
    H4MK_TRY(ChangeMeta(options, read, meta));
    return ChangeTracks(options, tracks);
  };
  if (options.additions.any()) {
    H4MK_TRY(RewriteFile(path, change, options.additions, options.force));
    struct stat info;
    *after = stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : *before;
    return {};
  }
  Descriptions was, now;
  if (!options.undo) {
    H4MK_TRY(ReadDescriptions(file.Io(), &was));
    now = was;
    H4MK_TRY(change(&now.meta, &now.tracks));
  }
  H4MK_TRY(file.Explain(Write(file.Io(), was, now, options.undo)));
  *after = static_cast<uint64_t>(file.Size());
  return {};
}

int EditOne(const EditOptions& options, const FromFiles& read, const std::string& path,
            Output& output) {
  uint64_t before = 0, after = 0;
  const Status status = Edit(options, read, path, &before, &after);
  if (options.undo && status.code() == Code::kNotFound) {
    output.Note(std::nullopt, status.message());
    return output.Finish(kExitNo);
  }
  if (!status.ok()) return output.Fail(status);
  output.Set("size_before", before);
  output.Set("size", after);
  const std::string of = AreSeveral(options.files) ? Printable(path) + ": " : "";
  if (options.additions.any())
    output.Text("{}written anew, {} bytes\n", of, Grouped(after));
  else if (after == before)
    output.Text("{}nothing to change\n", of);
  else
    output.Text("{}{} {} bytes\n", of, after > before ? "appended" : "removed",
                Grouped(after > before ? after - before : before - after));
  if (Recording file; !options.undo && after > before && !options.additions.any() &&
                      file.Open(path).ok() && file.contents().is_signed)
    output.Note(std::nullopt,
                "the file is signed and the change is not: `h4mk sign` signs the file anew, `h4mk "
                "edit --undo` takes the change back");
  return output.Finish();
}

bool HasChanges(const EditOptions& options) {
  const auto is_given = [](const auto*... lists) { return (!lists->empty() || ...); };
  return options.additions.any() || options.clear_chapters ||
         is_given(&options.tags, &options.removed_tags, &options.track_names, &options.track_tags,
                  &options.dispositions, &options.chapters, &options.meta_file,
                  &options.chapters_file);
}

int Run(const EditOptions& options) {
  if (options.undo && HasChanges(options))
    return Output(options.files.paths[0], options.files.json)
        .Fail(Status(Code::kArgument, "--undo goes alone"));
  FromFiles read;
  if (const Status status = ReadFiles(options, &read); !status.ok())
    return Output(options.files.paths[0], options.files.json).Fail(status);
  return ForEachFile(options.files, [&](const std::string& path, Output& output) {
    return EditOne(options, read, path, output);
  });
}

}  // namespace

void AddEdit(CLI::App& app, int* exit_code) {
  AddCommand<EditOptions>(app, exit_code, "edit",
                          "Change tags, names, chapters, covers, attachments", Describe, Run);
}

}  // namespace h4mk::tool
