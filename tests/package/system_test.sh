#!/usr/bin/env bash
# `build_ffmpeg.sh system install` in folders of this test: what it puts where, that an update of the system's FFmpeg takes
# effect at once, and that `uninstall` leaves nothing. The same of the package of `system deb`.
set -euo pipefail
ROOT=${H4MK_SOURCE_DIR:?}
DIST=$(mktemp -d)
trap 'rm -rf "$DIST"' EXIT
fail() { echo "$*"; exit 1; }

# shellcheck source=../../ffmpeg_patches/system.sh
source "$ROOT"/ffmpeg_patches/system.sh
INSTALL_DIR=$DIST/usr INSTALL_CONF=$DIST/conf INSTALL_HOOK=$DIST/hook INSTALL_MAGIC=$DIST/magic
SYSTEM_LIB=$DIST/libavformat.so.59
say() { :; }
check_system_version() { :; }
need_root() { :; }
mkdir -p "$SYSTEM"/lib "$DIST"/bin
echo library >"$SYSTEM"/lib/libavformat.so.59
echo 7:5.1.9-1 >"$SYSTEM"/lib/version
echo "# what was there" >"$INSTALL_MAGIC"
cp "$INSTALL_MAGIC" "$DIST"/before
# The machine, as far as the hook sees it.
printf '#!/bin/sh\n[ "$1" = -S ] && echo "libavformat59:amd64: $2" || cat "%s"\n' "$DIST"/now >"$DIST"/bin/dpkg-query
printf '#!/bin/sh\ntouch "%s"\n' "$DIST"/ldconfig >"$DIST"/bin/ldconfig
chmod +x "$DIST"/bin/*
PATH=$DIST/bin:$PATH
hook() { sh -c "$(sed 's/^post-invoke=//' "$INSTALL_HOOK")" 2>"$DIST"/said || fail "the hook fails"; }

for round in first second; do # a second `install` is as the first
  system_command install
  [[ $(cat "$INSTALL_CONF") == "$INSTALL_DIR" && -f $INSTALL_DIR/libavformat.so.59 ]] || fail "$round: not installed"
  [[ $(grep -c 'H4MK, end' "$INSTALL_MAGIC") == 1 ]] || fail "$round: magic $(cat "$INSTALL_MAGIC")"
done
if command -v file >/dev/null; then
  printf 'H4MK\002\0\0\0\0\0\0\0\0\0\0\0' >"$DIST"/clip
  [[ $(file -b -m "$INSTALL_MAGIC" "$DIST"/clip) == "H4MK media container, version 2" ]] || fail "file does not know it"
fi

echo 7:5.1.9-1 >"$DIST"/now
rm -f "$DIST"/ldconfig
hook
[[ -e $INSTALL_CONF && ! -e $DIST/ldconfig && ! -s $DIST/said ]] || fail "it steps aside for another package"

echo 7:5.1.10-0+security >"$DIST"/now
hook
[[ ! -e $INSTALL_CONF && -e $DIST/ldconfig ]] || fail "an update of the system's library does not take effect"
grep -q '5.1.10.*system install' "$DIST"/said || fail "it says: $(cat "$DIST"/said)"
hook
[[ ! -s $DIST/said ]] || fail "it says so again"

system_command uninstall
[[ ! -e $INSTALL_DIR && ! -e $INSTALL_HOOK && ! -e $INSTALL_CONF ]] || fail "something is left"
cmp "$INSTALL_MAGIC" "$DIST"/before || fail "the magic of before is gone"
echo "installed, stepped aside, removed"

command -v dpkg-deb >/dev/null || exit 0
BUILD=$DIST/build FF=$DIST
mkdir -p "$BUILD" "$FF"/src "$DIST"/etc/ld.so.conf.d
touch "$FF"/src/COPYING.GPLv3
soname_of() { echo libavformat.so.59; }
library_packages() { echo ", libssl3 (>= 3.0)"; }
run() { "${@:4}" >/dev/null; }
system_command deb
deb=$(echo "$SYSTEM"/*.deb)
[[ ${deb##*/} =~ ^h4mk-libavformat59_[0-9.]+\+5\.1\.9\+1_ ]] || fail "the package is $deb"
[[ $(dpkg-deb -f "$deb" Depends) == "libavformat59, libssl3 (>= 3.0)" ]] || fail "it needs $(dpkg-deb -f "$deb" Depends)"
dpkg-deb -R "$deb" "$DIST"/packed
[[ $(cat "$DIST"/packed/DEBIAN/triggers) == "interest-noawait $DIST/libavformat.so.59" ]] || fail "$(cat "$DIST"/packed/DEBIAN/triggers)"
conf=$DIST/etc/ld.so.conf.d/01-h4mk.conf
script() { sh -c "$(sed "s|/etc/|$DIST/etc/|g; s|\$(cat /usr/|\$(cat $DIST/packed/usr/|" "$DIST/packed/DEBIAN/$1")" "$1" "$2" 2>"$DIST"/said || fail "$1 fails"; }

echo 7:5.1.9-1 >"$DIST"/now
script postinst configure
[[ $(cat "$conf") == /usr/lib/h4mk && -f $DIST/packed/usr/lib/h4mk/libavformat.so.59 && ! -s $DIST/said ]] || fail "the package does not count"
echo 7:5.1.10-0+security >"$DIST"/now
rm -f "$DIST"/ldconfig
script postinst triggered
[[ ! -e $conf && -e $DIST/ldconfig ]] || fail "an update of the system's library does not take effect beside the package"
grep -q '5.1.10.*h4mk-libavformat59' "$DIST"/said || fail "it says: $(cat "$DIST"/said)"
echo 7:5.1.9-1 >"$DIST"/now
script postinst triggered
script prerm remove
[[ ! -e $conf ]] || fail "something is left of the package"
echo "packed, stepped aside, removed"
