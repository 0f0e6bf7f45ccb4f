// SPDX-License-Identifier: MIT
//
// core.md, "Conventions": descriptions that no reader would take are refused by those who write
// them, and what was told before stays.
#include <gtest/gtest.h>

#include <string>

#include "support/container.h"

namespace h4mk_test {
namespace {

constexpr int kMostMembers = 4096, kMostValues = 1 << 17, kMostDepth = 64;

Value WithMembers(int count) {
  Value value(h4mk_value_new());
  for (int i = 0; i < count; ++i) h4mk_value_set_int(value.get(), std::to_string(i).c_str(), i);
  return value;
}

// An object with a list of `count` numbers: two values and a key more than that.
Value WithValues(int count) {
  Value value(h4mk_value_new());
  h4mk_value* list = h4mk_value_add_array(value.get(), "list");
  for (int i = 0; i < count; ++i) h4mk_value_append_int(list, 1);
  return value;
}

Value WithDepth(int depth) {
  Value value(h4mk_value_new());
  h4mk_value* last = value.get();
  for (int i = 1; i < depth; ++i) last = h4mk_value_add_object(last, "in");
  return value;
}

class DescriptionLimitTest : public testing::Test {
 protected:
  // The metadata that a reader finds, and how many tracks.
  std::string ReadBack(uint32_t* tracks) {
    EXPECT_EQ(writer_.Finish(), H4MK_OK) << writer_.message();
    TestFile view(file_.bytes);
    Reader reader(&view);
    EXPECT_EQ(reader.status(), H4MK_OK) << reader.message();
    EXPECT_TRUE(reader.Warnings().empty());
    *tracks = h4mk_reader_track_count(reader.get());
    const char* text = h4mk_value_to_json(h4mk_reader_meta(reader.get()));
    return text == nullptr ? "" : text;
  }

  h4mk_status SetMeta(const Value& value) {
    return h4mk_writer_set_meta(writer_.get(), value.get());
  }

  h4mk_status AddTrack(uint32_t id, const Value& tags) {
    const Value track = Describe({}, id);
    h4mk_value_set_value(track.get(), "tags", tags.get());
    uint32_t index = 0;
    return h4mk_writer_add_track(writer_.get(), track.get(), &index);
  }

  TestFile file_;
  Writer writer_{&file_};
};

TEST_F(DescriptionLimitTest, MetadataIsRefusedAndThatBeforeStays) {
  writer_.AddTrack();
  ASSERT_EQ(SetMeta(ParseJson(R"({"a":1})")), H4MK_OK);
  EXPECT_EQ(SetMeta(WithMembers(kMostMembers + 1)), H4MK_ERR_LIMIT);
  EXPECT_NE(writer_.message().find("4096"), std::string::npos) << writer_.message();
  EXPECT_EQ(SetMeta(WithValues(kMostValues - 2)), H4MK_ERR_LIMIT);
  uint32_t tracks = 0;
  EXPECT_EQ(ReadBack(&tracks), R"({"a":1})");
}

TEST_F(DescriptionLimitTest, WhatIsJustSmallEnoughIsRead) {
  for (const Value& meta :
       {WithMembers(kMostMembers), WithValues(kMostValues - 3), WithDepth(kMostDepth)}) {
    TestFile file;
    Writer writer(&file);
    writer.AddTrack();
    ASSERT_EQ(h4mk_writer_set_meta(writer.get(), meta.get()), H4MK_OK) << writer.message();
    ASSERT_EQ(writer.Finish(), H4MK_OK);
    Reader reader(&file);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    EXPECT_TRUE(reader.Warnings().empty());
    EXPECT_STREQ(h4mk_value_to_json(h4mk_reader_meta(reader.get())),
                 h4mk_value_to_json(meta.get()));
  }
}

TEST_F(DescriptionLimitTest, ATrackIsRefusedAndTheOthersStay) {
  EXPECT_EQ(AddTrack(1, WithMembers(kMostMembers + 1)), H4MK_ERR_LIMIT);
  EXPECT_EQ(AddTrack(1, WithDepth(kMostDepth - 2)), H4MK_ERR_LIMIT);
  EXPECT_EQ(AddTrack(1, WithDepth(kMostDepth - 3)), H4MK_OK);
  EXPECT_EQ(AddTrack(2, WithValues(kMostValues)), H4MK_ERR_LIMIT);
  // All of them count.
  EXPECT_EQ(AddTrack(2, WithValues(kMostValues / 2)), H4MK_OK);
  EXPECT_EQ(AddTrack(3, WithValues(kMostValues / 2)), H4MK_ERR_LIMIT);
  // A track that changes takes the place of what it was.
  const Value smaller = Describe({}, 2);
  EXPECT_EQ(h4mk_writer_update_track(writer_.get(), 1, smaller.get()), H4MK_OK);
  EXPECT_EQ(AddTrack(3, WithValues(kMostValues / 2)), H4MK_OK);
  const Value larger = Describe({}, 2);
  h4mk_value_set_value(larger.get(), "tags", WithValues(kMostValues / 2).get());
  EXPECT_EQ(h4mk_writer_update_track(writer_.get(), 1, larger.get()), H4MK_ERR_LIMIT);
  uint32_t tracks = 0;
  ReadBack(&tracks);
  EXPECT_EQ(tracks, 3u);
}

TEST_F(DescriptionLimitTest, AnEditIsRefusedAndTheFileStays) {
  writer_.AddTrack();
  ASSERT_EQ(writer_.Finish(), H4MK_OK);
  const Bytes before = file_.bytes;
  h4mk_io io = file_.Io();
  io.truncate = [](void* file, int64_t size) {
    static_cast<TestFile*>(file)->bytes.resize(static_cast<size_t>(size));
    return 0;
  };
  for (const Value& meta : {WithMembers(kMostMembers + 1), WithValues(kMostValues)}) {
    h4mk_edit_options edit = H4MK_EDIT_OPTIONS_INIT;
    edit.meta = meta.get();
    EXPECT_EQ(h4mk_edit(&io, &edit), H4MK_ERR_LIMIT);
  }
  const Value track = Describe({}, 1);
  h4mk_value_set_value(track.get(), "tags", WithMembers(kMostMembers + 1).get());
  const h4mk_value* tracks[] = {track.get()};
  h4mk_edit_options edit = H4MK_EDIT_OPTIONS_INIT;
  edit.tracks = tracks;
  edit.track_count = 1;
  EXPECT_EQ(h4mk_edit(&io, &edit), H4MK_ERR_LIMIT);
  EXPECT_EQ(file_.bytes, before);
}

}  // namespace
}  // namespace h4mk_test
