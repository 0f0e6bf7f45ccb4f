// SPDX-License-Identifier: MIT
// h4mk: looks into, checks, repairs and changes H4MK files.
#include <h4mk/h4mk.h>

#include <cstdio>
#include <exception>

#include "command.h"

namespace h4mk::tool {
namespace {

constexpr char kFooter[] =
    "FILE may be - for standard input. Exit status: 0 done, 1 the answer is no, 2 wrong usage or bad file.";

std::string Version() {
  const unsigned version = h4mk_version();
  return "h4mk " + std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) + "." +
         std::to_string(version & 255);
}

int Main(int argc, char** argv) {
  CLI::App app("Looks into, checks, repairs and changes H4MK files.", "h4mk");
  app.set_version_flag("--version", Version());
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  int exit_code = kExitDone;
  for (auto* add : {AddInspect, AddList, AddFrames, AddCat, AddSeek, AddChain, AddRange, AddBlock, AddManifest, AddDecode, AddAdapters,
                    AddCoherence, AddVerify, AddSign, AddProve, AddRecover, AddEdit, AddIndex, AddConvert, AddExport,
                    AddMerge, AddSidecar, AddTokenize, AddBuild, AddMedia, AddTransport, AddVideo}) add(app, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitBad;
  }
  if (app.get_subcommands().empty()) {
    std::fputs(app.help().c_str(), stdout);
    return kExitNo;
  }
  return exit_code;
}

}  // namespace
}  // namespace h4mk::tool

int main(int argc, char** argv) {
  try {
    return h4mk::tool::Main(argc, argv);
  } catch (const std::exception& error) {  // out of memory, that is
    std::fprintf(stderr, "h4mk: %s\n", error.what());
    return h4mk::tool::kExitBad;
  }
}
