// SPDX-License-Identifier: MIT
// The way into the annex: all that the rest of the library calls of what is older than version 2.
// A build without it (H4MK_WITH_LEGACY=OFF) has without_legacy.cc instead: there all of these are
// kUnsupported.
#ifndef H4MK_LEGACY_LEGACY_H_
#define H4MK_LEGACY_LEGACY_H_

#include <memory>
#include <vector>

#include "file/file_reader.h"
#include "file/file_writer.h"
#include "file/versions.h"
#include "maintain/recover.h"
#include "maintain/verify.h"
#include "protect/block_cipher.h"
#include "reader/cluster_loader.h"

namespace h4mk {

// The scheme by which files of the transport dialect are encrypted.
inline constexpr std::string_view kSchemeLivingV3 = "living-v3";

// The version of all functions here is 1 or kTransportVersion.

// Makes a reader that is not open yet. What the source reads from, and the allocator, must outlive
// it. A reader of the transport dialect takes the keys, since it decrypts before it decompresses;
// others leave them alone. kUnsupported.
Status OpenLegacy(int version, Source source, BufferAllocator& allocator, bool keep_corrupt,
                  std::vector<MasterKey>* keys, std::unique_ptr<FileReader>* reader);

// Makes a writer; io must outlive it. key: of kSchemeLivingV3, for the transport dialect only; an
// empty one encrypts nothing. kUnsupported.
Status MakeLegacyWriter(int version, Io& io, Secret key, std::unique_ptr<FileWriter>* writer);

// As VerifyV2() and RecoverV2(), but to recover needs the whole file in memory. kUnsupported.
Status VerifyLegacy(int version, Io& io, const ChunkWalk::Progress& progress, VerifyReport* report);
Status RecoverLegacy(int version, ByteSpan file, Io& output, const ChunkWalk::Progress& progress,
                     RecoverReport* report);

}  // namespace h4mk

#endif  // H4MK_LEGACY_LEGACY_H_
