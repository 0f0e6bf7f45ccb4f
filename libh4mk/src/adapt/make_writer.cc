// SPDX-License-Identifier: MIT
#include "adapt/make_writer.h"

#include "adapt/open_file.h"
#include "adapt/transport_writer.h"
#include "file/v1_file_writer.h"
#include "file/writer.h"

namespace h4mk {

Status MakeWriter(Io& io, int version, const WriterOptions& options,
                  std::unique_ptr<FileWriter>* writer) {
  switch (version) {
    case 0:
    case 2:
      *writer = std::make_unique<Writer>(io, options);
      return {};
    case 1:
      *writer = std::make_unique<V1FileWriter>(io, options);
      return {};
    case kTransportVersion:
      *writer = std::make_unique<TransportWriter>(io);
      return {};
    default:
      return Status(Code::kArgument, "version " + std::to_string(version) + " cannot be written");
  }
}

}  // namespace h4mk
