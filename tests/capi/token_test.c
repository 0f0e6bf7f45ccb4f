/* SPDX-License-Identifier: MIT
 * Tracks of audio_fft by the C interface: blocks tell their spectrum, descriptions give
 * the same sound, and nothing that a caller gives makes a block which nobody can read.
 */
#include <h4mk/token.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"

enum { kRate = 8000, kFrame = 256, kBins = kFrame / 2 + 1 };

/* A square wave, whose loudest bin is number 16. */
static void tone(float* samples, int first) {
  for (int i = 0; i < kFrame; i++) samples[i] = (first + i + kFrame) / 8 % 2 ? -0.5f : 0.5f;
}

static h4mk_audio_fft* open_sound(void) {
  h4mk_audio_fft* sound = NULL;
  CHECK(h4mk_audio_fft_new(kRate, kFrame, kBins, &sound) == H4MK_OK && sound != NULL);
  CHECK(strcmp(h4mk_audio_fft_message(sound), "") == 0);
  return sound;
}

static void test_blocks_tell_their_spectrum(void) {
  float samples[kFrame];
  double magnitudes[kBins], first[1];
  const uint8_t* data = NULL;
  size_t size = 0, whole = 0, needed = 0;
  h4mk_audio_fft* sound = open_sound();
  tone(samples, -kFrame / 2);
  CHECK(h4mk_audio_fft_begin(sound, samples) == H4MK_OK);
  tone(samples, 0);
  CHECK(h4mk_audio_fft_encode(sound, samples, 1, &data, &whole) == H4MK_OK);
  CHECK(h4mk_audio_fft_magnitudes(sound, data, whole, 1, magnitudes, kBins, &needed) == H4MK_OK);
  CHECK(needed == kBins);
  for (int i = 0; i < kBins; i++) CHECK(magnitudes[i] <= magnitudes[16]);
  CHECK(magnitudes[16] > 0);
  first[0] = -1;
  CHECK(h4mk_audio_fft_magnitudes(sound, data, whole, 1, first, 1, &needed) == H4MK_OK);
  CHECK(first[0] == magnitudes[0] && needed == kBins);
  CHECK(h4mk_audio_fft_magnitudes(sound, data, whole - 1, 1, NULL, 0, &needed) == H4MK_ERR_CORRUPT);
  CHECK(strcmp(h4mk_audio_fft_message(sound), "") != 0);
  CHECK(h4mk_audio_fft_encode(sound, samples, 0, &data, &size) == H4MK_OK && size < whole);
  CHECK(h4mk_audio_fft_magnitudes(sound, data, size, 0, NULL, 0, &needed) == H4MK_OK);
  h4mk_audio_fft_free(sound);
}

static void test_a_description_gives_the_same_sound(void) {
  const uint8_t *extradata = NULL, *again = NULL;
  size_t size = 0, size_again = 0;
  h4mk_audio_fft *sound = open_sound(), *read = NULL;
  h4mk_value* track = h4mk_value_new();
  CHECK(h4mk_audio_fft_extradata(sound, &extradata, &size) == H4MK_OK && size == 8);
  CHECK(h4mk_audio_fft_from_description(track, &read) == H4MK_ERR_CORRUPT && read != NULL);
  CHECK(strstr(h4mk_audio_fft_message(read), "sample_rate") != NULL);
  CHECK(h4mk_audio_fft_extradata(read, &again, &size_again) == H4MK_ERR_STATE);
  h4mk_audio_fft_free(read);
  h4mk_value_set_int(track, "sample_rate", kRate);
  h4mk_value_set_bytes(track, "extradata", extradata, size);
  CHECK(h4mk_audio_fft_from_description(track, &read) == H4MK_OK);
  CHECK(h4mk_audio_fft_extradata(read, &again, &size_again) == H4MK_OK);
  CHECK(size == size_again && memcmp(extradata, again, size) == 0);
  h4mk_value_free(track);
  h4mk_audio_fft_free(read);
  h4mk_audio_fft_free(sound);
}

static void test_what_is_refused(void) {
  float samples[kFrame] = {0};
  double magnitude = 0;
  const uint8_t* data = NULL;
  size_t size = 0;
  h4mk_audio_fft* sound = NULL;
  CHECK(h4mk_audio_fft_new(kRate, 1, 32, &sound) == H4MK_ERR_ARGUMENT && sound != NULL);
  CHECK(h4mk_audio_fft_begin(sound, samples) == H4MK_ERR_STATE);
  CHECK(h4mk_audio_fft_encode(sound, samples, 1, &data, &size) == H4MK_ERR_STATE);
  CHECK(h4mk_audio_fft_magnitudes(sound, NULL, 0, 1, &magnitude, 1, &size) == H4MK_ERR_STATE);
  h4mk_audio_fft_free(sound);
  CHECK(h4mk_audio_fft_new(kRate, 257, 32, &sound) == H4MK_ERR_ARGUMENT); /* a prime number */
  CHECK(strstr(h4mk_audio_fft_message(sound), "prime") != NULL);
  h4mk_audio_fft_free(sound);
  CHECK(h4mk_audio_fft_new(kRate, kFrame, 32, NULL) == H4MK_ERR_ARGUMENT);

  sound = open_sound();
  CHECK(h4mk_audio_fft_encode(sound, samples, 1, &data, &size) == H4MK_ERR_STATE);
  CHECK(h4mk_audio_fft_begin(sound, samples) == H4MK_OK);
  CHECK(h4mk_audio_fft_encode(sound, samples, 0, &data, &size) == H4MK_ERR_STATE);
  samples[kFrame - 1] = NAN;
  CHECK(h4mk_audio_fft_encode(sound, samples, 1, &data, &size) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_audio_fft_begin(sound, samples) == H4MK_ERR_ARGUMENT);
  samples[kFrame - 1] = INFINITY;
  CHECK(h4mk_audio_fft_encode(sound, samples, 1, &data, &size) == H4MK_ERR_ARGUMENT);
  samples[kFrame - 1] = 1001;
  CHECK(h4mk_audio_fft_encode(sound, samples, 1, &data, &size) == H4MK_ERR_ARGUMENT);
  for (int i = 0; i < kFrame; i++) samples[i] = 1000; /* the loudest that there is can be read */
  CHECK(h4mk_audio_fft_encode(sound, samples, 1, &data, &size) == H4MK_OK);
  CHECK(h4mk_audio_fft_magnitudes(sound, data, size, 1, NULL, 0, &size) == H4MK_OK);
  h4mk_audio_fft_free(sound);
  h4mk_audio_fft_free(NULL);
}

int main(void) {
  test_blocks_tell_their_spectrum();
  test_a_description_gives_the_same_sound();
  test_what_is_refused();
  return failed != 0;
}
