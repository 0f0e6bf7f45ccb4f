// SPDX-License-Identifier: MIT
// h4mk: looks into, makes, checks, repairs and changes H4MK files.
#include <h4mk/h4mk.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iterator>

#include "command.h"
#include "man_page.h"
#include "say.h"
#include "standard_streams.h"
#include "text.h"

namespace h4mk::tool {
namespace {

// What the help shows together. The first commands are those that most people need.
enum class Group { kFirst, kMore, kLegacy };
struct Entry {
  void (*add)(CLI::App& app, int* exit_code);
  Group group;
};
constexpr Entry kCommands[] = {
    {AddInspect, Group::kFirst}, {AddVerify, Group::kFirst},     {AddImport, Group::kFirst},
    {AddExtract, Group::kFirst}, {AddCut, Group::kFirst},        {AddJoin, Group::kFirst},
    {AddEdit, Group::kFirst},    {AddDiff, Group::kFirst},       {AddRecover, Group::kFirst},
    {AddSign, Group::kFirst},    {AddConvert, Group::kMore},     {AddMerge, Group::kMore},
    {AddSidecar, Group::kMore},  {AddWatch, Group::kMore},       {AddExport, Group::kMore},
    {AddDecode, Group::kMore},   {AddList, Group::kMore},        {AddFrames, Group::kMore},
    {AddCat, Group::kMore},      {AddBlock, Group::kMore},       {AddSeek, Group::kMore},
    {AddChain, Group::kMore},    {AddRange, Group::kMore},       {AddManifest, Group::kMore},
    {AddIndex, Group::kMore},    {AddProve, Group::kMore},       {AddAdapters, Group::kMore},
    {AddTokenize, Group::kMore}, {AddCoherence, Group::kMore},   {AddBuild, Group::kLegacy},
    {AddMedia, Group::kLegacy},  {AddTransport, Group::kLegacy}, {AddVideo, Group::kLegacy}};

constexpr char kUsage[] =
    "Looks into, makes, checks, repairs and changes H4MK files.\n\n"
    "Usage: h4mk FILE               what the file holds\n"
    "       h4mk COMMAND [OPTIONS]  `h4mk help COMMAND` tells more\n";
constexpr char kFooter[] =
    "FILE may be - for standard input. Exit status: 0 done, 1 the answer is no, 2 wrong usage or "
    "bad file.";

std::string Version() {
  const unsigned version = h4mk_version();
  return "h4mk " + std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) + "." +
         std::to_string(version & 255);
}

class Program {
 public:
  Program() : app_("", "h4mk") {
    app_.set_version_flag("--version", Version());
    app_.require_subcommand(0, 1);
    app_.footer(kFooter);
    for (const Entry& entry : kCommands) {
      entry.add(app_, &exit_code_);
      for (const CLI::App* command : app_.get_subcommands({}))
        if (!GroupOf(command->get_name())) groups_.push_back({command->get_name(), entry.group});
    }
  }

  int Run(std::vector<std::string> words) {
    if (words.empty()) {
      std::fputs(Help(false).c_str(), stdout);
      return kExitNo;  // as the first programs
    }
    if (words[0] == "--help" || words[0] == "-h") words[0] = "help";
    if (words[0] == "help") {
      const std::string of = words.size() == 1 ? "help" : words[1];
      if (of == "help" || of == "--all" || of == "-a") return Show(Help(of != "help"));
      if (of == "--man" && words.size() == 3 && GroupOf(words[2]))
        return Show(ManPage(*app_.get_subcommand(words[2]), Version()));
      if (of.starts_with("-")) return Wrong("h4mk help", "there is no option " + of, "h4mk help");
      words = {of, "--help"};
    }
    if (words[0] == "legacy" && (words.size() == 1 || words[1] == "--help" || words[1] == "-h"))
      return Show(LegacyHelp());
    if (words[0] == "legacy") words.erase(words.begin());
    if (words[0].empty() || words[0] == "-" || words[0][0] != '-') {
      if (!GroupOf(words[0]) && !IsFile(words[0])) return NoCommand(words[0]);
      if (!GroupOf(words[0])) words.insert(words.begin(), "inspect");
    } else if (IsOptionOf(*app_.get_subcommand("inspect"), words[0])) {
      words.insert(words.begin(), "inspect");  // h4mk --json FILE
    }
    return Parse(std::move(words));
  }

 private:
  std::optional<Group> GroupOf(const std::string& name) const {
    for (const auto& [known, group] : groups_)
      if (known == name) return group;
    return std::nullopt;
  }

  // Whether a word in place of a command is a file: one that is there, or something that can be
  // nothing else.
  static bool IsFile(const std::string& word) {
    struct stat info;
    return word == "-" || stat(word.c_str(), &info) == 0 || word.find_first_of("./") != word.npos;
  }

  // Whether a word is an option, perhaps with its value.
  static bool IsOptionOf(const CLI::App& command, const std::string& word) {
    const bool is_long = word.starts_with("--");
    return command.get_option_no_throw(word.substr(0, is_long ? word.find('=') : 2)) != nullptr;
  }

  static int Show(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    return std::fflush(stdout) == 0 ? kExitDone : kExitBad;
  }

  std::string List(Group group) const {
    std::string text;
    for (const auto& [name, of] : groups_)
      if (of == group)
        text += fmt::format("  {:<12}{}\n", name, app_.get_subcommand(name)->get_description());
    return text;
  }

  std::string Help(bool all) const {
    std::string text = std::string(kUsage) + "\nCommands:\n" + List(Group::kFirst);
    if (all)
      text += "\nMore commands:\n" + List(Group::kMore) +
              "\nThe first programs of this format, as they were (`h4mk legacy`):\n" +
              List(Group::kLegacy);
    else
      text += "\n`h4mk help --all` lists the others, `h4mk --version` tells the version.\n";
    return text + kFooter + "\n";
  }

  std::string LegacyHelp() const {
    return "The command lines of the first programs that read and wrote this format, answer for "
           "answer:\n" +
           List(Group::kLegacy) + "`h4mk legacy COMMAND` is the same as `h4mk COMMAND`.\n";
  }

  // What was meant by a word with a typing error: the nearest of some names. "" if none is near.
  static std::string Nearest(const std::string& word, const std::vector<std::string>& names) {
    std::string nearest;
    size_t best = std::max<size_t>(1, word.size() / 3) + 1;
    for (const std::string& name : names)
      if (const size_t distance = EditDistance(word, name); distance < best) {
        best = distance;
        nearest = name;
      }
    return nearest;
  }

  int NoCommand(const std::string& word) const {
    std::vector<std::string> names = {"help", "legacy"};
    for (const auto& [name, group] : groups_) names.push_back(name);
    const std::string meant = Nearest(word, names);
    Say("h4mk: \"{}\" is neither a command nor a file{}\n", Printable(word),
        meant.empty() ? "; `h4mk help` lists the commands" : "; did you mean " + meant + "?");
    return kExitBad;
  }

  // Options that once had another name: --block_size, --t_ms, --key for a public one.
  void TranslateOldNames(std::vector<std::string>* words) const {
    if (GroupOf((*words)[0]) == Group::kLegacy) return;
    const bool has_time = (*words)[0] == "seek" || (*words)[0] == "chain";
    const bool takes_public_key =
        GroupOf((*words)[0]) &&
        app_.get_subcommand((*words)[0])->get_option_no_throw("--public-key") != nullptr;
    for (std::string& word : *words) {
      if (word == "--") return;
      if (!word.starts_with("--")) continue;
      std::string name = word.substr(0, word.find('='));
      const std::string value = word.substr(name.size());
      std::ranges::replace(name, '_', '-');
      if (has_time && (name == "--t" || name == "--t-ms")) name.insert(3, "ime");
      if (takes_public_key && name == "--key") name = "--public-key";
      word = name + value;
    }
  }

  int Parse(std::vector<std::string> words) {
    TranslateOldNames(&words);
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    try {
      app_.parse(words);
      return exit_code_;
    } catch (const CLI::Success& asked) {  // for help, for the version
      return app_.exit(asked) == 0 ? kExitDone : kExitBad;
    } catch (const CLI::ParseError& error) {
      return Usage(error);
    }
  }

  static std::string NoOption(const CLI::App& command, const std::string& word) {
    std::vector<const CLI::Option*> known = command.get_options();
    if (command.get_parent() == nullptr)  // without a command the options of inspect go as well
      std::ranges::copy(command.get_subcommand("inspect")->get_options(),
                        std::back_inserter(known));
    std::vector<std::string> options;
    for (const CLI::Option* option : known)
      for (const std::string& long_name : option->get_lnames()) options.push_back("--" + long_name);
    const auto longer = std::ranges::find_if(
        options, [&](const std::string& option) { return option.starts_with(word); });
    const std::string meant = longer != options.end() ? *longer : Nearest(word, options);
    return fmt::format("there is no option {}{}", word,
                       meant.empty() ? "" : "; did you mean " + meant + "?");
  }

  // The words that a command takes beside its options: there was one more.
  static std::string Takes(const CLI::App& command) {
    std::string names;
    size_t count = 0;
    for (const CLI::Option* option : command.get_options())
      if (option->get_positional()) names += (count++ == 0 ? "" : " and ") + option->get_name(true);
    return count == 0 ? "" : fmt::format(": it takes {}{}", count == 1 ? "one " : "", names);
  }

  // Says what is wrong with the command line, and what might be meant.
  int Usage(const CLI::ParseError& error) const {
    const CLI::App* command = &app_;
    while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
    std::string name = command->get_name(), message = error.what();
    const std::vector<std::string> extra = command->remaining();
    for (const CLI::App* parent = command->get_parent(); parent != nullptr;
         parent = parent->get_parent())
      name = parent->get_name() + " " + name;
    // An option that does not exist leaves its value, and words behind it, without a place: it is
    // the first to blame.
    const auto wrong = std::ranges::find_if(
        extra, [](const std::string& word) { return word.size() > 1 && word.starts_with("-"); });
    if (wrong != extra.end()) {
      message = NoOption(*command, wrong->substr(0, wrong->find('=')));
    } else if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
      message = fmt::format("\"{}\" was not expected{}", extra.front(), Takes(*command));
    }
    return Wrong(name, message, name + " --help");
  }

  static int Wrong(const std::string& name, const std::string& message, const std::string& help) {
    Say("{}: {}\n`{}` tells more.\n", name, Printable(message), help);
    return kExitBad;
  }

  CLI::App app_;
  int exit_code_ = kExitDone;
  std::vector<std::pair<std::string, Group>> groups_;
};

}  // namespace
}  // namespace h4mk::tool

int main(int argc, char** argv) {
  h4mk::OccupyStandardStreams();
  try {
    return h4mk::tool::Program().Run({argv + std::min(argc, 1), argv + argc});
  } catch (const std::exception& error) {  // out of memory, that is
    std::fprintf(stderr, "h4mk: %s\n", error.what());
    return h4mk::tool::kExitBad;
  }
}
