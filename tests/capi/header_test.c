/* SPDX-License-Identifier: MIT
 *
 * h4mk.h compiles alone, as C99, without a warning (the build compiles this file with -std=c99
 * -Wall -Wextra -pedantic -Werror), and its initialisers are usable as such.
 */
#include <h4mk/h4mk.h>

int main(void) {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_reader_options reader_options = H4MK_READER_OPTIONS_INIT;
  h4mk_writer_options writer_options = H4MK_WRITER_OPTIONS_INIT;
  return !(io.struct_size == sizeof io && reader_options.struct_size == sizeof reader_options &&
           writer_options.struct_size == sizeof writer_options && H4MK_NO_TIME == INT64_MIN);
}
