// SPDX-License-Identifier: MIT
// Calls of functions that the library was given.
#ifndef H4MK_BASE_CALLBACK_H_
#define H4MK_BASE_CALLBACK_H_

namespace h4mk {

// What a callback returns. Exceptions must not leave it (h4mk.h); where one does, it has failed: no
// state of the library is left half changed, and no thread of it ends.
template <typename Result, typename Body>
Result CallBack(Result failed, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    return failed;
  }
}

// The same for one that returns nothing.
template <typename Body>
void CallBack(Body body) noexcept {
  try {
    body();
  } catch (...) {
  }
}

}  // namespace h4mk

#endif  // H4MK_BASE_CALLBACK_H_
