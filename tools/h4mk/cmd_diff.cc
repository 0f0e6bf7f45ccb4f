// SPDX-License-Identifier: MIT
// h4mk diff: what two files do not have in common.
#include <cstring>
#include <h4mk/h4mk.hpp>

#include "command.h"
#include "text.h"

namespace h4mk::tool {
namespace {

namespace api = h4mk::cpp;

struct DiffOptions {
  std::string files[2];
  bool json = false, quiet = false, ignore_tags = false;
};

void Describe(CLI::App* command, DiffOptions* options) {
  command->add_option("FILE", options->files[0], "An H4MK file of any version")->required();
  command->add_option("OTHER", options->files[1], "The one that it is compared with")->required();
  command->add_flag("--ignore-tags", options->ignore_tags,
                    "Compare tracks and blocks only, not tags, chapters and names");
  command->add_flag("--quiet,-q", options->quiet, "Say nothing, the exit status tells");
  command->add_flag("--json", options->json, "One JSON object");
  command->footer(
      "Compares the descriptions, attachments and metadata, and of each track the blocks in their "
      "order: times, flags, side\n"
      "data and bytes. Of each track the first block that differs is named. How blocks lie in "
      "clusters makes no difference.\n"
      "Exit status: 0 they are the same, 1 they differ, 2 one of them cannot be read.");
}

// What is found, as text and JSON.
class Differences {
 public:
  explicit Differences(Output& output) : output_(output) {}
  bool any() const { return !list_.empty(); }
  const Json& list() const { return list_; }

  void Add(const std::string& where, const std::string& what, Json more = Json::object()) {
    more["where"] = where;
    more["what"] = what;
    list_.push_back(std::move(more));
    output_.Text("{}: {}\n", Printable(where), Printable(what));
  }

 private:
  Output& output_;
  Json list_ = Json::array();
};

std::string Short(const Json& value) {
  std::string text =
      value.is_null() ? "nothing" : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

// Members of two objects, one level down: "tags.title".
void CompareObjects(const std::string& where, const Json& a, const Json& b,
                    const std::vector<std::string>& left_out, Differences* differences) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : a.items()) keys.push_back(key);
  for (const auto& [key, value] : b.items())
    if (!a.contains(key)) keys.push_back(key);
  for (const std::string& key : keys) {
    if (std::find(left_out.begin(), left_out.end(), key) != left_out.end()) continue;
    const Json in_a = a.contains(key) ? a[key] : Json(), in_b = b.contains(key) ? b[key] : Json();
    if (in_a == in_b) continue;
    if (in_a.is_object() && in_b.is_object())
      CompareObjects(where + ", " + key, in_a, in_b, {}, differences);
    else
      differences->Add(where, key + " is " + Short(in_a) + ", in the other " + Short(in_b),
                       {{"key", key}, {"values", {in_a, in_b}}});
  }
}

std::vector<std::string> Words(bool ignore_tags) {
  if (!ignore_tags) return {};
  return {"tags", "chapters", "name", "encoder", "creation_time"};
}

// What is different of two blocks; "" if nothing is.
std::string CompareBlocks(const h4mk_block& a, const h4mk_block& b) {
  const auto time = [](int64_t value) {
    return value == H4MK_NO_TIME ? std::string("none") : std::to_string(value);
  };
  const auto is = [](const char* what, const std::string& x, const std::string& y) {
    return fmt::format("{} is {}, in the other {}", what, x, y);
  };
  if (a.pts != b.pts) return is("pts", time(a.pts), time(b.pts));
  if (a.dts != b.dts) return is("dts", time(a.dts), time(b.dts));
  if (a.duration != b.duration)
    return is("duration", std::to_string(a.duration), std::to_string(b.duration));
  if (a.flags != b.flags)
    return is("flags", fmt::format("{:#x}", a.flags), fmt::format("{:#x}", b.flags));
  if (a.size != b.size) return is("size", Grouped(a.size), Grouped(b.size));
  if (a.size > 0 && std::memcmp(a.data, b.data, a.size) != 0) {
    size_t at = 0;
    while (a.data[at] == b.data[at]) ++at;
    return fmt::format("the bytes differ from byte {} of {} on", Grouped(at), Grouped(a.size));
  }
  const auto side_a = api::SideDataOf(a), side_b = api::SideDataOf(b);
  const bool same = std::equal(side_a.begin(), side_a.end(), side_b.begin(), side_b.end(),
                               [](const h4mk_side_data& x, const h4mk_side_data& y) {
                                 return std::strcmp(x.name, y.name) == 0 && x.size == y.size &&
                                        (x.size == 0 || std::memcmp(x.data, y.data, x.size) == 0);
                               });
  return same ? "" : "the side data differ";
}

// The blocks of a track in both files, one after the other.
void CompareTrack(api::Reader readers[2], const uint32_t tracks[2], const std::string& where,
                  Differences* differences) {
  for (int side = 0; side < 2; ++side) {
    readers[side].Rewind();
    for (uint32_t i = 0; i < readers[side].track_count(); ++i)
      readers[side].Discard(i, i != tracks[side]);
  }
  const h4mk_track_info info = readers[0].info(tracks[0]);
  for (uint64_t number = 0;; ++number) {
    const h4mk_block *a = readers[0].Next(), *b = readers[1].Next();
    if (a == nullptr && b == nullptr) return;
    if (a == nullptr || b == nullptr) {
      differences->Add(where, fmt::format("the {} has only {} blocks", a ? "other" : "first file",
                                          Grouped(number)));
      return;
    }
    const std::string what = CompareBlocks(*a, *b);
    if (what.empty()) continue;
    const int64_t time = a->pts == H4MK_NO_TIME ? a->dts : a->pts;
    differences->Add(where,
                     fmt::format("block {} at {}: {}", Grouped(number),
                                 Clock(time, {info.time_base_num, info.time_base_den}), what),
                     {{"block", number}});
    return;
  }
}

int64_t IdOf(const api::ValueView& track) { return track["track_id"].Int(-1); }

void Compare(api::Reader readers[2], const DiffOptions& options, Differences* differences) {
  const std::vector<std::string> left_out = Words(options.ignore_tags);
  const auto json = [](api::ValueView value) { return Json::parse(value.Json()); };
  CompareObjects("file", json(readers[0].meta()), json(readers[1].meta()), left_out, differences);
  for (uint32_t i = 0; i < readers[1].track_count(); ++i) {
    bool found = false;
    for (uint32_t k = 0; k < readers[0].track_count(); ++k)
      found |= IdOf(readers[0].track(k)) == IdOf(readers[1].track(i));
    if (!found)
      differences->Add(fmt::format("track {}", IdOf(readers[1].track(i))),
                       "is in the other file only");
  }
  for (uint32_t i = 0; i < readers[0].track_count(); ++i) {
    const std::string where = fmt::format("track {}", IdOf(readers[0].track(i)));
    uint32_t k = 0;
    while (k < readers[1].track_count() && IdOf(readers[1].track(k)) != IdOf(readers[0].track(i)))
      ++k;
    if (k == readers[1].track_count()) {
      differences->Add(where, "is in the first file only");
      continue;
    }
    CompareObjects(where, json(readers[0].track(i)), json(readers[1].track(k)), left_out,
                   differences);
    if (readers[0].track(i)["kind"].Text() == "attachment") {
      const auto a = readers[0].Attachment(i), b = readers[1].Attachment(k);
      if (!std::equal(a.begin(), a.end(), b.begin(), b.end()))
        differences->Add(where, "the attachments differ");
      continue;
    }
    const uint32_t tracks[2] = {i, k};
    CompareTrack(readers, tracks, where, differences);
  }
}

int Run(const DiffOptions& options) {
  Output output(options.files[0], options.json);
  output.SetQuiet(options.quiet);
  Differences differences(output);
  std::string reading;
  try {
    h4mk_reader_options read = H4MK_READER_OPTIONS_INIT;
    read.keep_encrypted = 1;
    read.open_beside = h4mk_io_open_beside;
    std::string paths[2] = {options.files[0], options.files[1]};
    const auto open = [&](int side) {
      reading = paths[side];
      read.beside_opaque = paths[side].data();
      return api::Reader(api::Io::Read(paths[side]), read);
    };
    api::Reader readers[2] = {open(0), open(1)};
    reading = "";
    Compare(readers, options, &differences);
  } catch (const api::Error& error) {
    const std::string message = (reading.empty() ? "" : reading + ": ") + error.what();
    const Status status(static_cast<Code>(error.status()), message);
    return output.Fail(error.offset() < 0 ? status
                                          : status.At(static_cast<uint64_t>(error.offset())));
  } catch (const std::system_error& error) {
    return output.Fail(Status(Code::kIo, error.what()));
  }
  output.Set("same", !differences.any());
  output.Set("differences", differences.list());
  if (!differences.any()) output.Text("no difference\n");
  return output.Finish(differences.any() ? kExitNo : kExitDone);
}

}  // namespace

void AddDiff(CLI::App& app, int* exit_code) {
  AddCommand<DiffOptions>(app, exit_code, "diff", "Compare two files: tracks, tags, every block",
                          Describe, Run);
}

}  // namespace h4mk::tool
