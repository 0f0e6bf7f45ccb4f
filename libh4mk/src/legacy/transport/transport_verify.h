// SPDX-License-Identifier: MIT
#ifndef H4MK_LEGACY_TRANSPORT_TRANSPORT_VERIFY_H_
#define H4MK_LEGACY_TRANSPORT_TRANSPORT_VERIFY_H_

#include "base/io.h"
#include "maintain/verify.h"

namespace h4mk {

// A file of the transport dialect: every CRC, the tables, and VERI as writers write it. That the
// first reader takes VERI for something else is a note. Otherwise as VerifyV2().
Status VerifyTransport(Io& io, VerifyReport* report);

}  // namespace h4mk

#endif  // H4MK_LEGACY_TRANSPORT_TRANSPORT_VERIFY_H_
