// SPDX-License-Identifier: MIT
// Encrypted files for tests: keys, and files put together anew from the ciphertext of others.
#ifndef H4MK_TESTS_SUPPORT_ENCRYPTION_H_
#define H4MK_TESTS_SUPPORT_ENCRYPTION_H_

#include <deque>

#include "support/container.h"

namespace h4mk_test {

inline const Bytes kMaster = Payload(7, 32);
inline const Bytes kKid = Payload(8, 16);

inline h4mk_key KeyOf(const Bytes& master, const Bytes& kid = {}) {
  return {sizeof(h4mk_key), kid.data(), kid.size(), master.data(), master.size()};
}

// A key that lives as long as the program, for options that point to it.
inline const h4mk_key* HeldKey(const Bytes& master, const Bytes& kid = {}) {
  static std::deque<h4mk_key> held;
  return &held.emplace_back(KeyOf(master, kid));
}

inline h4mk_writer_options Encrypting(const Bytes& master = kMaster,
                                      const char* scheme = H4MK_SCHEME_GCM) {
  h4mk_writer_options options = ClusterLimits(4000, 1000);
  options.encryption_scheme = scheme;
  options.encryption_key = HeldKey(master, kKid);
  return options;
}

struct Keys {
  explicit Keys(const Bytes& master, const Bytes& kid = {}) : key(KeyOf(master, kid)) {
    options.keys = &key;
    options.key_count = 1;
  }
  h4mk_key key;
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
};

struct Sealed {
  Value meta;
  std::vector<Block> blocks;
  std::vector<uint64_t> ordinals;
};

// The blocks of a file as ciphertext, and its metadata.
inline Sealed ReadSealed(Bytes bytes) {
  TestFile file(std::move(bytes));
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keep_encrypted = 1;
  Reader reader(&file, options);
  EXPECT_EQ(reader.status(), H4MK_OK) << reader.message();
  Sealed sealed{ParseJson(h4mk_value_to_json(h4mk_reader_meta(reader.get()))), {}, {}};
  Reading reading = reader.ReadOn();
  sealed.blocks = std::move(reading.blocks);
  sealed.ordinals = std::move(reading.ordinals);
  return sealed;
}

// Writes ciphertext, with its numbers, to a file of other clusters and with these descriptions.
inline Bytes WriteSealed(const std::vector<Value>& tracks, const Sealed& sealed,
                         bool finish = true) {
  TestFile file;
  Writer writer(&file, ClusterLimits(1500, 500));
  for (const Value& track : tracks) {
    uint32_t index = 0;
    EXPECT_EQ(h4mk_writer_add_track(writer.get(), track.get(), &index), H4MK_OK);
  }
  EXPECT_EQ(h4mk_writer_set_meta(writer.get(), sealed.meta.get()), H4MK_OK);
  for (size_t i = 0; i < sealed.blocks.size(); ++i) {
    const Block& block = sealed.blocks[i];
    std::vector<h4mk_side_data> side_data;
    for (const SideData& side : block.side_data)
      side_data.push_back({side.name.c_str(), side.data.data(), side.data.size()});
    h4mk_block c = H4MK_BLOCK_INIT;
    c.track = block.track;
    c.flags = block.flags;
    c.pts = block.pts;
    c.dts = block.dts;
    c.duration = block.duration;
    c.data = block.data.data();
    c.size = block.data.size();
    c.side_data = side_data.data();
    c.side_data_count = side_data.size();
    c.ordinal = sealed.ordinals[i];
    EXPECT_EQ(h4mk_writer_write(writer.get(), &c), H4MK_OK) << writer.message();
  }
  EXPECT_EQ(finish ? writer.Finish() : writer.Flush(), H4MK_OK) << writer.message();
  return std::move(file.bytes);
}

inline Bytes WriteSealed(const Media& media, const Sealed& sealed) {
  std::vector<Value> tracks;
  for (const Track& track : media.tracks)
    tracks.push_back(Describe(track, static_cast<uint32_t>(tracks.size() + 1)));
  return WriteSealed(tracks, sealed);
}

}  // namespace h4mk_test

#endif  // H4MK_TESTS_SUPPORT_ENCRYPTION_H_
