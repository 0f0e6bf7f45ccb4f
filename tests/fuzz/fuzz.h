// SPDX-License-Identifier: MIT
//
// What the fuzz targets share. Each defines LLVMFuzzerTestOneInput(); those whose input is a file
// also LLVMFuzzerCustomMutator(), by MutateFile() of file_mutator.h.

#ifndef H4MK_TESTS_FUZZ_FUZZ_H_
#define H4MK_TESTS_FUZZ_FUZZ_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed);
// libFuzzer's own mutations, or those of replay.cc.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// What must hold for every input.
#define FUZZ_CHECK(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (0)

namespace h4mk_fuzz {

using h4mk::Bytes;
using h4mk::ByteSpan;

inline volatile uint8_t g_touched;

// Reads every byte, so that a sanitizer sees what lies outside.
inline void Touch(ByteSpan bytes) {
  uint8_t sum = 0;
  for (const uint8_t byte : bytes) sum = static_cast<uint8_t>(sum + byte);
  g_touched = sum;
}

}  // namespace h4mk_fuzz

#endif  // H4MK_TESTS_FUZZ_FUZZ_H_
