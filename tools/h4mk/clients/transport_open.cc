// SPDX-License-Identifier: MIT
#include "clients/transport_open.h"

#include <fmt/format.h>

#include "clients/old_clients.h"
#include "clients/old_messages.h"
#include "output.h"
#include "say.h"
#include "text.h"

namespace h4mk::tool {

int TransportClient::Error(const std::string& message) const {
  std::fflush(stdout);
  Say("{}: {}\n", word_, Printable(message));
  return kExitNo;
}

int TransportClient::Open(const std::string& path) {
  if (const Status status = input_.Open(path); !status.ok()) return Error(status.message());
  source_.emplace(input_.NewIo());
  Result<TransportFile> file = TransportFile::Open(*source_, /*check=*/true);
  if (!file.ok()) return Error(OldTransportMessage(file.status(), *source_));
  file_.emplace(std::move(file.value()));
  return kExitDone;
}

}  // namespace h4mk::tool
