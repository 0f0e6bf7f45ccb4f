/* SPDX-License-Identifier: MIT
 * For tests in C: what does not hold is printed and counted, and the test goes on.
 */
#ifndef H4MK_TESTS_SUPPORT_CHECK_H_
#define H4MK_TESTS_SUPPORT_CHECK_H_

#include <stdio.h>

static int failed = 0;

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      failed++;                                                       \
    }                                                                 \
  } while (0)

#endif /* H4MK_TESTS_SUPPORT_CHECK_H_ */
