// SPDX-License-Identifier: MIT
// What every function of the C ABI does: exceptions of the standard library (there are no others)
// become a status, and arguments are checked.
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

// Whether bytes that are passed in are there. No bytes may be NULL.
inline bool IsSpan(const uint8_t* data, size_t size) { return data != nullptr || size == 0; }

}  // namespace h4mk

#endif  // H4MK_CAPI_GUARD_H_
