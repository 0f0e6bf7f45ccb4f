// SPDX-License-Identifier: MIT
// What a build without the annex has in its place.
#include "legacy/legacy.h"

namespace h4mk {
namespace {

Status NoLegacy(int version) {
  return Status(Code::kUnsupported, version == 1
                                        ? "this build of the library has no version 1"
                                        : "this build of the library has no transport dialect");
}

}  // namespace

Status OpenLegacy(int version, Source, BufferAllocator&, bool, std::vector<MasterKey>*,
                  std::unique_ptr<FileReader>*) {
  return NoLegacy(version);
}

Status MakeLegacyWriter(int version, Io&, Secret, std::unique_ptr<FileWriter>*) {
  return NoLegacy(version);
}

Status VerifyLegacy(int version, Io&, const ChunkWalk::Progress&, VerifyReport*) {
  return NoLegacy(version);
}

Status RecoverLegacy(int version, ByteSpan, Io&, const ChunkWalk::Progress&, RecoverReport*) {
  return NoLegacy(version);
}

}  // namespace h4mk
