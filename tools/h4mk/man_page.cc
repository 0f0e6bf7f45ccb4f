// SPDX-License-Identifier: MIT
#include "man_page.h"

#include <fmt/format.h>

namespace h4mk::tool {
namespace {

// Text that means nothing to man(7).
std::string Roff(const std::string& text) {
  std::string roff;
  for (const char c : text) {
    if (c == '\\')
      roff += "\\e";
    else if (c == '-')
      roff += "\\-";
    else if ((c == '.' || c == '\'') && (roff.empty() || roff.back() == '\n'))
      roff += fmt::format("\\&{}", c);
    else
      roff += c;
  }
  return roff;
}

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

void AddOptions(const CLI::App& command, bool positional, std::string* text) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional() != positional || option->get_group().empty()) continue;
    const std::string type = positional || option->get_expected_max() == 0
                                 ? ""
                                 : " \\fI" + Roff(option->get_type_name()) + "\\fP";
    *text += fmt::format(".TP\n\\fB{}\\fP{}\n{}\n", Roff(option->get_name(positional, true)), type,
                         Roff(option->get_description()));
  }
  // Groups of options are commands without a name.
  for (const CLI::App* group : command.get_subcommands({}))
    if (group->get_name().empty()) AddOptions(*group, positional, text);
}

std::string Synopsis(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    const bool many = option->get_expected_max() > 1;
    const std::string name = "\\fI" + Roff(option->get_name(true)) + (many ? "\\fP..." : "\\fP");
    text += option->get_required() ? " " + name : " [" + name + "]";
  }
  return text;
}

}  // namespace

std::string ManPage(const CLI::App& command, const std::string& version) {
  const std::string name = "h4mk-" + command.get_name();
  std::string text = fmt::format(
      ".\\\" Made by `h4mk help --man {0}`.\n.TH {1} 1 \"\" \"{2}\"\n.SH NAME\n{3} \\- {4}\n"
      ".SH SYNOPSIS\n\\fBh4mk {0}\\fP [\\fIOPTIONS\\fP]{5}\n",
      command.get_name(), Upper(name), version, Roff(name), Roff(command.get_description()),
      Synopsis(command));
  if (!command.get_footer().empty())
    text += ".SH DESCRIPTION\n" + Roff(command.get_footer()) + "\n";
  text += ".SH OPTIONS\n";
  AddOptions(command, true, &text);
  AddOptions(command, false, &text);
  return text +
         ".SH EXIT STATUS\n0 done, 1 the answer is no, 2 wrong usage or bad file.\n.SH SEE ALSO\n"
         ".BR h4mk (1)\n";
}

}  // namespace h4mk::tool
