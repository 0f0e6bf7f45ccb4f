#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The steps by hand in ffmpeg_patches/README.md give the source that build_ffmpeg.sh builds. What they end with, configure and
# make, is left to that.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

build=$H4MK_SOURCE_DIR/build
read -r source _ 2> /dev/null < "$build/ffmpeg-7.1/source.id" && [ -f "$source" ] || { echo "no source of FFmpeg 7.1 that was built"; exit 77; }
ln -s "$H4MK_SOURCE_DIR/ffmpeg_patches" .
mkdir ffmpeg-7.1.5 && tar -C ffmpeg-7.1.5 --strip-components=1 -xf "$source"

sed -n '/^## /q; /By hand:/,/^```$/p' ffmpeg_patches/README.md | sed '1,/^```sh$/d; /^```$/d' > all_steps
grep -v '^\./configure' all_steps > steps
[ "$(wc -l < all_steps)" -ge 4 ] && [ "$(wc -l < steps)" -lt "$(wc -l < all_steps)" ] || fail "these are no steps: $(cat all_steps)"
expect "the steps" bash -e steps
while read -r file; do
  cmp -s "ffmpeg-7.1.5/$file" "$build/ffmpeg-7.1/src/$file" || fail "another $file"
done < "$build/ffmpeg-7.1/overlay.list"
finish
