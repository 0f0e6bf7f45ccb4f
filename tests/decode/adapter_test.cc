// SPDX-License-Identifier: MIT
// adapter.h: what is asked of adapters and what becomes of those that do not keep to it; plugins;
// and the order in which a session decodes blocks and gives outputs.
#include <gtest/gtest.h>
#include <h4mk/adapter.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "decode/text_adapter.h"

namespace h4mk_test {
namespace {

struct AdaptersFree {
  void operator()(h4mk_adapters* adapters) const { h4mk_adapters_free(adapters); }
};
using Adapters = std::unique_ptr<h4mk_adapters, AdaptersFree>;
Adapters NewAdapters() { return Adapters(h4mk_adapters_new()); }

h4mk_adapter_track TrackOf(const char* codec, const char* adapter = nullptr) {
  h4mk_adapter_track track = H4MK_ADAPTER_TRACK_INIT;
  track.kind = "data";
  track.codec = codec;
  track.adapter = adapter;
  return track;
}

// -----------------------------------------------------------------------------------------------------------
// the registry

TEST(AdaptersTest, BuiltInOnesAreThere) {
  const Adapters adapters = NewAdapters();
  ASSERT_EQ(h4mk_adapters_count(adapters.get()), 4u);
  for (const char* name : {"audio_fft", "dsp", "null", "pass_through"}) {
    ASSERT_NE(h4mk_adapters_find(adapters.get(), name), nullptr) << name;
    const h4mk_adapter_track track = TrackOf(name);
    EXPECT_EQ(h4mk_adapters_for_track(adapters.get(), &track),
              h4mk_adapters_find(adapters.get(), name));
  }
  EXPECT_EQ(h4mk_adapters_path_at(adapters.get(), 0), nullptr);
  EXPECT_EQ(h4mk_adapters_at(adapters.get(), 4), nullptr);
}

TEST(AdaptersTest, ATrackNamesItsAdapterOrIsClaimed) {
  const h4mk_adapter text = TextAdapter();
  h4mk_adapter later = TextAdapter();
  later.name = "later";
  const Adapters adapters = NewAdapters();
  ASSERT_EQ(h4mk_adapters_add(adapters.get(), &text), H4MK_OK);
  h4mk_adapter_track track = TrackOf("text");
  EXPECT_EQ(h4mk_adapters_for_track(adapters.get(), &track), &text);
  ASSERT_EQ(h4mk_adapters_add(adapters.get(), &later), H4MK_OK);
  EXPECT_EQ(h4mk_adapters_for_track(adapters.get(), &track), &later);
  track = TrackOf("text", "text");
  EXPECT_EQ(h4mk_adapters_for_track(adapters.get(), &track), &text);
  track = TrackOf("text", "other");
  EXPECT_EQ(h4mk_adapters_for_track(adapters.get(), &track), nullptr);
  track = TrackOf("h264");
  EXPECT_EQ(h4mk_adapters_for_track(adapters.get(), &track), nullptr);
}

TEST(AdaptersTest, OneThatThrowsClaimsNothing) {
  h4mk_adapter text = TextAdapter();
  text.claims = [](const h4mk_adapter_track*) -> int { throw 1; };
  const Adapters adapters = NewAdapters();
  ASSERT_EQ(h4mk_adapters_add(adapters.get(), &text), H4MK_OK);
  const h4mk_adapter_track track = TrackOf("text");
  EXPECT_EQ(h4mk_adapters_for_track(adapters.get(), &track), nullptr);
}

TEST(AdaptersTest, WhatIsNoAdapterIsRefusedWithTheReason) {
  const struct {
    std::function<void(h4mk_adapter*)> change;
    const char* message;
  } cases[] = {
      {[](h4mk_adapter* a) { a->abi_version = 2; }, "version 2 of the interface; 1 expected"},
      {[](h4mk_adapter* a) { a->struct_size = 8; }, "struct_size of 8"},
      {[](h4mk_adapter* a) { a->name = nullptr; }, "no name"},
      {[](h4mk_adapter* a) { a->name = "../text"; }, "no name"},
      {[](h4mk_adapter* a) { a->name = ""; }, "no name"},
      {[](h4mk_adapter* a) { a->name = "null"; }, "an adapter null already"},
      {[](h4mk_adapter* a) { a->description = nullptr; }, "no description"},
      {[](h4mk_adapter* a) { a->preroll = 65; }, "preroll"},
      {[](h4mk_adapter* a) { a->claims = nullptr; }, "text has no claims"},
      {[](h4mk_adapter* a) { a->open = nullptr; }, "text has no open"},
      {[](h4mk_adapter* a) { a->decode_I = nullptr; }, "text has no decode_I"},
      {[](h4mk_adapter* a) { a->apply_P = nullptr; }, "text has no apply_P"},
      {[](h4mk_adapter* a) { a->render = nullptr; }, "text has no render"},
      {[](h4mk_adapter* a) { a->free_state = nullptr; }, "text has no free_state"},
      {[](h4mk_adapter* a) { a->close = nullptr; }, "text has no close"},
  };
  const Adapters adapters = NewAdapters();
  for (const auto& [change, message] : cases) {
    h4mk_adapter adapter = TextAdapter();
    change(&adapter);
    EXPECT_EQ(h4mk_adapters_add(adapters.get(), &adapter), H4MK_ERR_ADAPTER) << message;
    EXPECT_NE(std::string(h4mk_adapters_message(adapters.get())).find(message), std::string::npos)
        << h4mk_adapters_message(adapters.get());
  }
  EXPECT_EQ(h4mk_adapters_add(adapters.get(), nullptr), H4MK_ERR_ADAPTER);
  const h4mk_adapter good = TextAdapter();
  EXPECT_EQ(h4mk_adapters_add(adapters.get(), &good), H4MK_OK);  // control
}

// ----------------------------------------------------------------------------------------------------------------
// plugins

TEST(PluginTest, IsLoadedByItsPath) {
  const Adapters adapters = NewAdapters();
  ASSERT_EQ(h4mk_adapters_load(adapters.get(), H4MK_PLUGIN), H4MK_OK)
      << h4mk_adapters_message(adapters.get());
  EXPECT_STREQ(h4mk_adapters_path_at(adapters.get(), 4), H4MK_PLUGIN);
  const h4mk_adapter_track track = TrackOf("plugin");
  EXPECT_EQ(h4mk_adapters_for_track(adapters.get(), &track), h4mk_adapters_at(adapters.get(), 4));
  EXPECT_EQ(h4mk_adapters_load(adapters.get(), H4MK_PLUGIN),
            H4MK_ERR_ADAPTER);  // its name is taken
}

TEST(PluginTest, WhatCannotBeUsedIsRefused) {
  const Adapters adapters = NewAdapters();
  const auto load = [&](const char* path) { return h4mk_adapters_load(adapters.get(), path); };
  EXPECT_EQ(load("libm.so.6"), H4MK_ERR_ARGUMENT);  // dlopen() would find it
  EXPECT_EQ(load("/nonexistent/plugin.so"), H4MK_ERR_NOT_FOUND);
  EXPECT_EQ(load(H4MK_NO_PLUGIN), H4MK_ERR_ADAPTER);
  EXPECT_NE(std::string(h4mk_adapters_message(adapters.get())).find("h4mk_adapter_entry"),
            std::string::npos);
  EXPECT_EQ(load(H4MK_OTHER_VERSION_PLUGIN), H4MK_ERR_ADAPTER);
  EXPECT_NE(std::string(h4mk_adapters_message(adapters.get())).find("version 99"),
            std::string::npos);
  EXPECT_EQ(h4mk_adapters_count(adapters.get()), 4u);
}

TEST(PluginTest, AFolderIsLoadedWholeAndMustBeAbsolute) {
  namespace fs = std::filesystem;
  std::string folder = fs::temp_directory_path() / "h4mk_plugins_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  fs::copy(H4MK_PLUGIN, folder + "/a.so");
  fs::copy(H4MK_NO_PLUGIN, folder + "/notes.txt");
  const Adapters adapters = NewAdapters();
  EXPECT_EQ(h4mk_adapters_load_folder(adapters.get(), folder.c_str()), H4MK_OK);
  EXPECT_NE(h4mk_adapters_find(adapters.get(), "plugin"), nullptr);
  fs::current_path(folder);
  EXPECT_EQ(h4mk_adapters_load_folder(adapters.get(), "."), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_adapters_load_folder(adapters.get(), ""), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_adapters_load_folder(adapters.get(), (folder + "/none").c_str()),
            H4MK_ERR_NOT_FOUND);
  fs::current_path("/");
  fs::remove_all(folder);
}

// What somebody else could exchange is not loaded: the message names it and says why.
class ForeignPluginTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / "h4mk_plugins_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/a.so";
    std::filesystem::copy(H4MK_PLUGIN, path_);
    chmod(path_.c_str(), 0755);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  h4mk_status Load() { return h4mk_adapters_load(adapters_.get(), path_.c_str()); }
  h4mk_status LoadFolder() { return h4mk_adapters_load_folder(adapters_.get(), folder_.c_str()); }
  bool Says(const std::string& path, const std::string& reason) {
    const std::string message = h4mk_adapters_message(adapters_.get());
    return message.find(path + ": not loaded") != std::string::npos &&
           message.find(reason) != std::string::npos;
  }

  const Adapters adapters_ = NewAdapters();
  std::string folder_, path_;
};

TEST_F(ForeignPluginTest, AFileThatOthersCanWriteTo) {
  for (const mode_t mode : {0775, 0757}) {
    chmod(path_.c_str(), mode);
    EXPECT_EQ(Load(), H4MK_ERR_NOT_FOUND);
    EXPECT_TRUE(Says(path_, "others can write to it"));
    EXPECT_EQ(LoadFolder(), H4MK_OK);  // passed over
    EXPECT_TRUE(Says(path_, "others can write to it"));
  }
  EXPECT_EQ(h4mk_adapters_count(adapters_.get()), 4u);
  std::filesystem::copy(H4MK_PLUGIN, folder_ + "/b.so");
  chmod((folder_ + "/b.so").c_str(), 0755);
  EXPECT_EQ(LoadFolder(), H4MK_OK);
  EXPECT_STREQ(h4mk_adapters_path_at(adapters_.get(), 4), (folder_ + "/b.so").c_str());
}

TEST_F(ForeignPluginTest, AFolderThatOthersCanWriteTo) {
  for (const mode_t mode : {0775, 0757}) {
    chmod(folder_.c_str(), mode);
    EXPECT_EQ(Load(), H4MK_ERR_NOT_FOUND);
    EXPECT_TRUE(Says(folder_, "others can write to it"));
    EXPECT_EQ(LoadFolder(), H4MK_ERR_NOT_FOUND);
    EXPECT_TRUE(Says(folder_, "others can write to it"));
  }
  chmod(folder_.c_str(), 01777);  // as /tmp
  EXPECT_EQ(LoadFolder(), H4MK_ERR_NOT_FOUND);
  EXPECT_EQ(h4mk_adapters_count(adapters_.get()), 4u);
  EXPECT_EQ(Load(), H4MK_OK) << h4mk_adapters_message(adapters_.get());
}

TEST_F(ForeignPluginTest, AFolderAboveThatOthersCanWriteTo) {
  const std::string inner = folder_ + "/plugins";
  std::filesystem::create_directory(inner);
  chmod(inner.c_str(), 0755);
  std::filesystem::rename(path_, inner + "/a.so");
  const auto load = [&] { return h4mk_adapters_load(adapters_.get(), (inner + "/a.so").c_str()); };
  const auto load_folder = [&] {
    return h4mk_adapters_load_folder(adapters_.get(), inner.c_str());
  };
  for (const mode_t mode : {0775, 0757}) {
    chmod(folder_.c_str(), mode);
    EXPECT_EQ(load(), H4MK_ERR_NOT_FOUND);
    EXPECT_TRUE(Says(folder_, "others can write to it"));
    EXPECT_EQ(load_folder(), H4MK_ERR_NOT_FOUND);
    EXPECT_TRUE(Says(folder_, "others can write to it"));
  }
  EXPECT_EQ(h4mk_adapters_count(adapters_.get()), 4u);
  chmod(folder_.c_str(), 01777);  // as /tmp
  EXPECT_EQ(load_folder(), H4MK_OK) << h4mk_adapters_message(adapters_.get());
  EXPECT_EQ(h4mk_adapters_count(adapters_.get()), 5u);
}

TEST_F(ForeignPluginTest, WhatALinkLeadsToCounts) {
  chmod(path_.c_str(), 0757);
  const std::string link = folder_ + "/link.so";
  std::filesystem::create_symlink(path_, link);
  EXPECT_EQ(h4mk_adapters_load(adapters_.get(), link.c_str()), H4MK_ERR_NOT_FOUND);
  EXPECT_TRUE(Says(path_, "others can write to it"));
}

TEST_F(ForeignPluginTest, SomebodyElseOwnsIt) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(chown(path_.c_str(), 12345, 0), 0);
  EXPECT_EQ(Load(), H4MK_ERR_NOT_FOUND);
  EXPECT_TRUE(Says(path_, "somebody else's (user 12345)"));
  ASSERT_EQ(chown(path_.c_str(), 0, 0), 0);
  ASSERT_EQ(chown(folder_.c_str(), 12345, 0), 0);
  EXPECT_EQ(Load(), H4MK_ERR_NOT_FOUND);
  EXPECT_TRUE(Says(folder_, "somebody else's (user 12345)"));
}

// ---------------------------------------------------------------------------------------------------------------
// sessions

class SessionTest : public testing::Test {
 protected:
  ~SessionTest() override {
    h4mk_session_free(session_);
    EXPECT_EQ(g_states, 0);
    EXPECT_EQ(g_instances, 0);
  }

  h4mk_status Open() {
    const h4mk_adapter_track track = TrackOf("text");
    return h4mk_session_open(&adapter_, &track, &session_);
  }

  // Sends a block, after receiving what is ready.
  h4mk_status Send(const char* letter, uint32_t type, int64_t pts, int64_t dts,
                   uint32_t flags = 0) {
    ReceiveAll();
    h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
    block.flags = type | flags;
    block.pts = pts;
    block.dts = dts;
    block.data = reinterpret_cast<const uint8_t*>(letter);
    block.size = 1;
    return h4mk_session_send(session_, &block);
  }
  // "I0 P3 B1": types and times of blocks a, b, c …; their order is that of decoding if
  // is_decoding_order.
  void SendBlocks(const std::string& blocks, bool in_decoding_order) {
    char letter[] = "a";
    for (size_t at = 0, n = 0; at < blocks.size(); at += 3, ++n, ++letter[0]) {
      const uint32_t type = blocks[at] == 'I'   ? H4MK_BLOCK_TYPE_I | H4MK_BLOCK_KEY
                            : blocks[at] == 'P' ? H4MK_BLOCK_TYPE_P
                                                : H4MK_BLOCK_TYPE_B;
      EXPECT_EQ(Send(letter, type, blocks[at + 1] - '0',
                     in_decoding_order ? static_cast<int64_t>(n) - 1 : H4MK_NO_TIME),
                H4MK_OK);
    }
  }
  h4mk_status ReceiveAll() {
    for (;;) {
      h4mk_output output = H4MK_OUTPUT_INIT;
      const h4mk_status status = h4mk_session_receive(session_, &output);
      if (status != H4MK_OK) return status;
      received_ += std::to_string(output.pts) + ":" +
                   std::string(reinterpret_cast<const char*>(output.data), output.size) + " ";
    }
  }
  std::string Finish() {
    ReceiveAll();
    EXPECT_EQ(h4mk_session_send(session_, nullptr), H4MK_OK);
    EXPECT_EQ(ReceiveAll(), H4MK_END);
    return std::exchange(received_, "");
  }

  h4mk_adapter adapter_ = TextAdapter();
  h4mk_session* session_ = nullptr;
  std::string received_;
};

TEST_F(SessionTest, DecodingOrderComesOutInPresentationOrder) {
  ASSERT_EQ(Open(), H4MK_OK);
  SendBlocks("I0 P3 B1 B2 P5 B4", true);
  EXPECT_EQ(Finish(), "0:a 1:(a|c|ab) 2:(a|d|ab) 3:ab 4:(ab|f|abe) 5:abe ");
}

TEST_F(SessionTest, BBlocksMayComeBeforeTheirNextNeighbour) {
  ASSERT_EQ(Open(), H4MK_OK);
  SendBlocks("I0 B1 B2 P3 B4 I5", false);
  EXPECT_EQ(Finish(), "0:a 1:(a|b|ad) 2:(a|c|ad) 3:ad 4:(ad|e|f) 5:f ");
}

TEST_F(SessionTest, ABBlockAtTheEndHasNoNextNeighbour) {
  ASSERT_EQ(Open(), H4MK_OK);
  SendBlocks("I0 B1", false);
  EXPECT_EQ(Finish(), "0:a 1:(a|b|) ");
}

TEST_F(SessionTest, AnOutputIsGivenAsSoonAsNothingCanComeBeforeIt) {
  ASSERT_EQ(Open(), H4MK_OK);
  Send("a", H4MK_BLOCK_TYPE_I, 0, 0);
  ReceiveAll();
  EXPECT_EQ(received_, "0:a ");
  Send("b", H4MK_BLOCK_TYPE_P, 3, 1);
  ReceiveAll();
  EXPECT_EQ(received_, "0:a ");  // a block at 1 or 2 may follow
}

TEST_F(SessionTest, ABlockIsNotTakenWhileAnOutputIsReady) {
  ASSERT_EQ(Open(), H4MK_OK);
  h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
  block.pts = 0;
  EXPECT_EQ(h4mk_session_send(session_, &block), H4MK_OK);
  block.pts = 1;
  EXPECT_EQ(h4mk_session_send(session_, &block), H4MK_AGAIN);
  ReceiveAll();
  EXPECT_EQ(h4mk_session_send(session_, &block), H4MK_OK);
}

TEST_F(SessionTest, WhatCannotBeDecodedAfterASeekIsPassedOver) {
  ASSERT_EQ(Open(), H4MK_OK);
  SendBlocks("I0 P3", true);
  h4mk_session_flush(session_);
  EXPECT_EQ(g_resets, 1);
  received_.clear();
  SendBlocks("P6 B5 I9 B8 P9", true);  // B8 needs the P before the I
  EXPECT_EQ(Finish(), "9:c 9:ce ");
  g_resets = 0;
}

TEST_F(SessionTest, AFailureLosesEverythingUpToTheNextIBlock) {
  ASSERT_EQ(Open(), H4MK_OK);
  Send("a", H4MK_BLOCK_TYPE_I, 0, 0);
  EXPECT_EQ(Send("!", H4MK_BLOCK_TYPE_P, 1, 1), H4MK_ERR_CORRUPT);
  EXPECT_STREQ(h4mk_session_message(session_), "the block at time 1: adapter text: not a letter");
  EXPECT_EQ(Send("b", H4MK_BLOCK_TYPE_P, 2, 2), H4MK_OK);
  Send("c", H4MK_BLOCK_TYPE_I, 3, 3);
  EXPECT_EQ(Finish(), "0:a 3:c ");
}

TEST_F(SessionTest, AMessageNamesTheBlockByWhatIsKnownOfIt) {
  ASSERT_EQ(Open(), H4MK_OK);
  h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
  const auto message = [&] {
    block.flags = H4MK_BLOCK_KEY;
    block.data = reinterpret_cast<const uint8_t*>("!");
    block.size = 1;
    EXPECT_EQ(h4mk_session_send(session_, &block), H4MK_ERR_CORRUPT);
    return std::string(h4mk_session_message(session_));
  };
  EXPECT_EQ(message(), "a block: adapter text: not a letter");
  block.dts = 7;
  EXPECT_EQ(message(), "the block at time 7: adapter text: not a letter");
  block.ordinal = 5;
  EXPECT_EQ(message(), "block 5: adapter text: not a letter");
}

TEST_F(SessionTest, AFailureOfABBlockLosesThatOnly) {
  ASSERT_EQ(Open(), H4MK_OK);
  SendBlocks("I0 P3", true);
  EXPECT_EQ(Send("!", H4MK_BLOCK_TYPE_B, 1, 1), H4MK_ERR_CORRUPT);
  EXPECT_EQ(Send("c", H4MK_BLOCK_TYPE_P, 4, 2), H4MK_OK);
  EXPECT_EQ(Finish(), "0:a 3:ab 4:abc ");
}

TEST_F(SessionTest, DiscardedBlocksAreDecodedAndNotShown) {
  ASSERT_EQ(Open(), H4MK_OK);
  Send("a", H4MK_BLOCK_TYPE_I, 0, 0, H4MK_BLOCK_DISCARD);
  Send("b", H4MK_BLOCK_TYPE_P, 1, 1);
  EXPECT_EQ(Finish(), "1:ab ");
}

TEST_F(SessionTest, EncryptedBlocksAreNotShownToAnAdapter) {
  ASSERT_EQ(Open(), H4MK_OK);
  EXPECT_EQ(Send("a", H4MK_BLOCK_TYPE_I, 0, 0, H4MK_BLOCK_ENCRYPTED), H4MK_ERR_KEY);
}

TEST_F(SessionTest, BlocksThatWaitAreBounded) {
  ASSERT_EQ(Open(), H4MK_OK);
  Send("a", H4MK_BLOCK_TYPE_I, 0, H4MK_NO_TIME);
  int64_t time = 1;
  while (Send("b", H4MK_BLOCK_TYPE_B, time, H4MK_NO_TIME) == H4MK_OK) ASSERT_LT(++time, 1000);
  EXPECT_EQ(Send("b", H4MK_BLOCK_TYPE_P, time + 1, H4MK_NO_TIME), H4MK_OK);
  EXPECT_EQ(Finish(), "0:a ");
}

// Few bytes of a file can be very many of a block that was compressed.
TEST_F(SessionTest, BytesThatWaitAreBounded) {
  ASSERT_EQ(Open(), H4MK_OK);
  const std::string large(20 << 20, 'b');
  Send("a", H4MK_BLOCK_TYPE_I, 0, H4MK_NO_TIME);
  h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
  block.flags = H4MK_BLOCK_TYPE_B;
  block.data = reinterpret_cast<const uint8_t*>(large.data());
  block.size = large.size();
  ReceiveAll();
  for (block.pts = 1; h4mk_session_send(session_, &block) == H4MK_OK; ++block.pts)
    ASSERT_LT(block.pts, 10);
  EXPECT_EQ(block.pts, 5);
  EXPECT_EQ(Send("c", H4MK_BLOCK_TYPE_I, 6, H4MK_NO_TIME), H4MK_OK);
  EXPECT_EQ(Finish(), "0:a 6:c ");
}

TEST_F(SessionTest, TheStateOfTheLastOutputIsDescribed) {
  ASSERT_EQ(Open(), H4MK_OK);
  const char* json = nullptr;
  EXPECT_EQ(h4mk_session_describe(session_, &json), H4MK_ERR_STATE);
  SendBlocks("I0 P1", false);
  Finish();
  ASSERT_EQ(h4mk_session_describe(session_, &json), H4MK_OK);
  EXPECT_STREQ(json, "{\"text\":\"ab\"}");
}

TEST_F(SessionTest, WithoutApplyBABBlockIsAnError) {
  adapter_.apply_B = nullptr;
  ASSERT_EQ(Open(), H4MK_OK);
  SendBlocks("I0 P3", true);
  EXPECT_EQ(Send("c", H4MK_BLOCK_TYPE_B, 1, 1), H4MK_ERR_ADAPTER);
  EXPECT_STREQ(h4mk_session_message(session_), "adapter text does not decode B blocks");
}

// Adapters that do not do what they promise: each is an error that says what it was.
TEST_F(SessionTest, ABrokenPromiseIsAnErrorWithItsName) {
  using Change = std::function<void(h4mk_adapter*)>;
  const auto renders = [](auto fill) -> Change {
    static decltype(fill) filler = fill;
    return [](h4mk_adapter* adapter) {
      adapter->render = [](void*, const void*, h4mk_output* output) {
        filler(output);
        return H4MK_OK;
      };
    };
  };
  alignas(4) static const uint8_t some[8] = {};
  const struct {
    Change change;
    const char* message;
  } cases[] = {
      {[](h4mk_adapter* a) {
         a->decode_I = [](void*, const h4mk_adapter_block*, void**) { return H4MK_OK; };
       },
       "decode_I gave no state"},
      {[](h4mk_adapter* a) {
         a->decode_I = [](void*, const h4mk_adapter_block*, void**) -> h4mk_status { throw 1; };
       },
       "decode_I threw an exception"},
      {[](h4mk_adapter* a) {
         a->message = nullptr;
         a->decode_I = [](void*, const h4mk_adapter_block*, void**) { return H4MK_END; };
       },
       "decode_I failed with status 1"},
      {renders([](h4mk_output* o) { o->size = 1; }), "render gave an output without data"},
      {renders([](h4mk_output* o) { o->data = some, o->size = H4MK_MAX_OUTPUT + size_t{1}; }),
       "more than one output may have"},
      {renders([](h4mk_output* o) { o->type = 7; }), "type 7"},
      {renders([](h4mk_output* o) { o->type = H4MK_OUTPUT_AUDIO; }), "audio of 0 channels"},
      {renders([](h4mk_output* o) {
         o->type = H4MK_OUTPUT_AUDIO, o->channels = 1, o->sample_rate = 8000;
         o->data = some, o->size = 6;
       }),
       "6 bytes"},
      {renders([](h4mk_output* o) {
         o->type = H4MK_OUTPUT_AUDIO, o->channels = 1, o->sample_rate = 8000;
         o->data = some + 1, o->size = 4;
       }),
       "not aligned"},
      {renders([](h4mk_output* o) { o->type = H4MK_OUTPUT_VIDEO; }), "a picture of 0 x 0"},
      {renders([](h4mk_output* o) { o->type = H4MK_OUTPUT_VIDEO, o->width = o->height = 2; }),
       "a picture of 2 x 2 without a size or pixel format"},
  };
  for (const auto& [change, message] : cases) {
    adapter_ = TextAdapter();
    change(&adapter_);
    ASSERT_EQ(Open(), H4MK_OK);
    h4mk_status status = Send("a", H4MK_BLOCK_TYPE_I, 0, 0);
    if (status == H4MK_OK) status = ReceiveAll();
    EXPECT_EQ(status, H4MK_ERR_ADAPTER) << message;
    EXPECT_NE(std::string(h4mk_session_message(session_)).find(message), std::string::npos)
        << h4mk_session_message(session_);
    h4mk_session_free(std::exchange(session_, nullptr));
  }
}

TEST_F(SessionTest, FunctionsThatReturnNothingMayNotThrowEither) {
  adapter_.free_state = [](void*, void* state) {
    TextAdapter().free_state(nullptr, state);
    throw 1;
  };
  adapter_.close = [](void* instance) {
    TextAdapter().close(instance);
    throw 1;
  };
  adapter_.reset = [](void*) { throw 1; };
  adapter_.message = [](void*) -> const char* { throw 1; };
  ASSERT_EQ(Open(), H4MK_OK);
  EXPECT_EQ(Send("!", H4MK_BLOCK_TYPE_I, 0, 0), H4MK_ERR_CORRUPT);
  EXPECT_STREQ(h4mk_session_message(session_),
               "the block at time 0: adapter text: decode_I failed with status 303");
  h4mk_session_flush(session_);
  SendBlocks("I0 P1", false);
  EXPECT_EQ(Finish(), "0:a 1:ab ");
}

TEST_F(SessionTest, AnOutputThatWasClearedKeepsItsSize) {
  adapter_.render = [](void*, const void*, h4mk_output* output) {
    *output = h4mk_output{};
    return H4MK_OK;
  };
  ASSERT_EQ(Open(), H4MK_OK);
  EXPECT_EQ(Send("a", H4MK_BLOCK_TYPE_I, 0, 0), H4MK_OK);
  h4mk_output output = H4MK_OUTPUT_INIT;
  ASSERT_EQ(h4mk_session_receive(session_, &output), H4MK_OK);
  EXPECT_EQ(output.struct_size, sizeof output);
}

TEST_F(SessionTest, APictureIsHandedOutAsItIs) {
  adapter_.render = [](void*, const void*, h4mk_output* output) {
    static const uint8_t gray[4] = {1, 2, 3, 4};
    output->type = H4MK_OUTPUT_VIDEO;
    output->width = output->height = 2;
    output->pixel_format = "gray";
    output->data = gray;
    output->size = sizeof gray;
    return H4MK_OK;
  };
  ASSERT_EQ(Open(), H4MK_OK);
  EXPECT_EQ(Send("a", H4MK_BLOCK_TYPE_I, 0, 0), H4MK_OK);
  h4mk_output output = H4MK_OUTPUT_INIT;
  ASSERT_EQ(h4mk_session_receive(session_, &output), H4MK_OK);
  EXPECT_EQ(output.width, 2);
  EXPECT_STREQ(output.pixel_format, "gray");
  EXPECT_EQ(output.data[3], 4);
}

// A caller can tell a bad block from one that is too much, or for which there was no memory.
TEST_F(SessionTest, AFailureKeepsItsCode) {
  static h4mk_status failure;
  adapter_.decode_I = [](void*, const h4mk_adapter_block*, void**) { return failure; };
  ASSERT_EQ(Open(), H4MK_OK);
  for (const h4mk_status code : {H4MK_ERR_CORRUPT, H4MK_ERR_MEMORY, H4MK_ERR_LIMIT}) {
    failure = code;
    EXPECT_EQ(Send("a", H4MK_BLOCK_TYPE_I, 0, 0), code);
  }
  failure = H4MK_ERR_IO;  // is not the adapter's to say
  EXPECT_EQ(Send("a", H4MK_BLOCK_TYPE_I, 0, 0), H4MK_ERR_ADAPTER);
}

TEST_F(SessionTest, AnAdapterNeedNotDescribeItsStates) {
  adapter_.describe = nullptr;
  ASSERT_EQ(Open(), H4MK_OK);
  SendBlocks("I0", false);
  Finish();
  const char* json = nullptr;
  EXPECT_EQ(h4mk_session_describe(session_, &json), H4MK_ERR_NOT_FOUND);
  EXPECT_STREQ(h4mk_session_message(session_), "adapter text does not describe its states");
}

TEST_F(SessionTest, AnAdapterThatCannotOpenSaysWhy) {
  adapter_.open = [](const h4mk_adapter_track*, void** instance) {
    *instance = new TextInstance;  // so that it can be asked
    ++g_instances;
    return H4MK_ERR_CORRUPT;
  };
  EXPECT_EQ(Open(), H4MK_ERR_CORRUPT);
  EXPECT_STREQ(h4mk_session_message(session_), "adapter text: not a letter");
  h4mk_output output = H4MK_OUTPUT_INIT;
  EXPECT_EQ(h4mk_session_receive(session_, &output), H4MK_ERR_STATE);
}

}  // namespace
}  // namespace h4mk_test
