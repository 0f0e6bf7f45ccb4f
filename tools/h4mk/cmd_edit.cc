// SPDX-License-Identifier: MIT
// h4mk edit: tags, names of tracks, chapters; by appending, so that the blocks stay where they are.
#include <fstream>
#include <iostream>
#include <iterator>

#include "api.h"
#include "command.h"
#include "edit_file.h"
#include "text.h"

namespace h4mk::tool {
namespace {

struct EditOptions {
  CommonOptions common;
  std::vector<std::string> tags, removed_tags, track_names, track_tags, chapters;
  std::string meta_file;
  bool clear_chapters = false, undo = false;
};

void Describe(CLI::App* command, EditOptions* options) {
  AddCommonOptions(command, &options->common);
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
  command->add_flag("--clear-chapters", options->clear_chapters,
                    "Remove all chapters, before others are added");
  command
      ->add_option("--chapter", options->chapters, "Add a chapter; TIME as 1:02:03.5 or in seconds")
      ->type_name("TIME=TITLE")
      ->allow_extra_args(false);
  command
      ->add_option("--meta", options->meta_file,
                   "Replace all metadata by this JSON object, - for standard input")
      ->type_name("FILE");
  command->add_flag("--undo", options->undo, "Take the last edit back");
  command->footer(
      "FILE is changed by appending: no block is touched or moved, and whatever happens in "
      "between, the file says either the old or\n"
      "the new. Values may be empty; a chapter ends where the next one begins.");
}

// "KEY=VALUE" cut at the first '='.
Status Split(const std::string& text, char at, std::string* key, std::string* value) {
  const size_t place = text.find(at);
  if (place == text.npos || place == 0)
    return Status(Code::kArgument, fmt::format("\"{}\" has no {}", text, at));
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

Status ReplaceMeta(const std::string& path, Json* meta) {
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in) return Status(Code::kIo, "cannot open " + path);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  Result<Json> parsed = ParseJson(text, 0, path.c_str());
  if (!parsed.ok()) return parsed.status();
  *meta = std::move(parsed.value());
  return {};
}

// ffmpeg.md, "Keys of META": chapters. Those that are added count in milliseconds and end where the
// next one begins.
Status AddChapters(const std::vector<std::string>& added, Json* meta) {
  if (!meta->contains("chapters") || !(*meta)["chapters"].is_array())
    (*meta)["chapters"] = Json::array();
  Json& chapters = (*meta)["chapters"];
  for (const std::string& text : added) {
    std::string time, title;
    int64_t start = 0, id = 0;
    H4MK_TRY(Split(text, '=', &time, &title));
    H4MK_TRY(CheckText(title));
    if (!ParseClock(time, &start)) return Status(Code::kArgument, "\"" + time + "\" is no time");
    for (const Json& chapter : chapters)
      if (chapter.is_object() && chapter.contains("id") && chapter["id"].is_number_integer())
        id = std::max(id, chapter["id"].get<int64_t>());
    Json chapter = Json::object();
    chapter["id"] = id + 1;
    chapter["time_base"] = "1/1000";
    chapter["start"] = start / 1000;
    chapter["tags"] = {{"title", title}};
    chapters.push_back(std::move(chapter));
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

Status ChangeMeta(const EditOptions& options, Json* meta) {
  if (!options.meta_file.empty()) H4MK_TRY(ReplaceMeta(options.meta_file, meta));
  for (const std::string& tag : options.tags) {
    std::string key, value;
    H4MK_TRY(Split(tag, '=', &key, &value));
    H4MK_TRY(SetTag(meta, key, value));
  }
  for (const std::string& key : options.removed_tags) RemoveTag(meta, key);
  if (options.clear_chapters) meta->erase("chapters");
  if (!options.chapters.empty()) H4MK_TRY(AddChapters(options.chapters, meta));
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
  for (const std::string& text : options.track_tags) {
    std::string id, tag, key, value;
    Json* track = nullptr;
    H4MK_TRY(Split(text, ':', &id, &tag));
    H4MK_TRY(Split(tag, '=', &key, &value));
    H4MK_TRY(FindById(*tracks, id, &track));
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
    owned.push_back(now.tracks[i] == before.tracks[i] ? nullptr : ToValue(now.tracks[i]));
    tracks.push_back(owned.back().get());
  }
  const Value meta = now.meta == before.meta ? nullptr : ToValue(now.meta);
  h4mk_edit_options edit = H4MK_EDIT_OPTIONS_INIT;
  Work work("edit");
  edit.task = work.task();
  edit.meta = meta.get();
  edit.tracks = tracks.data();
  edit.track_count = tracks.size();
  edit.undo = undo;
  const Status status = work.Result(h4mk_edit(&io, &edit));
  if (status.code() == Code::kState)
    return Status(Code::kAgain, status.message() + "; `h4mk index` gives it one");
  return status;
}

Status Edit(const EditOptions& options, uint64_t* before, uint64_t* after) {
  EditFile file;
  H4MK_TRY(file.Open(options.common.file));
  *before = static_cast<uint64_t>(file.Size());
  Descriptions was, now;
  if (!options.undo) {
    H4MK_TRY(ReadDescriptions(file.Io(), &was));
    now = was;
    H4MK_TRY(ChangeMeta(options, &now.meta));
    H4MK_TRY(ChangeTracks(options, &now.tracks));
  }
  H4MK_TRY(file.Explain(Write(file.Io(), was, now, options.undo)));
  *after = static_cast<uint64_t>(file.Size());
  return {};
}

int Run(const EditOptions& options) {
  Output output(options.common.file, options.common.json);
  uint64_t before = 0, after = 0;
  const Status status = Edit(options, &before, &after);
  if (options.undo && status.code() == Code::kNotFound) {
    output.Note(std::nullopt, status.message());
    return output.Finish(kExitNo);
  }
  if (!status.ok()) return output.Fail(status);
  output.Set("size_before", before);
  output.Set("size", after);
  if (after == before)
    output.Text("nothing to change\n");
  else
    output.Text("{} {} bytes\n", after > before ? "appended" : "removed",
                Grouped(after > before ? after - before : before - after));
  return output.Finish();
}

}  // namespace

void AddEdit(CLI::App& app, int* exit_code) {
  AddCommand<EditOptions>(app, exit_code, "edit",
                          "Change tags, names of tracks and chapters in place", Describe, Run);
}

}  // namespace h4mk::tool
