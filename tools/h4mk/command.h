// SPDX-License-Identifier: MIT
// The subcommands. Each Add function describes one to the parser and says what it does; it is all
// that a command shows of itself.
#ifndef H4MK_TOOLS_COMMAND_H_
#define H4MK_TOOLS_COMMAND_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "output.h"

namespace h4mk::tool {

// What most commands take.
struct CommonOptions {
  std::string file;
  bool json = false;
};

// Adds --quiet: a command says only what is wrong.
void AddQuietOption(CLI::App* command);
// Adds FILE, --json and --quiet.
void AddCommonOptions(CLI::App* command, CommonOptions* options);

// As CLI::Range, which takes nan.
CLI::Validator Between(double low, double high);

// Adds a command whose options are an Options, which live as long as the parser. `describe` adds
// them to the parser; `run` is called if the user asks for the command, and gives the exit code.
template <typename Options>
void AddCommand(CLI::App& app, int* exit_code, const char* name, const char* summary,
                void (*describe)(CLI::App*, Options*), int (*run)(const Options&)) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(name, summary);
  describe(command, options.get());
  command->callback([options, run, exit_code] { *exit_code = run(*options); });
}

void AddAdapters(CLI::App& app, int* exit_code);
void AddBlock(CLI::App& app, int* exit_code);
void AddBuild(CLI::App& app, int* exit_code);
void AddCat(CLI::App& app, int* exit_code);
void AddChain(CLI::App& app, int* exit_code);
void AddCoherence(CLI::App& app, int* exit_code);
void AddConvert(CLI::App& app, int* exit_code);
void AddCut(CLI::App& app, int* exit_code);
void AddDecode(CLI::App& app, int* exit_code);
void AddDiff(CLI::App& app, int* exit_code);
void AddEdit(CLI::App& app, int* exit_code);
void AddExport(CLI::App& app, int* exit_code);
void AddExtract(CLI::App& app, int* exit_code);
void AddFrames(CLI::App& app, int* exit_code);
void AddImport(CLI::App& app, int* exit_code);
void AddIndex(CLI::App& app, int* exit_code);
void AddInspect(CLI::App& app, int* exit_code);
void AddJoin(CLI::App& app, int* exit_code);
void AddList(CLI::App& app, int* exit_code);
void AddManifest(CLI::App& app, int* exit_code);
void AddMedia(CLI::App& app, int* exit_code);
void AddProve(CLI::App& app, int* exit_code);
void AddMerge(CLI::App& app, int* exit_code);
void AddRange(CLI::App& app, int* exit_code);
void AddRecover(CLI::App& app, int* exit_code);
void AddSeek(CLI::App& app, int* exit_code);
void AddSidecar(CLI::App& app, int* exit_code);
void AddSign(CLI::App& app, int* exit_code);
void AddTokenize(CLI::App& app, int* exit_code);
void AddTransport(CLI::App& app, int* exit_code);
void AddVerify(CLI::App& app, int* exit_code);
void AddVideo(CLI::App& app, int* exit_code);
void AddWatch(CLI::App& app, int* exit_code);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_COMMAND_H_
