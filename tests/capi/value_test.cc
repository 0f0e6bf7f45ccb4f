// SPDX-License-Identifier: MIT
//
// The value interface (h4mk_value_…), and that metadata and track descriptions come back from a
// file as they were given.

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "support/container.h"

namespace h4mk_test {
namespace {

std::string Json(const h4mk_value* value) {
  const char* json = h4mk_value_to_json(value);
  return json == nullptr ? "(null)" : json;
}

TEST(ValueTest, MembersKeepTheirOrderAndSettersReplace) {
  const Value value(h4mk_value_new());
  h4mk_value_set_text(value.get(), "title", "first");
  h4mk_value_set_int(value.get(), "year", 2024);
  h4mk_value_set_value(value.get(), "live", ParseJson("true").get());
  h4mk_value_set_text(value.get(), "title", "second");
  EXPECT_EQ(Json(value.get()), R"({"title":"second","year":2024,"live":true})");
  EXPECT_EQ(h4mk_value_count(value.get()), 3u);
  EXPECT_STREQ(h4mk_value_key_at(value.get(), 0), "title");
  EXPECT_EQ(h4mk_value_key_at(value.get(), 3), nullptr);
  EXPECT_EQ(h4mk_value_at(value.get(), 3), nullptr);
}

TEST(ValueTest, GettersOfAnAbsentOrOtherKindOfMemberGiveTheFallback) {
  const Value value = ParseJson(R"({"text":"x","number":1.5})");
  EXPECT_EQ(h4mk_value_get_int(value.get(), "absent", 7), 7);
  EXPECT_EQ(h4mk_value_get_int(value.get(), "text", 7), 7);
  EXPECT_EQ(h4mk_value_get_int(value.get(), "number", 7), 7);  // no integer
  EXPECT_EQ(h4mk_value_get_text(value.get(), "number"), nullptr);
  EXPECT_EQ(h4mk_value_get(value.get(), "absent"), nullptr);
  EXPECT_EQ(h4mk_value_get_type(h4mk_value_get(value.get(), "absent")), H4MK_VALUE_NULL);
  EXPECT_EQ(h4mk_value_count(h4mk_value_get(value.get(), "text")), 0u);
  EXPECT_EQ(h4mk_value_get_text(nullptr, "text"), nullptr);
}

TEST(ValueTest, WhatIsSetMayBelongToTheMemberThatItReplaces) {
  const std::string text(100, 'x');
  const Value value(h4mk_value_new());
  h4mk_value_set_text(value.get(), "text", text.c_str());
  EXPECT_EQ(h4mk_value_set_text(value.get(), "text", h4mk_value_get_text(value.get(), "text")),
            H4MK_OK);
  EXPECT_EQ(h4mk_value_get_text(value.get(), "text"), text);
  h4mk_value_set_bytes(value.get(), "bytes", text.data(), text.size());
  const uint8_t* data = nullptr;
  size_t size = 0;
  ASSERT_EQ(h4mk_value_get_bytes(value.get(), "bytes", &data, &size), H4MK_OK);
  EXPECT_EQ(h4mk_value_set_bytes(value.get(), "bytes", data, size), H4MK_OK);
  ASSERT_EQ(h4mk_value_get_bytes(value.get(), "bytes", &data, &size), H4MK_OK);
  EXPECT_EQ(std::string(data, data + size), text);
}

// Values are gone through recursively: what is deeper than a file can be cannot be made.
TEST(ValueTest, NestingHasABound) {
  const Value value(h4mk_value_new());
  h4mk_value* deepest = value.get();
  for (int level = 1; level < 64; ++level) {
    h4mk_value* const array = h4mk_value_add_array(deepest, "a");
    ASSERT_NE(array, nullptr) << level;
    if (++level == 64) break;
    deepest = h4mk_value_append_object(array);
    ASSERT_NE(deepest, nullptr) << level;
  }
  h4mk_value* const full = h4mk_value_add_array(deepest, "a");
  EXPECT_EQ(h4mk_value_append_object(full), nullptr);
  EXPECT_EQ(h4mk_value_append_int(full, 1), H4MK_OK);
  h4mk_value* again = nullptr;
  const std::string json = Json(value.get());
  ASSERT_EQ(h4mk_value_from_json(json.data(), json.size(), &again), H4MK_OK);
  h4mk_value_free(again);
  // One more around it is too many.
  const Value outer(h4mk_value_new());
  EXPECT_EQ(h4mk_value_set_value(outer.get(), "v", value.get()), H4MK_ERR_LIMIT);
  EXPECT_EQ(h4mk_value_count(outer.get()), 0u);
  EXPECT_EQ(h4mk_value_set_value(outer.get(), "v", h4mk_value_get(value.get(), "a")), H4MK_OK);
}

TEST(ValueTest, SettersNeedAnObjectAndAppendersAnArray) {
  const Value value(h4mk_value_new());
  h4mk_value* array = h4mk_value_add_array(value.get(), "list");
  ASSERT_NE(array, nullptr);
  EXPECT_EQ(h4mk_value_set_int(array, "key", 1), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_value_append_int(value.get(), 1), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_value_append_object(value.get()), nullptr);
  EXPECT_EQ(h4mk_value_add_object(array, "key"), nullptr);
  EXPECT_EQ(h4mk_value_set_int(nullptr, "key", 1), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_value_set_text(value.get(), "key", nullptr), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(Json(value.get()), R"({"list":[]})");
}

TEST(ValueTest, ArraysAndObjectsNest) {
  const Value value(h4mk_value_new());
  h4mk_value* chapters = h4mk_value_add_array(value.get(), "chapters");
  for (int i = 0; i < 3; ++i) {
    h4mk_value* chapter = h4mk_value_append_object(chapters);
    h4mk_value_set_int(chapter, "start", i);
    h4mk_value_set_text(h4mk_value_add_object(chapter, "tags"), "title", "x");
  }
  h4mk_value_append_text(chapters, "end");
  h4mk_value_append_int(chapters, -1);
  EXPECT_EQ(Json(value.get()),
            R"({"chapters":[{"start":0,"tags":{"title":"x"}},{"start":1,"tags":{"title":"x"}},)"
            R"({"start":2,"tags":{"title":"x"}},"end",-1]})");
}

TEST(ValueTest, IntegersAreExact) {
  const Value value(h4mk_value_new());
  for (const int64_t number :
       {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), int64_t{0},
        int64_t{-1}, int64_t{1} << 53, (int64_t{1} << 53) + 1}) {
    h4mk_value_set_int(value.get(), "n", number);
    const Value parsed = ParseJson(Json(value.get()));
    EXPECT_EQ(h4mk_value_get_int(parsed.get(), "n", 12345), number);
    EXPECT_EQ(h4mk_value_int(h4mk_value_get(parsed.get(), "n"), 12345), number);
  }
}

TEST(ValueTest, RealsComeBackBitForBit) {
  for (const char* number : {"0.1", "-1e+300", "5e-324", "23.976023976023978", "1.0"}) {
    const Value parsed = ParseJson(std::string("{\"x\":") + number + "}");
    EXPECT_EQ(h4mk_value_real(h4mk_value_get(parsed.get(), "x"), 0), std::strtod(number, nullptr));
    EXPECT_EQ(Json(parsed.get()), std::string("{\"x\":") + number + "}");
  }
  EXPECT_EQ(h4mk_value_real(h4mk_value_get(ParseJson(R"({"i":3})").get(), "i"), 0), 3.0);
}

// Tags in the wild are often Latin-1; they must come back as the bytes that they are.
TEST(ValueTest, TextThatIsNotUtf8IsKeptExactly) {
  const Value value(h4mk_value_new());
  for (const char* text :
       {"caf\xe9", "\xff\xfe", "cut \xe2\x82", "\xed\xa0\x80", "plain", "",
        "gr\xc3\xbc\xc3\x9f\x65", "\xf0\x9f\x8e\xac", "quote \" slash \\ line\n tab\t bell\a"}) {
    ASSERT_EQ(h4mk_value_set_text(value.get(), "t", text), H4MK_OK);
    EXPECT_STREQ(h4mk_value_get_text(value.get(), "t"), text);
    const Value parsed = ParseJson(Json(value.get()));
    EXPECT_STREQ(h4mk_value_get_text(parsed.get(), "t"), text);
    EXPECT_STREQ(h4mk_value_text(h4mk_value_get(parsed.get(), "t")), text);
  }
}

TEST(ValueTest, BytesComeBack) {
  const Value value(h4mk_value_new());
  for (size_t size = 0; size < 70; ++size) {
    const Bytes bytes = Payload(static_cast<uint32_t>(size), size);
    ASSERT_EQ(h4mk_value_set_bytes(value.get(), "b", bytes.data(), bytes.size()), H4MK_OK);
    const Value parsed = ParseJson(Json(value.get()));
    const uint8_t* data = nullptr;
    size_t got = 99;
    ASSERT_EQ(h4mk_value_get_bytes(parsed.get(), "b", &data, &got), H4MK_OK);
    ASSERT_NE(data, nullptr);
    EXPECT_EQ(Bytes(data, data + got), bytes);
  }
}

TEST(ValueTest, AValueIsCopiedIntoAnother) {
  const Value source = ParseJson(R"({"a":[1,{"b":null}],"big":9223372036854775807})");
  const Value target = ParseJson(R"({"x":1,"y":2})");
  ASSERT_EQ(h4mk_value_set_value(target.get(), "x", source.get()), H4MK_OK);
  ASSERT_EQ(h4mk_value_set_int(const_cast<h4mk_value*>(source.get()), "a", 0), H4MK_OK);
  EXPECT_EQ(Json(target.get()), R"({"x":{"a":[1,{"b":null}],"big":9223372036854775807},"y":2})");
  // … even into itself.
  ASSERT_EQ(h4mk_value_set_value(target.get(), "y", target.get()), H4MK_OK);
  EXPECT_EQ(h4mk_value_get_int(h4mk_value_get(target.get(), "y"), "y", 0), 2);
  EXPECT_EQ(h4mk_value_set_value(target.get(), "x", nullptr), H4MK_ERR_ARGUMENT);
}

TEST(ValueTest, BytesThatAreNone) {
  const Value value = ParseJson(R"({"text":"no base64!","number":1})");
  const uint8_t* data = nullptr;
  size_t size = 0;
  EXPECT_EQ(h4mk_value_get_bytes(value.get(), "absent", &data, &size), H4MK_ERR_NOT_FOUND);
  EXPECT_EQ(h4mk_value_get_bytes(value.get(), "text", &data, &size), H4MK_ERR_CORRUPT);
  EXPECT_EQ(h4mk_value_get_bytes(value.get(), "number", &data, &size),
            H4MK_ERR_NOT_FOUND);  // no text
}

TEST(ValueTest, JsonThatIsNone) {
  const std::string deep(100000, '[');
  for (const std::string& text :
       std::vector<std::string>{"", "{", "[1,]", "{\"a\":1,}", "nul", "\xef\xbb\xbf{}", "\"\xff\"",
                                "{} x", "{'a':1}", deep}) {
    h4mk_value* value = nullptr;
    EXPECT_NE(h4mk_value_from_json(text.data(), text.size(), &value), H4MK_OK)
        << text.substr(0, 20);
    EXPECT_EQ(value, nullptr);
  }
}

// I-JSON (RFC 7493, section 2.3): two readers of a member that comes twice could understand it
// differently.
TEST(ValueTest, AKeyTwiceIsRefused) {
  for (const std::string text : {R"({"a":1,"a":2,"b":3})", R"({"x":{"a":1,"\u0061":2}})"}) {
    h4mk_value* value = nullptr;
    EXPECT_EQ(h4mk_value_from_json(text.data(), text.size(), &value), H4MK_ERR_CORRUPT) << text;
  }
}

TEST(ValueTest, NothingFollowsTheValue) {
  const std::string text("{\"a\":1}\0", 8);
  h4mk_value* value = nullptr;
  EXPECT_EQ(h4mk_value_from_json(text.data(), text.size(), &value), H4MK_ERR_CORRUPT);
}

class DescriptionTest : public ContainerTest {
 protected:
  // What a reader says of the file's metadata after it was written with this.
  std::string MetaAfterRoundTrip(const std::string& json) {
    TestFile file;
    Writer writer(&file);
    EXPECT_EQ(h4mk_writer_set_meta(writer.get(), ParseJson(json).get()), H4MK_OK);
    EXPECT_EQ(writer.Finish(), H4MK_OK);
    Reader reader(&file);
    EXPECT_EQ(reader.status(), H4MK_OK) << reader.message();
    return Json(h4mk_reader_meta(reader.get()));
  }
};

TEST_F(DescriptionTest, MetadataComesBackAsGiven) {
  for (
      const std::string json : {
          R"({"tags":{"title":"A","ARTIST":"B","":"empty key"},"unknown":{"x":[1,[2,[3,null,true]],{"y":0.25}]}})",
          R"({"n":[-9223372036854775808,9223372036854775807]})",
          R"({"tags":{"title":{"base64":"/w=="}}})",
          R"({"text":"\u0001\u0000 end"})",
      }) {
    EXPECT_EQ(MetaAfterRoundTrip(json), Json(ParseJson(json).get()));
  }
}

TEST_F(DescriptionTest, AFileWithoutMetadataHasAnEmptyObject) {
  AddTrack();
  Finish();
  Reader reader(&file_);
  EXPECT_EQ(h4mk_value_get_type(h4mk_reader_meta(reader.get())), H4MK_VALUE_OBJECT);
}

// A long extradata, and keys that this library has never heard of.
TEST_F(DescriptionTest, TrackDescriptionsComeBackAsGiven) {
  TestFile file;
  Writer writer(&file);
  const Value description = Describe({"1001/30000", "video", "some codec"}, 40000);
  const Bytes extradata = Payload(1, 100000);
  h4mk_value_set_bytes(description.get(), "extradata", extradata.data(), extradata.size());
  h4mk_value_set_text(description.get(), "colour of the moon", "\xe9");
  uint32_t track = 99;
  ASSERT_EQ(h4mk_writer_add_track(writer.get(), description.get(), &track), H4MK_OK)
      << writer.message();
  ASSERT_EQ(writer.Finish(), H4MK_OK);

  Reader reader(&file);
  const h4mk_value* got = h4mk_reader_track(reader.get(), 0);
  EXPECT_EQ(Json(got), Json(description.get()));
  h4mk_track_info info = H4MK_TRACK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_track_info(reader.get(), 0, &info), H4MK_OK);
  EXPECT_EQ(info.track_id, 40000u);
  EXPECT_EQ(info.time_base_num, 1001);
  EXPECT_EQ(info.time_base_den, 30000);
}

// h4mk_writer_set_meta(): "may be called again while writing: the last one counts".
TEST_F(DescriptionTest, TheLastMetadataCounts) {
  TestFile file;
  Writer writer(&file);
  writer.AddTrack();
  h4mk_writer_set_meta(writer.get(), ParseJson(R"({"tags":{"title":"old"}})").get());
  for (int64_t i = 0; i < 10; ++i) {
    ASSERT_EQ(writer.Write({.pts = i, .dts = i, .data = Payload(1, 10)}), H4MK_OK);
    ASSERT_EQ(writer.Flush(), H4MK_OK);
    if (i == 5) h4mk_writer_set_meta(writer.get(), ParseJson(R"({"tags":{"title":"new"}})").get());
  }
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  Reader reader(&file);
  EXPECT_EQ(Json(h4mk_reader_meta(reader.get())), R"({"tags":{"title":"new"}})");
  EXPECT_EQ(reader.ReadOn().blocks.size(), 10u);
}

// h4mk_writer_update_track(): the last description counts, but id and time base are not to be
// changed.
TEST_F(DescriptionTest, TheLastTrackDescriptionCounts) {
  TestFile file;
  Writer writer(&file);
  writer.AddTrack();
  ASSERT_EQ(writer.Write({.pts = 0, .data = Payload(1, 10)}), H4MK_OK);
  const Value other_id = Describe({}, 2), other_time_base = Describe({"1/7"}, 1);
  EXPECT_EQ(h4mk_writer_update_track(writer.get(), 0, other_id.get()), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_writer_update_track(writer.get(), 0, other_time_base.get()), H4MK_ERR_ARGUMENT);
  const Value update = Describe({}, 1);
  h4mk_value_set_int(update.get(), "sample_rate", 96000);
  EXPECT_EQ(h4mk_writer_update_track(writer.get(), 0, update.get()), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  Reader reader(&file);
  EXPECT_EQ(h4mk_value_get_int(h4mk_reader_track(reader.get(), 0), "sample_rate", 0), 96000);
}

TEST_F(DescriptionTest, AttachmentsComeBackAndHaveNoBlocks) {
  TestFile file;
  Writer writer(&file);
  writer.AddTrack();
  writer.AddTrack({"1/1000", "attachment", "ttf"});
  const Bytes font = Payload(3, 300000);
  ASSERT_EQ(h4mk_writer_set_attachment(writer.get(), 1, font.data(), font.size()), H4MK_OK)
      << writer.message();
  ASSERT_EQ(writer.Write({.pts = 0, .data = Payload(1, 10)}), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  for (const bool pipe : {false, true}) {
    file.pipe = pipe;
    Reader reader(&file);
    const uint8_t* data = nullptr;
    size_t size = 0;
    ASSERT_EQ(h4mk_reader_attachment(reader.get(), 1, &data, &size), H4MK_OK) << reader.message();
    EXPECT_EQ(Bytes(data, data + size), font);
    EXPECT_EQ(reader.ReadOn().blocks.size(), 1u);
  }
}

}  // namespace
}  // namespace h4mk_test
