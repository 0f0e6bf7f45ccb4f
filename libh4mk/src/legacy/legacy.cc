// SPDX-License-Identifier: MIT
#include "legacy/legacy.h"

#include <utility>

#include "legacy/maintain.h"
#include "legacy/transport/transport_reader.h"
#include "legacy/transport/transport_writer.h"
#include "legacy/v1/v1_file_writer.h"
#include "legacy/v1/v1_reader.h"

namespace h4mk {

Status OpenLegacy(int version, Source source, BufferAllocator& allocator, bool keep_corrupt,
                  std::vector<MasterKey>* keys, std::unique_ptr<FileReader>* reader) {
  if (version == 1) {
    *reader = std::make_unique<V1Reader>(std::move(source), allocator, keep_corrupt);
  } else {
    *reader = std::make_unique<TransportReader>(std::move(source), allocator, keep_corrupt,
                                                std::exchange(*keys, {}));
  }
  return {};
}

Status MakeLegacyWriter(int version, Io& io, Secret key, std::unique_ptr<FileWriter>* writer) {
  if (version == 1) {
    *writer = std::make_unique<V1FileWriter>(io);
  } else {
    *writer = std::make_unique<TransportWriter>(io, std::move(key));
  }
  return {};
}

Status VerifyLegacy(int version, Io& io, const ChunkWalk::Progress& progress,
                    VerifyReport* report) {
  return version == 1 ? VerifyV1(io, progress, report) : VerifyTransport(io, report);
}

Status RecoverLegacy(int version, ByteSpan file, Io& output, const ChunkWalk::Progress& progress,
                     RecoverReport* report) {
  return version == 1 ? RecoverV1(file, output, progress, report)
                      : RecoverTransport(file, output, progress, report);
}

}  // namespace h4mk
