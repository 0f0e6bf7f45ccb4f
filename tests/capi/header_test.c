/* SPDX-License-Identifier: MIT
 *
 * The public headers compile alone, as C99, without a warning (the build compiles this file with -std=c99
 * -Wall -Wextra -pedantic -Werror), and its initialisers are usable as such.
 */
#include <h4mk/adapter.h>
#include <h4mk/h4mk.h>
#include <h4mk/legacy.h>
#include <h4mk/protection.h>

int main(void) {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_reader_options reader_options = H4MK_READER_OPTIONS_INIT;
  h4mk_writer_options writer_options = H4MK_WRITER_OPTIONS_INIT;
  h4mk_adapter_track track = H4MK_ADAPTER_TRACK_INIT;
  h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
  h4mk_output output = H4MK_OUTPUT_INIT;
  h4mk_decoder_options decoder_options = H4MK_DECODER_OPTIONS_INIT;
  h4mk_block data = H4MK_BLOCK_INIT;
  h4mk_key key = H4MK_KEY_INIT;
  h4mk_task task = H4MK_TASK_INIT;
  h4mk_verify_options verify_options = H4MK_VERIFY_OPTIONS_INIT;
  h4mk_edit_options edit_options = H4MK_EDIT_OPTIONS_INIT;
  h4mk_buffers buffers = H4MK_BUFFERS_INIT;
  h4mk_signature signature = H4MK_SIGNATURE_INIT;
  h4mk_block_info block_info = H4MK_BLOCK_INFO_INIT;
  h4mk_index_entry index_entry = H4MK_INDEX_ENTRY_INIT;
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  if (block_info.struct_size != sizeof block_info ||
      index_entry.struct_size != sizeof index_entry || chunk.struct_size != sizeof chunk)
    return 1;
  if (data.struct_size != sizeof data || key.struct_size != sizeof key ||
      task.struct_size != sizeof task || verify_options.struct_size != sizeof verify_options ||
      edit_options.struct_size != sizeof edit_options || buffers.struct_size != sizeof buffers ||
      signature.struct_size != sizeof signature)
    return 1;
  if (track.struct_size != sizeof track || block.struct_size != sizeof block ||
      output.struct_size != sizeof output || decoder_options.struct_size != sizeof decoder_options)
    return 1;
  return !(io.struct_size == sizeof io && reader_options.struct_size == sizeof reader_options &&
           writer_options.struct_size == sizeof writer_options && H4MK_NO_TIME == INT64_MIN);
}
