/* SPDX-License-Identifier: MIT
 *
 * h4mk.h and adapter.h compile alone, as C99, without a warning (the build compiles this file with -std=c99
 * -Wall -Wextra -pedantic -Werror), and its initialisers are usable as such.
 */
#include <h4mk/adapter.h>
#include <h4mk/h4mk.h>

int main(void) {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_reader_options reader_options = H4MK_READER_OPTIONS_INIT;
  h4mk_writer_options writer_options = H4MK_WRITER_OPTIONS_INIT;
  h4mk_adapter_track track = H4MK_ADAPTER_TRACK_INIT;
  h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
  h4mk_output output = H4MK_OUTPUT_INIT;
  h4mk_decoder_options decoder_options = H4MK_DECODER_OPTIONS_INIT;
  if (track.struct_size != sizeof track || block.struct_size != sizeof block ||
      output.struct_size != sizeof output || decoder_options.struct_size != sizeof decoder_options)
    return 1;
  return !(io.struct_size == sizeof io && reader_options.struct_size == sizeof reader_options &&
           writer_options.struct_size == sizeof writer_options && H4MK_NO_TIME == INT64_MIN);
}
