// SPDX-License-Identifier: MIT
// What libh4mk reads from, over a file that others read too.
#ifndef H4MK_SERVER_CORE_FILE_INPUT_H_
#define H4MK_SERVER_CORE_FILE_INPUT_H_

#include <h4mk/h4mk.h>

#include <memory>

#include "core/message.h"

namespace h4mk::server {

// Has a position of its own. size is that of the moment, so that all who read a growing file see
// the same bytes. Closed by h4mk_io_close().
h4mk_io FileInput(std::shared_ptr<const OpenedFile> file, uint64_t size);

// For h4mk_reader_options.open_beside. Null: H4MK_ERR_NOT_FOUND.
h4mk_status OpenInput(std::shared_ptr<const OpenedFile> file, h4mk_io* io);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_FILE_INPUT_H_
