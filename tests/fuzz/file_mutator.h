// SPDX-License-Identifier: MIT
//
// A mutator that knows what a file is made of: it changes what is inside of chunks, and their
// order, then mends lengths, CRCs and the distances that lead from chunk to chunk. Random changes
// alone would never get past the first CRC.

#ifndef H4MK_TESTS_FUZZ_FILE_MUTATOR_H_
#define H4MK_TESTS_FUZZ_FILE_MUTATOR_H_

#include <cstddef>
#include <cstdint>

namespace h4mk_fuzz {

// As LLVMFuzzerCustomMutator(). The file, of any version or the transport dialect, begins behind
// `prefix` bytes that mean something to the target only.
size_t MutateFile(uint8_t* data, size_t size, size_t max_size, unsigned int seed, size_t prefix);

}  // namespace h4mk_fuzz

#endif  // H4MK_TESTS_FUZZ_FILE_MUTATOR_H_
