// SPDX-License-Identifier: MIT
#include "cluster/column.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace h4mk {
namespace {

// core.md, "Column": the first byte is the width, or one of these.
constexpr uint8_t kAllZero = 0x7F;
constexpr uint8_t kExtended = 0x80;  // added to the width: a byte of the two bits below follows
constexpr uint8_t kHasStep = 0x01;
constexpr uint8_t kHasExceptions = 0x02;
constexpr int kMaxWidth = 64;

uint64_t Mask(int width) { return width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1; }

size_t PackedSize(size_t count, int width) { return (count * static_cast<size_t>(width) + 7) / 8; }

// Greatest common divisor of all, at least 1.
uint64_t CommonStep(std::span<const uint64_t> values) {
  uint64_t step = 0;
  for (uint64_t value : values) {
    step = std::gcd(step, value);
    if (step == 1) break;
  }
  return std::max<uint64_t>(step, 1);
}

// The width that takes the fewest bytes when wider values become exceptions. An exception is taken
// at three bytes more than its value: an estimate, so that one pass over a histogram of widths is
// enough.
int BestWidth(std::span<const uint64_t> values) {
  std::array<size_t, kMaxWidth + 1> wide{};
  for (uint64_t value : values) ++wide[static_cast<size_t>(std::bit_width(value))];
  int best = kMaxWidth;
  size_t best_size = SIZE_MAX;
  size_t exceptions = 0, exception_size = 0;
  for (int width = kMaxWidth; width >= 0; --width) {
    const size_t size = PackedSize(values.size(), width) + exception_size + (exceptions ? 2 : 0);
    if (size <= best_size) {
      best_size = size;
      best = width;
    }
    exceptions += wide[static_cast<size_t>(width)];
    exception_size += wide[static_cast<size_t>(width)] * (static_cast<size_t>(width + 6) / 7 + 1);
  }
  return best;
}

void AppendPacked(Bytes& out, std::span<const uint64_t> values, int width) {
  if (width == 0) return;
  const size_t start = out.size();
  out.resize(start + PackedSize(values.size(), width) + 8);  // 8: room for the last store
  uint64_t bits = 0;
  int used = 0;
  uint8_t* p = out.data() + start;
  for (uint64_t value : values) {
    const uint64_t v = value > Mask(width) ? 0 : value;  // exceptions leave an empty place
    bits |= v << used;
    used += width;
    if (used >= 64) {
      StoreLe(p, bits);
      p += 8;
      used -= 64;
      bits = used ? v >> (width - used) : 0;
    }
  }
  StoreLe(p, bits);
  out.resize(start + PackedSize(values.size(), width));
}

void ReadPacked(ByteSpan packed, int width, std::span<int64_t> values) {
  const uint64_t mask = Mask(width);
  const size_t w = static_cast<size_t>(width);
  size_t i = 0;
  if (width <= 56 && packed.size() >= 8) {  // whole values within one unaligned load
    const size_t safe_bits = (packed.size() - 8) * 8 + 8;
    for (size_t bit = 0; i < values.size() && bit < safe_bits; ++i, bit += w)
      values[i] =
          static_cast<int64_t>((LoadLe<uint64_t>(packed.data() + bit / 8) >> (bit % 8)) & mask);
  }
  for (; i < values.size(); ++i) {
    uint64_t value = 0;
    for (size_t done = 0; done < w;) {
      const size_t bit = i * w + done;
      const size_t take = std::min<size_t>(8 - bit % 8, w - done);
      const uint64_t part = (packed[bit / 8] >> (bit % 8)) & ((1u << take) - 1);
      value |= part << done;
      done += take;
    }
    values[i] = static_cast<int64_t>(value);
  }
}

}  // namespace

void AppendColumn(Bytes& out, std::span<const int64_t> values) {
  if (values.empty()) return;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const int64_t min = *low;
  if (min == 0 && *high == 0) {
    out.push_back(kAllZero);
    return;
  }
  if (min == *high) {
    out.push_back(0);
    AppendSigned(out, min);
    return;
  }
  static thread_local std::vector<uint64_t> residuals;
  residuals.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    residuals[i] = static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(min);
  const uint64_t step = CommonStep(residuals);
  if (step > 1)
    for (uint64_t& residual : residuals) residual /= step;
  const int width = BestWidth(residuals);
  const auto exceptions = static_cast<size_t>(std::count_if(
      residuals.begin(), residuals.end(), [&](uint64_t r) { return r > Mask(width); }));

  const auto extension =
      static_cast<uint8_t>((step > 1 ? kHasStep : 0) | (exceptions > 0 ? kHasExceptions : 0));
  out.push_back(static_cast<uint8_t>(width | (extension ? kExtended : 0)));
  if (extension) out.push_back(extension);
  AppendSigned(out, min);
  if (step > 1) AppendVarint(out, step);
  if (exceptions > 0) {
    AppendVarint(out, exceptions);
    size_t next = 0;
    for (size_t i = 0; i < residuals.size(); ++i) {
      if (residuals[i] <= Mask(width)) continue;
      AppendVarint(out, i - next);
      AppendVarint(out, residuals[i]);
      next = i + 1;
    }
  }
  AppendPacked(out, residuals, width);
}

namespace {

// What stands before the packed values.
struct ColumnHead {
  int width = 0;
  uint64_t min = 0, step = 1, exceptions = 0;

  bool is_constant() const { return width == 0 && exceptions == 0; }
};

ColumnHead ReadHead(ByteReader& reader, size_t count) {
  ColumnHead head;
  const auto first = reader.Le<uint8_t>();
  if (first == kAllZero) return head;
  head.width = first & ~kExtended;
  const uint8_t extension = first & kExtended ? reader.Le<uint8_t>() : uint8_t{0};
  if (head.width > kMaxWidth || (extension & ~(kHasStep | kHasExceptions))) reader.Fail();
  head.min = static_cast<uint64_t>(reader.Signed());
  if (extension & kHasStep) head.step = reader.Varint();
  if (extension & kHasExceptions) head.exceptions = reader.Varint();
  if (head.exceptions > count) reader.Fail();
  return head;
}

// Of a column of count values, the first of which are there.
bool ReadExceptions(ByteReader& list, uint64_t exceptions, size_t count,
                    std::span<int64_t> values) {
  for (size_t at = 0; exceptions > 0; --exceptions, ++at) {
    const uint64_t gap = list.Varint();
    if (gap >= count - at) return false;
    at += static_cast<size_t>(gap);
    if (at >= values.size()) return true;
    values[at] = static_cast<int64_t>(list.Varint());
  }
  return true;
}

// The packed values, which stand behind the exceptions.
ByteSpan TakePacked(ByteReader& reader, const ColumnHead& head, size_t count) {
  for (uint64_t i = 0; i < head.exceptions && !reader.failed(); ++i) {
    reader.Varint();
    reader.Varint();
  }
  return reader.Take(PackedSize(count, head.width));
}

bool ReadValues(ByteReader& reader, const ColumnHead& head, size_t count,
                std::span<int64_t> values) {
  ByteReader exceptions = reader;
  const ByteSpan packed = TakePacked(reader, head, count);
  if (reader.failed()) return false;

  if (head.width == 0) {
    std::fill(values.begin(), values.end(), 0);
  } else {
    ReadPacked(packed, head.width, values);
  }
  if (!ReadExceptions(exceptions, head.exceptions, count, values)) {
    reader.Fail();
    return false;
  }
  if (head.step == 1) {
    for (int64_t& value : values)
      value = static_cast<int64_t>(head.min + static_cast<uint64_t>(value));
  } else {
    for (int64_t& value : values)
      value = static_cast<int64_t>(head.min + head.step * static_cast<uint64_t>(value));
  }
  return true;
}

}  // namespace

bool ReadColumn(ByteReader& reader, std::span<int64_t> values) {
  if (values.empty()) return !reader.failed();
  const ColumnHead head = ReadHead(reader, values.size());
  if (reader.failed()) return false;
  if (!head.is_constant()) return ReadValues(reader, head, values.size(), values);
  std::fill(values.begin(), values.end(), static_cast<int64_t>(head.min));
  return true;
}

bool ReadColumn(ByteReader& reader, size_t count, std::span<int64_t> values, Column* column) {
  const ColumnHead head = ReadHead(reader, count);
  if (reader.failed()) return false;
  *column = {values.data(), head.is_constant() ? 0 : SIZE_MAX};
  if (!head.is_constant()) return ReadValues(reader, head, count, values);
  values[0] = static_cast<int64_t>(head.min);
  return true;
}

bool SkipColumn(ByteReader& reader, size_t count) {
  if (count > 0) TakePacked(reader, ReadHead(reader, count), count);
  return !reader.failed();
}

}  // namespace h4mk
