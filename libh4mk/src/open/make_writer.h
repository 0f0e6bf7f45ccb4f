// SPDX-License-Identifier: MIT
// Chooses the writer for a version or dialect, and puts what shall protect the file around it.
#ifndef H4MK_OPEN_MAKE_WRITER_H_
#define H4MK_OPEN_MAKE_WRITER_H_

#include <memory>
#include <optional>
#include <string>

#include "base/io.h"
#include "crypto/signature.h"
#include "file/file_writer.h"
#include "protect/block_cipher.h"

namespace h4mk {

struct ProtectOptions {
  // Every block is encrypted; empty: none is. kSchemeLivingV3 for the transport dialect only.
  std::string encryption_scheme;
  MasterKey encryption_key;
  std::optional<SignatureKey> signing_key;  // private
};

// version: 0 or 2, 1, or kTransportVersion (open_file.h). io must outlive the writer. kArgument: no
// such version or scheme, or a version that cannot be protected.
Status MakeWriter(Io& io, int version, const WriterOptions& options, ProtectOptions protect,
                  std::unique_ptr<FileWriter>* writer);

}  // namespace h4mk

#endif  // H4MK_OPEN_MAKE_WRITER_H_
