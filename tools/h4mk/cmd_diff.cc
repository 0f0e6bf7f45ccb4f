// SPDX-License-Identifier: MIT
// h4mk diff: what two files do not have in common.
#include <algorithm>
#include <cstring>
#include <deque>
#include <h4mk/h4mk.hpp>
#include <map>
#include <span>
#include <stdexcept>

#include "base/sha256.h"
#include "command.h"
#include "text.h"
#include "url_file.h"

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

// What is compared of a block besides its bytes and side data.
struct Facts {
  int64_t pts, dts, duration;
  uint32_t flags, size;
};

Facts FactsOf(const h4mk_block& block) {
  return {block.pts, block.dts, block.duration, block.flags, static_cast<uint32_t>(block.size)};
}

// A block that waits for its partner. A million of them may wait, so each takes little memory.
struct Waiting {
  Facts facts;
  Sha256Digest bytes, side_data;
};

void AddSized(const void* data, uint64_t size, Sha256* hash) {
  Bytes length;
  AppendLe(length, size);
  hash->Add(length);
  hash->Add({static_cast<const uint8_t*>(data), static_cast<size_t>(size)});
}

Sha256Digest HashOfSideData(const h4mk_block& block) {
  if (block.side_data_count == 0) return {};
  Sha256 hash;
  for (const h4mk_side_data& piece : api::SideDataOf(block)) {
    AddSized(piece.name, std::strlen(piece.name), &hash);
    AddSized(piece.data, piece.size, &hash);
  }
  return hash.Finish();
}

Waiting Keep(const h4mk_block& block) {
  return {FactsOf(block), Sha256Of({block.data, block.size}), HashOfSideData(block)};
}

// What is different; "" if nothing is.
std::string CompareFacts(const Facts& a, const Facts& b) {
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
  return "";
}

bool HaveSameSideData(const h4mk_block& a, const h4mk_block& b) {
  return std::ranges::equal(
      api::SideDataOf(a), api::SideDataOf(b), [](const h4mk_side_data& x, const h4mk_side_data& y) {
        return std::strcmp(x.name, y.name) == 0 &&
               std::ranges::equal(std::span(x.data, x.size), std::span(y.data, y.size));
      });
}

// Of two blocks as they lie in memory.
std::string CompareBlocks(const h4mk_block& a, const h4mk_block& b) {
  if (std::string facts = CompareFacts(FactsOf(a), FactsOf(b)); !facts.empty()) return facts;
  const size_t at =
      static_cast<size_t>(std::mismatch(a.data, a.data + a.size, b.data).first - a.data);
  if (at < a.size)
    return fmt::format("the bytes differ from byte {} of {} on", Grouped(at), Grouped(a.size));
  return HaveSameSideData(a, b) ? "" : "the side data differ";
}

// Of two blocks of which one has waited.
std::string CompareKept(const Waiting& a, const Waiting& b) {
  if (std::string facts = CompareFacts(a.facts, b.facts); !facts.empty()) return facts;
  if (a.bytes != b.bytes) return "the bytes differ";
  return a.side_data == b.side_data ? "" : "the side data differ";
}

// A track that both files have.
struct TrackPair {
  std::string where;
  h4mk_track_info info = {};
  uint64_t compared = 0;
  bool is_open = true;             // more blocks can make a difference
  std::deque<Waiting> waiting[2];  // blocks of one side; the other's did not come yet
};

// Reads both files once, a block of each in turn, and compares each track's blocks in their order.
// Where the files lay tracks out alike, blocks are compared as they lie in memory; a block that
// comes before its partner waits as a hash, so that a pass for each track is not needed.
class BlockComparison {
 public:
  // *reading becomes the number of the file that is read at the time.
  BlockComparison(api::Reader* readers, int* reading, Differences* differences)
      : readers_(readers), reading_(reading), differences_(differences) {}

  // a and b: the track's number in each file.
  void Add(uint32_t a, uint32_t b, std::string where) {
    TrackPair& pair = pairs_[a];
    pair.where = std::move(where);
    pair.info = readers_[0].info(a);
    first_of_[b] = a;
    ++open_;
  }

  void Run() {
    for (int side = 0; side < 2; ++side)
      for (uint32_t i = 0; i < readers_[side].track_count(); ++i)
        readers_[side].Discard(i, PairOf(side, i) == nullptr);
    while (open_ > 0 && !(has_ended_[0] && has_ended_[1])) {
      const h4mk_block* blocks[2] = {Next(0), Next(1)};
      TrackPair* pairs[2];
      for (int side = 0; side < 2; ++side)
        pairs[side] = blocks[side] ? PairOf(side, blocks[side]->track) : nullptr;
      if (pairs[0] != nullptr && pairs[0] == pairs[1] && pairs[0]->waiting[0].empty() &&
          pairs[0]->waiting[1].empty()) {
        if (pairs[0]->is_open)
          Judge(*pairs[0], FactsOf(*blocks[0]), CompareBlocks(*blocks[0], *blocks[1]));
        continue;
      }
      for (int side = 0; side < 2; ++side)
        if (pairs[side] != nullptr) Take(*pairs[side], side, *blocks[side]);
    }
    for (const auto& [track, pair] : pairs_) CompareNumbers(pair);
  }

 private:
  const h4mk_block* Next(int side) {
    if (has_ended_[side]) return nullptr;
    *reading_ = side;
    const h4mk_block* block = readers_[side].Next();
    has_ended_[side] = block == nullptr;
    return block;
  }

  TrackPair* PairOf(int side, uint32_t track) {
    if (side == 1) {
      const auto first = first_of_.find(track);
      if (first == first_of_.end()) return nullptr;
      track = first->second;
    }
    const auto pair = pairs_.find(track);
    return pair == pairs_.end() ? nullptr : &pair->second;
  }

  void Take(TrackPair& pair, int side, const h4mk_block& block) {
    if (!pair.is_open) return;
    const Waiting kept = Keep(block);
    std::deque<Waiting>& partners = pair.waiting[1 - side];
    if (partners.empty()) {
      pair.waiting[side].push_back(kept);
      if (has_ended_[1 - side]) Close(pair);  // its partner will not come
      return;
    }
    const Waiting partner = partners.front();
    partners.pop_front();
    const Waiting& a = side == 0 ? kept : partner;
    const Waiting& b = side == 0 ? partner : kept;
    Judge(pair, a.facts, CompareKept(a, b));
  }

  // Takes what is different of two blocks; `a` is of the first file's.
  void Judge(TrackPair& pair, const Facts& a, const std::string& what) {
    const uint64_t number = pair.compared++;
    if (what.empty()) return;
    const int64_t time = a.pts == H4MK_NO_TIME ? a.dts : a.pts;
    const std::string clock = Clock(time, {pair.info.time_base_num, pair.info.time_base_den});
    differences_->Add(pair.where, fmt::format("block {} at {}: {}", Grouped(number), clock, what),
                      {{"block", number}});
    for (std::deque<Waiting>& waiting : pair.waiting) waiting.clear();
    Close(pair);
  }

  void Close(TrackPair& pair) {
    pair.is_open = false;
    --open_;
  }

  // Where a block still waits, the other file has no more.
  void CompareNumbers(const TrackPair& pair) {
    if (pair.waiting[0].empty() && pair.waiting[1].empty()) return;
    differences_->Add(pair.where, fmt::format("the {} has only {} blocks",
                                              pair.waiting[0].empty() ? "first file" : "other",
                                              Grouped(pair.compared)));
  }

  api::Reader* readers_;
  int* reading_;
  Differences* differences_;
  std::map<uint32_t, TrackPair> pairs_;    // by the first file's track
  std::map<uint32_t, uint32_t> first_of_;  // the other file's track to the first's
  size_t open_ = 0;                        // pairs
  bool has_ended_[2] = {};
};

int64_t IdOf(const api::ValueView& track) { return track["track_id"].Int(-1); }

std::map<int64_t, uint32_t> TracksById(const api::Reader& reader) {
  std::map<int64_t, uint32_t> tracks;
  for (uint32_t i = 0; i < reader.track_count(); ++i) tracks.emplace(IdOf(reader.track(i)), i);
  return tracks;
}

void Compare(api::Reader readers[2], const DiffOptions& options, int* reading,
             Differences* differences) {
  const std::vector<std::string> left_out = Words(options.ignore_tags);
  const auto json = [](api::ValueView value) { return Json::parse(value.Json()); };
  CompareObjects("file", json(readers[0].meta()), json(readers[1].meta()), left_out, differences);
  const std::map<int64_t, uint32_t> first = TracksById(readers[0]), other = TracksById(readers[1]);
  for (const auto& [id, track] : other)
    if (!first.contains(id))
      differences->Add(fmt::format("track {}", id), "is in the other file only");
  const auto attachment = [&](int side, uint32_t track) {
    *reading = side;
    return readers[side].Attachment(track);
  };
  BlockComparison blocks(readers, reading, differences);
  for (const auto& [id, track] : first) {
    const std::string where = fmt::format("track {}", id);
    const auto partner = other.find(id);
    if (partner == other.end()) {
      differences->Add(where, "is in the first file only");
      continue;
    }
    CompareObjects(where, json(readers[0].track(track)), json(readers[1].track(partner->second)),
                   left_out, differences);
    if (readers[0].track(track)["kind"].Text() != "attachment") {
      blocks.Add(track, partner->second, where);
      continue;
    }
    const auto a = attachment(0, track), b = attachment(1, partner->second);
    if (!std::equal(a.begin(), a.end(), b.begin(), b.end()))
      differences->Add(where, "the attachments differ");
  }
  blocks.Run();
}

api::Reader OpenUrl(const std::string& path, UrlFile& url, h4mk_reader_options options) {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_status status = url.Open(path);
  if (status == H4MK_OK) status = url.NewIo(&io);
  if (status != H4MK_OK) throw std::runtime_error(url.message());
  options.open_beside = url.open_beside();
  options.beside_opaque = url.beside_opaque();
  return api::Reader(api::Io(io), options);
}

int Run(const DiffOptions& options) {
  Output output(options.files[0], options.json);
  output.SetQuiet(options.quiet);
  for (const std::string& path : options.files)
    if (path == "-")
      return output.Fail(Status(Code::kArgument, "standard input cannot be compared: give a file"));
  Differences differences(output);
  int reading = 0;  // the file that an error is of
  try {
    h4mk_reader_options read = H4MK_READER_OPTIONS_INIT;
    read.keep_encrypted = 1;
    read.open_beside = h4mk_io_open_beside;
    std::string paths[2] = {options.files[0], options.files[1]};
    UrlFile urls[2];
    const auto open = [&](int side) {
      reading = side;
      if (IsUrl(paths[side])) return OpenUrl(paths[side], urls[side], read);
      read.beside_opaque = paths[side].data();
      return api::Reader(api::Io::Read(paths[side]), read);
    };
    api::Reader readers[2] = {open(0), open(1)};
    Compare(readers, options, &reading, &differences);
  } catch (const api::Error& error) {
    const std::string message = (reading == 0 ? "" : options.files[1] + ": ") + error.what();
    const Status status(static_cast<Code>(error.status()), message);
    return output.Fail(error.offset() < 0 ? status
                                          : status.At(static_cast<uint64_t>(error.offset())));
  } catch (const std::runtime_error& error) {
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
