#!/usr/bin/env bash
# What is installed lets file(1) and desktops know H4MK files, by content and by name.
# Usage: desktop_test.sh BUILD_DIRECTORY
set -euo pipefail

root=${H4MK_SOURCE_DIR:?}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/installed" >/dev/null
share=$work/installed/share

expect() {
  [[ $3 == "$2" ]] || { echo "$1: expected '$2', got '$3'"; exit 1; }
  echo "$1: $3"
}

v1=$(find "$root/tests/vectors/media" -name '*.h4mk' -size +20c | head -n 1)
transport=$(find "$root/tests/vectors/transport" -name '*.h4mk' | head -n 1)
cp "$v1" "$work/without_a_name"
cp "$transport" "$work/transport"
echo 'no media' >"$work/named.h4mk"

magic=$share/h4mk/h4mk.magic
expect "file, version 1" "H4MK media container, version 1" "$(file -b -m "$magic" "$work/without_a_name")"
expect "file, transport" "H4MK media container, transport dialect" "$(file -b -m "$magic" "$work/transport")"
expect "file --mime-type" "video/x-h4mk" "$(file -b --mime-type -m "$magic" "$work/without_a_name")"
cp "$magic" "$work/.magic"
expect "file, a user's own magic" "H4MK media container, version 1" "$(HOME=$work file -b "$work/without_a_name")"

update-mime-database "$share/mime"
type_of() { # away from the mime types of this machine's user
  env HOME="$work" XDG_DATA_HOME="$work/none" XDG_DATA_DIRS="$share" gio info -a standard::content-type "$1" |
    sed -n 's/.*standard::content-type: //p'
}
expect "desktop, by content" "video/x-h4mk" "$(type_of "$work/without_a_name")"
expect "desktop, by name" "video/x-h4mk" "$(type_of "$work/named.h4mk")"

if command -v desktop-file-validate >/dev/null; then
  desktop-file-validate "$share"/applications/*.desktop
fi
