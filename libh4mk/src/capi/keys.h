// SPDX-License-Identifier: MIT
// Keys of h4mk.h as the layers below take them.
#ifndef H4MK_CAPI_KEYS_H_
#define H4MK_CAPI_KEYS_H_

#include <h4mk/h4mk.h>

#include <memory>
#include <vector>

#include "protect/block_cipher.h"

namespace h4mk {

// Copies keys; the copies are wiped. kArgument: lengths outside their ranges.
Status CopyKeys(const h4mk_key* keys, size_t count, std::vector<MasterKey>* copies);

}  // namespace h4mk

#endif  // H4MK_CAPI_KEYS_H_
