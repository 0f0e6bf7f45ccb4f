// SPDX-License-Identifier: MIT
// The exception barrier of the C ABI: exceptions of the standard library (there are no others)
// become a status.
#ifndef H4MK_CAPI_GUARD_H_
#define H4MK_CAPI_GUARD_H_

#include <h4mk/h4mk.h>

#include <new>
#include <stdexcept>

namespace h4mk {

template <typename Body>
h4mk_status Guard(Body body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return H4MK_ERR_MEMORY;
  } catch (const std::length_error&) {
    return H4MK_ERR_MEMORY;
  } catch (...) {
    return H4MK_ERR_CORRUPT;
  }
}

}  // namespace h4mk

#endif  // H4MK_CAPI_GUARD_H_
