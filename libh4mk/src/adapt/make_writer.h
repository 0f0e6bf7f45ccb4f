// SPDX-License-Identifier: MIT
// Chooses the writer for a version or dialect.
#ifndef H4MK_ADAPT_MAKE_WRITER_H_
#define H4MK_ADAPT_MAKE_WRITER_H_

#include <memory>

#include "base/io.h"
#include "file/file_writer.h"

namespace h4mk {

// version: 0 or 2, 1, or kTransportVersion (open_file.h). io must outlive the writer. kArgument: no
// such version.
Status MakeWriter(Io& io, int version, const WriterOptions& options,
                  std::unique_ptr<FileWriter>* writer);

}  // namespace h4mk

#endif  // H4MK_ADAPT_MAKE_WRITER_H_
