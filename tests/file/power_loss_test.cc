// SPDX-License-Identifier: MIT
//
// The machine loses power while a file is written. What was written before the last sync is on the
// disk. Of what came later the disk may have kept any sectors, in any order, a part of one, zeros
// or old bytes in their place, and the file may be shorter. It opens, what was synced is there, and
// nothing wrong is handed out.

#include <gtest/gtest.h>

#include "support/container.h"
#include "support/layouts.h"

namespace h4mk_test {
namespace {

constexpr size_t kSector = 64;  // small, so that a small file has many

// A disk after the power was lost.
class Disk {
 public:
  Disk(const Bytes& written, size_t synced, uint32_t seed)
      : written_(written), synced_(synced), random_(seed) {}

  Bytes AfterPowerLoss() {
    // The length is one of what is synced and what is written, or any in between.
    const size_t later = written_.size() - synced_;
    Bytes file(synced_ + (later == 0 ? 0 : random_() % (later + 1)));
    const bool garbage = random_() % 2;  // sectors that were used before
    for (size_t at = synced_; at < file.size();) {
      const size_t end = std::min(file.size(), (at / kSector + 1) * kSector);
      size_t kept = end - at;
      const uint32_t fate = random_() % 4;
      if (fate == 0) kept = 0;                       // dropped
      if (fate == 1) kept = random_() % (kept + 1);  // torn
      for (size_t i = at; i < end; ++i) {
        file[i] = i < at + kept ? written_[i] : garbage ? static_cast<uint8_t>(random_()) : 0;
      }
      at = end;
    }
    std::copy_n(written_.begin(), synced_, file.begin());
    return file;
  }

 private:
  const Bytes& written_;
  const size_t synced_;
  std::mt19937 random_;
};

class PowerLossTest : public testing::TestWithParam<const char*> {
 protected:
  PowerLossTest() {
    for (const Layout& layout : AllLayouts()) {
      if (layout.name == GetParam()) media_ = layout.make();
    }
    FillPayloads(&media_, 60);
  }

  // The blocks must be a subsequence of the recording and begin with those that were synced.
  void ExpectRight(const Bytes& bytes, size_t synced_blocks) {
    TestFile file(bytes);
    Reader reader(&file);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    const Reading reading = reader.ReadOn(10000);
    ASSERT_GE(reading.blocks.size(), synced_blocks);
    size_t next = 0;
    for (size_t i = 0; i < reading.blocks.size(); ++i) {
      while (next < media_.blocks.size() && !(media_.blocks[next] == reading.blocks[i])) ++next;
      ASSERT_LT(next, media_.blocks.size()) << "a wrong block: " << reading.blocks[i];
      if (i < synced_blocks) {
        ASSERT_EQ(next, i);
      }
      ++next;
    }
    ExpectSeeksWork(&reader, synced_blocks);
  }

  // Each seek point among what was synced is found.
  void ExpectSeeksWork(Reader* reader, size_t synced_blocks) {
    for (size_t i = 0; i < synced_blocks; i += 17) {
      const Block& target = media_.blocks[i];
      if (!(target.flags & H4MK_BLOCK_KEY) || target.time() == H4MK_NO_TIME) continue;
      ASSERT_EQ(reader->Seek(target.track, target.time(), H4MK_SEEK_BACKWARD), H4MK_OK)
          << reader->message();
      Block block;
      do {
        ASSERT_EQ(reader->Next(&block), H4MK_OK) << reader->message();
      } while (block.track != target.track);
      ASSERT_EQ(block.time(), target.time());
    }
  }

  Media media_;
};

TEST_P(PowerLossTest, WhatWasSyncedIsThere) {
  const size_t count = media_.blocks.size();
  for (const size_t synced_blocks : {size_t{0}, count / 3, count - 1}) {
    for (const bool finished : {false, true}) {
      TestFile file;
      Writer writer(&file, ClusterLimits(300, 0));
      for (const Track& track : media_.tracks) writer.AddTrack(track);
      for (size_t i = 0; i < synced_blocks; ++i) ASSERT_EQ(writer.Write(media_.blocks[i]), H4MK_OK);
      ASSERT_EQ(writer.Flush(), H4MK_OK);
      const size_t synced = file.bytes.size();
      for (size_t i = synced_blocks; i < count; ++i)
        ASSERT_EQ(writer.Write(media_.blocks[i]), H4MK_OK);
      if (finished) {
        ASSERT_EQ(writer.Finish(), H4MK_OK);
      }
      for (uint32_t seed = 1; seed <= Seeds(15); ++seed) {
        SCOPED_TRACE(std::to_string(synced_blocks) + " blocks synced, seed " +
                     std::to_string(seed));
        ExpectRight(Disk(file.bytes, synced, seed).AfterPowerLoss(), synced_blocks);
        if (HasFailure()) return;
      }
    }
  }
}

// Times that are found by seeking must be different, and every track there from the start.
INSTANTIATE_TEST_SUITE_P(Layouts, PowerLossTest,
                         testing::Values("Film", "OneGop", "AllIntra", "SoundOnly"));

}  // namespace
}  // namespace h4mk_test
