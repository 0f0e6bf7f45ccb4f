// SPDX-License-Identifier: MIT
// FIPS 180-4, section 6.2, on vectors: lane i holds message i. Included by sha256_lanes.cc once for
// each instruction set, since the compiler splits vectors that a function's own target does not
// have. H4MK_SHA256_LANES is the function's name, with its target, so none is defined twice.
// NOLINTNEXTLINE(misc-definitions-in-headers)
void H4MK_SHA256_LANES(const Key& key, uint32_t counter, uint8_t out[kSha256Lanes * kSha256Size]) {
  // One block holds the message: 8 words of key, the counter, the end mark, the length in bits.
  Lanes w[16] = {};
  for (size_t i = 0; i < 8; ++i) w[i] += LoadBe<uint32_t>(key.data() + 4 * i);
  for (size_t lane = 0; lane < kSha256Lanes; ++lane)
    w[8][lane] = counter + static_cast<uint32_t>(lane);
  w[9] += 0x80000000;
  w[15] += 8 * (kKeySize + 4);

  Lanes state[8] = {};
  for (size_t i = 0; i < 8; ++i) state[i] += kSha256Initial[i];
  Lanes a = state[0], b = state[1], c = state[2], d = state[3];
  Lanes e = state[4], f = state[5], g = state[6], h = state[7];
#pragma GCC unroll 16
  for (size_t round = 0; round < 64; ++round) {
    Lanes& word = w[round % 16];
    if (round >= 16) {
      const Lanes near = w[(round - 2) % 16], far = w[(round - 15) % 16];
      word += (H4MK_ROTATE(near, 17) ^ H4MK_ROTATE(near, 19) ^ near >> 10) + w[(round - 7) % 16] +
              (H4MK_ROTATE(far, 7) ^ H4MK_ROTATE(far, 18) ^ far >> 3);
    }
    const Lanes t1 = h + (H4MK_ROTATE(e, 6) ^ H4MK_ROTATE(e, 11) ^ H4MK_ROTATE(e, 25)) +
                     ((e & f) ^ (~e & g)) + kSha256Round[round] + word;
    const Lanes t2 = (H4MK_ROTATE(a, 2) ^ H4MK_ROTATE(a, 13) ^ H4MK_ROTATE(a, 22)) +
                     ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const Lanes result[8] = {state[0] + a, state[1] + b, state[2] + c, state[3] + d,
                           state[4] + e, state[5] + f, state[6] + g, state[7] + h};
  for (size_t lane = 0; lane < kSha256Lanes; ++lane)
    for (size_t i = 0; i < 8; ++i) {
      const uint32_t word = result[i][lane];
      StoreLe(out + kSha256Size * lane + 4 * i, __builtin_bswap32(word));
    }
}
