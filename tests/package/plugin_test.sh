#!/usr/bin/env bash
# The example plugin, as somebody outside this tree would build it: against what is installed. Frames that went through it come back
# as they were, from every time, with the installed h4mk.
# Usage: plugin_test.sh BUILD_DIRECTORY
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tools/example_plugin" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$1" --prefix "$work/installed" >/dev/null
cmake -S "$source_dir" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/installed" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" >/dev/null
cmake --build "$work/build" >/dev/null
libdir=$(dirname "$(find "$work/installed" -name 'libh4mk.so')")
export LD_LIBRARY_PATH=$libdir
decode() { "$work/installed/bin/h4mk" decode -y --plugin "$work/build/example.so" "$@"; }

# 31 frames: two whole groups and a part of one, with a square that moves over a pattern and noise.
python3 - "$work/frames" <<'END'
import random, sys
random.seed(1)
width, height, frames = 48, 32, 31
with open(sys.argv[1], "wb") as out:
    for n in range(frames):
        picture = bytearray((x * 5 + y * 3) & 255 for y in range(height) for x in range(width) for c in range(3))
        for y in range(8):
            for x in range(8):
                picture[3 * ((y + 10) * width + x + n) + 1] = 255
        for _ in range(50):
            picture[random.randrange(len(picture))] = random.randrange(256)
        out.write(picture)
END
"$work/build/example_encode" 48 32 rgb24 10 "$work/frames" "$work/example.h4mk"
decode "$work/example.h4mk" -o "$work/again"
cmp "$work/frames" "$work/again"
size=$((48 * 32 * 3))
for n in $(seq 0 30); do
  decode "$work/example.h4mk" --from_ms $((n * 100)) -o "$work/again"
  tail -c +$((n * size + 1)) "$work/frames" | cmp - "$work/again"
done

echo "without the plugin the track says what it needs"
if "$work/installed/bin/h4mk" decode -y "$work/example.h4mk" -o "$work/again" 2>"$work/message"; then exit 1; fi
grep -q 'no adapter example' "$work/message"

echo "sound whose first outputs are empty has one header"
cat >"$work/late.c" <<'END'
#include <h4mk/adapter.h>
static int shown;
static const float sound[4];
static int claims(const h4mk_adapter_track *track) { (void)track; return 0; }
static h4mk_status open_track(const h4mk_adapter_track *track, void **opened) { (void)track; *opened = &shown; return H4MK_OK; }
static h4mk_status decode(void *opened, const h4mk_adapter_block *block, void **state) { (void)block; *state = opened; return H4MK_OK; }
static h4mk_status apply(void *opened, const void *before, const h4mk_adapter_block *block, void **state)
{
    (void)before;
    return decode(opened, block, state);
}
static h4mk_status between(void *opened, const void *before, const void *behind, const h4mk_adapter_block *block, void **state)
{
    (void)before, (void)behind;
    return decode(opened, block, state);
}
static h4mk_status render(void *opened, const void *state, h4mk_output *output)
{
    (void)opened, (void)state;
    output->type = H4MK_OUTPUT_AUDIO;
    output->sample_rate = 8000;
    output->channels = 1;
    output->data = (const uint8_t *)sound;
    output->size = ++shown > 3 ? sizeof(sound) : 0;
    return H4MK_OK;
}
static void free_state(void *opened, void *state) { (void)opened, (void)state; }
static void close_track(void *opened) { (void)opened; }
H4MK_ADAPTER_EXPORT const h4mk_adapter *h4mk_adapter_entry(void)
{
    static const h4mk_adapter adapter = { H4MK_ADAPTER_ABI, sizeof(adapter), "late", "sound that begins late", 0, claims, open_track,
        decode, apply, between, render, NULL, free_state, NULL, NULL, close_track };
    return &adapter;
}
END
cc -shared -fPIC -I"$work/installed/include" "$work/late.c" -o "$work/late.so"
"$work/installed/bin/h4mk" decode -y --plugin "$work/late.so" --adapter late "$work/example.h4mk" -o "$work/late.wav" >/dev/null
[ "$(wc -c <"$work/late.wav")" = $((58 + 28 * 16)) ]
