// SPDX-License-Identifier: MIT
// What the two old clients of the transport dialect share: a file is opened and all of it checked
// before anything is said.
#ifndef H4MK_TOOLS_CLIENTS_TRANSPORT_OPEN_H_
#define H4MK_TOOLS_CLIENTS_TRANSPORT_OPEN_H_

#include <optional>
#include <string>

#include "file.h"
#include "legacy/transport/transport_file.h"

namespace h4mk::tool {

class TransportClient {
 public:
  // word: what the client put before an error, "error" or "Error".
  explicit TransportClient(const char* word) : word_(word) {}
  // Prints the error; the exit status to return.
  int Error(const std::string& message) const;
  // The exit status: kExitDone, or an error was printed.
  int Open(const std::string& path);

  // REQUIRES: Open returned kExitDone.
  const TransportFile& file() const { return *file_; }
  Source& source() { return *source_; }
  uint64_t size() const { return input_.size(); }

 private:
  const char* word_;
  InputFile input_;
  std::optional<Source> source_;
  std::optional<TransportFile> file_;
};

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_CLIENTS_TRANSPORT_OPEN_H_
