// SPDX-License-Identifier: MIT
// Version 1 and the transport dialect, cut at every byte and with every single bit flipped: it is
// detected, or nothing that is read is different.
#include "base/memory_io.h"
#include "chunk/chunk_format.h"
#include "legacy/player.h"
#include "legacy/transport/transport_file.h"
#include "legacy/v1/v1_file.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

using Lines = std::vector<std::string>;

Bytes Flip(Bytes bytes, size_t bit) {
  bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  return bytes;
}

bool IsV1Valid(const Bytes& bytes) {
  MemoryInput input(bytes);
  Source source(input);
  return V1File::Open(source, /*check=*/true).ok();
}

// Every block with its bytes, and a line for each report of damage.
Lines Play(const Bytes& bytes, bool seekable = true) {
  Player player(bytes, seekable);
  Lines lines;
  if (player.status() != H4MK_OK) return lines;
  for (std::string line = player.Next(); !line.empty(); line = player.Next())
    lines.push_back(line == "damage"
                        ? line
                        : line + " " + std::string(player.last().begin(), player.last().end()));
  return lines;
}

// All lines but reports of damage are lines of `all`, in that order.
void ExpectNothingWrong(const Lines& lines, const Lines& all) {
  size_t next = 0;
  for (const std::string& line : lines) {
    if (line == "damage") continue;
    while (next < all.size() && all[next] != line) ++next;
    ASSERT_LT(next, all.size()) << "a wrong block: " << line.substr(0, 40);
    ++next;
  }
}

class V1DamageTest : public testing::TestWithParam<const char*> {
 protected:
  const Bytes bytes_ = ReadVector(std::string("media/") + GetParam());
  const Lines blocks_ = Play(bytes_);
};

TEST_P(V1DamageTest, EveryTruncation) {
  ASSERT_TRUE(IsV1Valid(bytes_));  // control
  for (size_t size = 0; size < bytes_.size(); ++size) {
    SCOPED_TRACE(size);
    const Bytes cut(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(IsV1Valid(cut));
    for (const bool seekable : {true, false}) ExpectNothingWrong(Play(cut, seekable), blocks_);
    if (HasFailure()) return;
  }
}

// Version 1 keeps track_id and type under the CRC of the chunk, and the header under that of the
// container.
TEST_P(V1DamageTest, EveryFlippedBit) {
  for (size_t bit = 0; bit < 8 * bytes_.size(); ++bit) {
    SCOPED_TRACE("bit " + std::to_string(bit % 8) + " of byte " + std::to_string(bit / 8));
    const Bytes flipped = Flip(bytes_, bit);
    EXPECT_FALSE(IsV1Valid(flipped));
    ExpectNothingWrong(Play(flipped), blocks_);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Vectors, V1DamageTest,
                         testing::Values("reference_demo.h4mk", "b_blocks.h4mk", "single.h4mk",
                                         "multi_track_unordered_input.h4mk"));

class TransportDamageTest : public testing::TestWithParam<const char*> {
 protected:
  // What a checker says that knows both: every CRC, and VERI over all chunks before it.
  static bool IsValid(const Bytes& bytes) {
    MemoryInput input(bytes);
    Source source(input);
    const Result<TransportFile> file = TransportFile::Open(source, /*check=*/true);
    if (!file.ok() || file.value().end() != bytes.size()) return false;
    const Result<TransportVeri> veri = file.value().CheckVeri();
    return veri.ok() && veri.value().present && veri.value().as_written;
  }

  const Bytes bytes_ = ReadVector(std::string("transport/") + GetParam());
};

TEST_P(TransportDamageTest, EveryTruncation) {
  ASSERT_TRUE(IsValid(bytes_));  // control
  for (size_t size = 0; size < bytes_.size(); ++size)
    EXPECT_FALSE(IsValid(Bytes(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(size))))
        << size;
}

// The only bits that nothing covers are reserved, and every reader ignores them.
TEST_P(TransportDamageTest, EveryFlippedBit) {
  for (size_t bit = 0; bit < 8 * bytes_.size(); ++bit) {
    const bool is_reserved = bit / 8 == 6 || bit / 8 == 7;
    EXPECT_EQ(IsValid(Flip(bytes_, bit)), is_reserved)
        << "bit " << bit % 8 << " of byte " << bit / 8;
  }
}

INSTANTIATE_TEST_SUITE_P(Vectors, TransportDamageTest,
                         testing::Values("plain.h4mk", "no_blocks.h4mk"));

}  // namespace
}  // namespace h4mk
