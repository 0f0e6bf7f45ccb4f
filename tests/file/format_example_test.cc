// SPDX-License-Identifier: MIT
// spec/example.md shows a file in hex. It must be what the library writes.
#include <gtest/gtest.h>
#include <h4mk/h4mk.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace {

std::string HexDump(const uint8_t* data, size_t size) {
  std::string dump;
  for (size_t at = 0; at < size; at += 16) {
    char text[24];
    std::snprintf(text, sizeof text, "%03zx ", at);
    dump += text;
    std::string readable;
    for (size_t i = at; i < at + 16; ++i) {
      std::snprintf(text, sizeof text, " %02x", i < size ? data[i] : 0);
      dump += i < size ? text : "   ";
      if (i < size)
        readable += data[i] >= 0x20 && data[i] < 0x7F ? static_cast<char>(data[i]) : '.';
    }
    dump += "  " + readable + "\n";
  }
  return dump;
}

std::string Example() {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_writer* writer = nullptr;
  EXPECT_EQ(h4mk_io_new_memory(&io), H4MK_OK);
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.repeatable = 1;
  EXPECT_EQ(h4mk_writer_open(&io, &options, &writer), H4MK_OK);
  h4mk_value* track = h4mk_value_new();
  h4mk_value_set_int(track, "track_id", 1);
  h4mk_value_set_text(track, "name", "");
  h4mk_value_set_text(track, "kind", "data");
  h4mk_value_set_text(track, "codec", "none");
  h4mk_value_set_text(track, "time_base", "1/25");
  uint32_t index = 0;
  EXPECT_EQ(h4mk_writer_add_track(writer, track, &index), H4MK_OK);
  h4mk_value_free(track);
  const char* payloads[] = {"one", "two", "333"};
  for (int i = 0; i < 3; ++i) {
    h4mk_block block = H4MK_BLOCK_INIT;
    block.flags = i == 0 ? H4MK_BLOCK_KEY : H4MK_BLOCK_TYPE_P;
    block.pts = i + 2;
    block.dts = i;
    block.duration = 1;
    block.data = reinterpret_cast<const uint8_t*>(payloads[i]);
    block.size = 3;
    EXPECT_EQ(h4mk_writer_write(writer, &block), H4MK_OK);
  }
  EXPECT_EQ(h4mk_writer_finish(writer), H4MK_OK);
  const uint8_t* data = nullptr;
  size_t size = 0;
  EXPECT_EQ(h4mk_io_memory(&io, &data, &size), H4MK_OK);
  const std::string dump = HexDump(data, size);
  h4mk_writer_free(writer);
  h4mk_io_close(&io);
  return dump;
}

TEST(FormatExample, IsWhatTheLibraryWrites) {
  std::ifstream file(H4MK_SOURCE_DIR "/libh4mk/spec/example.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string begin = "<!-- example:begin -->\n```\n", end = "```\n<!-- example:end -->";
  const size_t from = text.str().find(begin), to = text.str().find(end);
  const std::string example = Example();
  ASSERT_NE(from, std::string::npos) << example;
  EXPECT_EQ(text.str().substr(from + begin.size(), to - from - begin.size()), example);
}

}  // namespace
