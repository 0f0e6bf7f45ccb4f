// SPDX-License-Identifier: MIT
// Chooses the reader for a file by its first bytes (FORMAT.md, "Which format a file has").
#ifndef H4MK_ADAPT_OPEN_FILE_H_
#define H4MK_ADAPT_OPEN_FILE_H_

#include <memory>

#include "base/io.h"
#include "file/cluster_loader.h"
#include "file/file_reader.h"

namespace h4mk {

// The transport dialect, in which byte 4 is 0 and byte 5 is 1: bytes 4 and 5 as a little-endian number.
inline constexpr int kTransportVersion = 0x100;

// 0: no H4MK file, or too short to tell (16 bytes are needed, 8 of a transport file).
int FileVersion(ByteSpan front);

// *reader is not open yet. What the source reads from, and the allocator, must outlive it. kNotH4mk, kTruncated, kVersion, kIo.
Status MakeReader(Source source, BufferAllocator& allocator, bool keep_corrupt,
                  std::unique_ptr<FileReader>* reader);

}  // namespace h4mk

#endif  // H4MK_ADAPT_OPEN_FILE_H_
