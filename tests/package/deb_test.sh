#!/usr/bin/env bash
# The Debian packages: what is in which, what they depend on, and that a program can be built with them.
# Usage: deb_test.sh BUILD_DIRECTORY
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v dpkg-deb >/dev/null && command -v dpkg-shlibdeps >/dev/null || { echo "no dpkg here"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$1" && cpack -B "$work/packages" >"$work/cpack.log" 2>&1) || { cat "$work/cpack.log"; exit 1; }
cd "$work/packages"
for deb in *.deb; do
  dpkg-deb -x "$deb" "$work/root"
  dpkg-deb -c "$deb" | awk '{ print $6 }' >"$work/${deb%%_*}.list"
done

has() { grep -q "$2" "$work/$1.list" || { echo "$1 has no $2"; exit 1; }; }
has_not() { ! grep -q "$2" "$work/$1.list" || { echo "$1 has $2"; exit 1; }; }
has libh4mk1 'libh4mk\.so\.1$'
has_not libh4mk1 'include\|\.a$\|libh4mk\.so$'
has libh4mk-dev 'include/h4mk/h4mk\.h$'
has libh4mk-dev 'libh4mk\.so$'
has libh4mk-dev 'h4mkConfig\.cmake$'
has h4mk 'bin/h4mk$'
has h4mk 'man1/h4mk\.1\.gz$'
has h4mk 'mime/packages/h4mk\.xml$'
has h4mk 'thumbnailers/h4mk\.thumbnailer$'
has python3-h4mk 'dist-packages/h4mk/_ffi\.py$'
has_not python3-h4mk '__pycache__'
has_not h4mk 'gstreamer'
packages=(libh4mk1 libh4mk-dev h4mk python3-h4mk)
if pkg-config --exists gstreamer-1.0 gstreamer-base-1.0; then
  packages+=(gstreamer1.0-h4mk)
  has gstreamer1.0-h4mk 'gstreamer-1.0/libgsth4mk\.so$'
  dpkg-deb -f gstreamer1.0-h4mk_*.deb Depends | grep -q 'libgstreamer1.0-0'
  dpkg-deb -f gstreamer1.0-h4mk_*.deb Depends | grep -q 'libh4mk1 (>= '
fi
if compgen -G 'libh4mk-frames1_*.deb' >/dev/null; then
  packages+=(libh4mk-frames1)
  has libh4mk-frames1 'libh4mk_frames\.so\.1$'
  has_not libh4mk-frames1 'include\|libh4mk_frames\.so$'
  has libh4mk-dev 'include/h4mk/frames\.h$'
  has libh4mk-dev 'include/h4mk/http\.h$'
  has libh4mk-dev 'libh4mk_frames\.so$'
  dpkg-deb -f libh4mk-frames1_*.deb Depends | grep -q 'libh4mk1 (>= .*libavcodec.*libswscale'
  dpkg-deb -f python3-h4mk_*_all.deb Recommends | grep -qx libh4mk-frames1
fi
for package in "${packages[@]}"; do
  has $package "doc/$package/copyright$"
  has $package "doc/$package/changelog.gz$"
  has $package "doc/$package/changelog.Debian.gz$"
done
# The licences of what is compiled in.
has libh4mk1 'copyright.nlohmann-json3-dev$'
has libh4mk1 'copyright.libkissfft-dev$'
has h4mk 'copyright.libcli11-dev$'
dpkg-deb -f libh4mk1_*.deb Depends | grep -q 'libdeflate0.*libzstd1'
dpkg-deb -f libh4mk-dev_*.deb Depends | grep -q 'libh4mk1 (= '
dpkg-deb -f h4mk_*.deb Depends | grep -q 'libc6'
dpkg-deb -f python3-h4mk_*_all.deb Depends | grep -q 'python3-cffi-backend.*python3-numpy.*libh4mk1 (>= '

# A later version of the library will do for what was built with this one; a trigger calls ldconfig, no script.
dpkg-deb --ctrl-tarfile libh4mk1_*.deb | tar -xO ./shlibs | grep -qx 'libh4mk 1 libh4mk1 (>= [0-9.]*)'
dpkg-deb --ctrl-tarfile libh4mk1_*.deb | tar -xO ./triggers | grep -qx 'activate-noawait ldconfig'
! dpkg-deb --ctrl-tarfile libh4mk1_*.deb | tar -t | grep -q 'postinst\|postrm' || { echo "libh4mk1 has scripts"; exit 1; }

PKG_CONFIG_PATH=$(dirname "$(find "$work/root" -name libh4mk.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # several words each
cc "$source_dir/main.c" -o "$work/main" $(pkg-config --cflags --libs libh4mk)
LD_LIBRARY_PATH=$(pkg-config --variable=libdir libh4mk) "$work/main"
if /usr/bin/python3 -c "import cffi, numpy" 2>/dev/null; then
  PYTHONPATH=$(dirname "$(dirname "$(find "$work/root" -name _ffi.py)")") LD_LIBRARY_PATH=$(pkg-config --variable=libdir libh4mk) \
    /usr/bin/python3 -c "import h4mk; h4mk.Writer().finish()"
  [[ ! -e $work/libh4mk-frames1.list ]] || PYTHONPATH=$(dirname "$(dirname "$(find "$work/root" -name _ffi.py)")") LD_LIBRARY_PATH=$(pkg-config --variable=libdir libh4mk) \
    /usr/bin/python3 -c "from h4mk._library import frames_library; frames_library().h4mk_frames_free"
fi
# shellcheck disable=SC2046
cc -c "$source_dir/main.c" -o "$work/main.o" $(pkg-config --cflags libh4mk)
# shellcheck disable=SC2046
c++ "$work/main.o" "$(pkg-config --variable=libdir libh4mk)/libh4mk.a" -o "$work/static" \
  $(pkg-config --libs $(pkg-config --print-requires-private libh4mk))
"$work/static"
