# Part of build_ffmpeg.sh, which reads this file for its command "system": builds the one library of an FFmpeg that is already
# installed that has to change, libavformat, as a drop-in for it. It uses the functions of build_ffmpeg.sh.
# shellcheck shell=bash

SYSTEM=$DIST/system
INSTALL_DIR=/usr/local/lib/h4mk
INSTALL_CONF=/etc/ld.so.conf.d/00-h4mk.conf # the linker looks through these files in the order of their names
INSTALL_HOOK=/etc/dpkg/dpkg.cfg.d/h4mk      # what dpkg does when it has worked
INSTALL_MAGIC=/etc/magic                    # what file(1) knows of this machine's own; Debian says so in its first lines

# What the system's libavformat is linked with, by what it is switched on, and the Debian package to build with it.
SYSTEM_LIBRARIES="
  libbz2            --enable-bzlib        libbz2-dev
  libz              --enable-zlib         zlib1g-dev
  libxml2           --enable-libxml2      libxml2-dev
  libgme            --enable-libgme       libgme-dev
  libopenmpt        --enable-libopenmpt   libopenmpt-dev
  libchromaprint    --enable-chromaprint  libchromaprint-dev
  libbluray         --enable-libbluray    libbluray-dev
  libgnutls         --enable-gnutls       libgnutls28-dev
  librabbitmq       --enable-librabbitmq  librabbitmq-dev
  librist           --enable-librist      librist-dev
  libsrt-gnutls     --enable-libsrt       libsrt-gnutls-dev
  libssh-gcrypt     --enable-libssh       libssh-gcrypt-dev
  libzmq            --enable-libzmq       libzmq3-dev"

# system_command [install | uninstall | deb]
system_command() {
  case ${1:-} in
    '')
      lock
      build_system
      say "Ready: ${SYSTEM#"$PWD"/}/run ffplay film.h4mk, and so every program that uses the system's FFmpeg;" \
        "for all programs without that: build_ffmpeg.sh system install"
      ;;
    install)
      [[ -f $SYSTEM/lib/version ]] || die "build_ffmpeg.sh system comes first"
      check_system_version
      need_root install
      install_for_all
      ldconfig
      say "Installed in $INSTALL_DIR, and 'file' knows H4MK. When Debian updates its FFmpeg, Debian's own library counts again" \
        "until 'system' and 'system install' are called anew. build_ffmpeg.sh system uninstall takes it all away."
      ;;
    uninstall)
      need_root uninstall
      remove_from_all
      ldconfig
      say "Removed from $INSTALL_DIR."
      ;;
    deb)
      [[ -f $SYSTEM/lib/version ]] || die "build_ffmpeg.sh system comes first"
      check_system_version
      package_system
      say "Made: $(realpath --relative-to=. "$SYSTEM"/*.deb): the same for machines with $(libavformat_package) $(cat "$SYSTEM"/lib/version)"
      ;;
    *)
      say "build_ffmpeg.sh: system: unknown argument '$1'"
      usage >&2
      exit 2
      ;;
  esac
}

# An update of the system's library must take effect: then this one steps aside.
install_for_all() {
  install -d "$INSTALL_DIR"
  cp -P "$SYSTEM"/lib/* "$INSTALL_DIR"/
  cat >"$INSTALL_DIR"/step-aside <<EOF
#!/bin/sh
# dpkg calls this when it has worked. It never fails, which would look like a failure of dpkg.
now=\$(dpkg-query -W -f '\${source:Version}' "$(dpkg-query -S "$SYSTEM_LIB" | cut -d: -f1)" 2>/dev/null)
if [ -e "$INSTALL_CONF" ] && [ "\$now" != "\$(cat "$INSTALL_DIR"/version)" ]; then
  rm -f "$INSTALL_CONF"
  ldconfig
  echo "H4MK: FFmpeg is version \$now now, so its own library is used, without H4MK; build_ffmpeg.sh system, then system install" >&2
fi
exit 0
EOF
  chmod +x "$INSTALL_DIR"/step-aside
  echo "post-invoke=if [ -x $INSTALL_DIR/step-aside ]; then $INSTALL_DIR/step-aside; fi" >"$INSTALL_HOOK"
  remove_magic
  sed '1s/.*/# H4MK, from build_ffmpeg.sh system install/; $a# H4MK, end' "$ROOT"/tools/desktop/h4mk.magic >>"$INSTALL_MAGIC"
  echo "$INSTALL_DIR" >"$INSTALL_CONF"
}

remove_from_all() {
  rm -rf "$INSTALL_CONF" "$INSTALL_HOOK" "$INSTALL_DIR"
  remove_magic
}

remove_magic() {
  [[ ! -e $INSTALL_MAGIC ]] || sed -i '/^# H4MK, from /,/^# H4MK, end/d' "$INSTALL_MAGIC"
}

# The package to which the system's library belongs.
libavformat_package() {
  dpkg-query -S "$SYSTEM_LIB" | cut -d: -f1
}

# The same as a Debian package. A trigger calls its postinst when Debian's library changes, so that an update takes effect.
package_system() {
  local root=$BUILD/system-deb package architecture directory=/usr/lib/h4mk
  package=$(libavformat_package)
  architecture=$(dpkg --print-architecture)
  rm -rf "$root" "$SYSTEM"/*.deb
  install -d "$root$directory" "$root"/DEBIAN "$root/usr/share/doc/h4mk-$package"
  cp -P "$SYSTEM"/lib/* "$root$directory"/
  cp "$FF"/src/COPYING.GPLv3 "$root/usr/share/doc/h4mk-$package/copyright"
  cat >"$root"/DEBIAN/control <<EOF
Package: h4mk-$package
Version: $(h4mk_version)+$(sed 's/^[0-9]*://; s/-/+/' "$SYSTEM"/lib/version)
Architecture: $architecture
Section: libs
Depends: $package$(library_packages "$root$directory")
Suggests: h4mk, ffmpegthumbnailer
Maintainer: H4MK maintainers <maintainers@h4mk.invalid>
Description: FFmpeg's libavformat with H4MK, in front of Debian's own
 Lets mpv, VLC and all other programs that use $package read and write
 H4MK. It counts for $(cat "$SYSTEM"/lib/version) only: when Debian updates FFmpeg,
 Debian's own library counts again.
EOF
  echo "interest-noawait $(dirname "$SYSTEM_LIB")/$(soname_of "$SYSTEM_LIB")" >"$root"/DEBIAN/triggers
  cat >"$root"/DEBIAN/postinst <<EOF
#!/bin/sh
set -e
conf=/etc/ld.so.conf.d/01-h4mk.conf
now=\$(dpkg-query -W -f '\${source:Version}' $package:$architecture)
if [ "\$now" = "\$(cat $directory/version)" ]; then
  echo $directory >\$conf
else
  echo "H4MK: FFmpeg is version \$now, so its own library is used, without H4MK, until there is an h4mk-$package for it" >&2
  rm -f \$conf
fi
ldconfig
EOF
  cat >"$root"/DEBIAN/prerm <<EOF
#!/bin/sh
set -e
rm -f /etc/ld.so.conf.d/01-h4mk.conf
ldconfig
EOF
  chmod 755 "$root"/DEBIAN/postinst "$root"/DEBIAN/prerm
  run system-deb "Packing" -- dpkg-deb --root-owner-group -b "$root" "$SYSTEM"
  rm -rf "$root"
}

h4mk_version() {
  sed -n 's/^project(h4mk VERSION \([0-9.]*\).*/\1/p' "$ROOT"/CMakeLists.txt
}

# Of what libh4mk needs: ", package (>= version)" and so on. libavformat needs what Debian's own needs.
library_packages() {
  local work=$BUILD/shlibdeps
  rm -rf "$work"
  mkdir -p "$work"/debian
  printf 'Source: h4mk\nPackage: h4mk\nArchitecture: any\n' >"$work"/debian/control
  (cd "$work" && dpkg-shlibdeps -O "$1"/libh4mk.so.[0-9] 2>/dev/null) | sed -n 's/^shlibs:Depends=/, /p'
  rm -rf "$work"
}

need_root() {
  ((EUID == 0)) || die "as root: $ROOT/build_ffmpeg.sh system $1"
}

build_system() {
  install_missing "$BUILD_PACKAGES
    dpkg-dev  command  dpkg-source
    binutils  command  readelf"
  find_system
  build_libh4mk
  system_source
  patch_source
  configure_system
  make_system
  check_symbols
  install_system
}

# find_system: sets SYSTEM_LIB to the library to replace, SYSTEM_VERSION to its package's version, SERIES and RELEASE.
find_system() {
  local package
  SYSTEM_LIB=$(ldconfig -p | sed -n "\|/lib/h4mk/|d; s|.*libavformat\.so\.[0-9]* .*=> ||p" | head -n 1)
  [[ $SYSTEM_LIB ]] || die "no FFmpeg is installed here (libavformat.so); ./build_ffmpeg.sh builds one"
  SYSTEM_LIB=$(realpath "$SYSTEM_LIB")
  package=$(dpkg-query -S "$SYSTEM_LIB" 2>/dev/null | cut -d: -f1) ||
    die "$SYSTEM_LIB belongs to no Debian package, so its source is not known"
  SYSTEM_VERSION=$(dpkg-query -W -f '${source:Version}\n' "$package" | head -n 1)
  RELEASE=${SYSTEM_VERSION#*:}
  RELEASE=${RELEASE%%-*}
  SERIES=$(cut -d. -f1,2 <<<"$RELEASE")
  [[ -d $ROOT/ffmpeg_patches/$SERIES ]] ||
    die "the FFmpeg of this system is $RELEASE; there are patches only for the series" \
      "$(cd "$ROOT"/ffmpeg_patches && echo [0-9]*)"
  FF=$BUILD/system-$RELEASE
  SOURCE_ID="debian $SYSTEM_VERSION"
}

check_system_version() {
  find_system
  [[ $(cat "$SYSTEM"/lib/version) == "$SYSTEM_VERSION" ]] ||
    die "this was built for version $(cat "$SYSTEM"/lib/version), the system has $SYSTEM_VERSION now: build_ffmpeg.sh system"
}

# system_source: the source of exactly the installed package, with the distribution's patches, from where the machine gets its
# packages. Cached like the other source.
system_source() {
  local file apt=$BUILD/apt keyrings=(/usr/share/keyrings/debian-archive-*.gpg)
  [[ $(cat "$FF"/source.id 2>/dev/null) == "$SOURCE_ID" ]] && return
  file=ffmpeg_${SYSTEM_VERSION#*:}.dsc
  if [[ ! -f $CACHE/$file ]]; then
    rm -rf "$apt"
    mkdir -p "$CACHE" "$apt"/{lists,cache,download}/partial "$apt"/parts
    # shellcheck disable=SC2016
    apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' |
      awk -v keyrings="$(IFS=, && echo "${keyrings[*]}")" '$3 == "main" && !seen[$1 $2]++ { print "deb-src [signed-by=" keyrings "] " $1, $2, $3 }' \
        >"$apt"/sources.list
    run source-system "Downloading the source of FFmpeg $SYSTEM_VERSION" -- apt_source "$apt" "ffmpeg=$SYSTEM_VERSION"
    mv "$apt"/download/ffmpeg_* "$CACHE"/
    rm -rf "$apt"
  fi
  rm -rf "$FF"
  mkdir -p "$FF"
  run unpack-system "Unpacking FFmpeg $SYSTEM_VERSION" -- dpkg-source --no-check -x "$CACHE/$file" "$FF"/src
  echo "$SOURCE_ID" >"$FF"/source.id
}

needed_by() {
  readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

configure_system() {
  local id name flag package rest options packages=''
  options=(
    --enable-shared --disable-static --enable-gpl --enable-version3 --enable-libh4mk --disable-autodetect
    --disable-programs --disable-doc --disable-debug --disable-avdevice --disable-avfilter --disable-swscale
    --disable-postproc)
  rest=$(needed_by "$SYSTEM_LIB" | grep -vE '^(libavcodec|libavutil|libm|libc|libpthread|ld-linux.*)\.so')
  while read -r name flag package; do
    if [[ $name ]] && grep -q "^$name\.so" <<<"$rest"; then
      options+=("$flag")
      packages+="$package package $package"$'\n'
      rest=$(grep -v "^$name\.so" <<<"$rest" || true)
    fi
  done <<<"$SYSTEM_LIBRARIES"
  [[ -z $rest ]] || die "the system's libavformat uses libraries that are not known here: $rest"
  install_missing "$packages"

  id=$( (echo "${options[@]}" && cat "$FF"/src/configure "$DIST"/lib/pkgconfig/libh4mk.pc) | sha256sum)
  [[ $(cat "$FF"/configure.id 2>/dev/null) == "$id" ]] && return
  mkdir -p "$FF"/obj
  run system-configure "Configuring libavformat $RELEASE" -- in_obj env \
    PKG_CONFIG_PATH="$DIST/lib/pkgconfig:${PKG_CONFIG_PATH:-}" ../src/configure "${options[@]}"
  as_the_system_is
  echo "$id" >"$FF"/configure.id
}

# What a libavformat takes from the other libraries at compile time: which codecs are the default of a format, and the words of
# its configuration, which programs compare and warn about. Both are those of the libraries that it is going to work with.
as_the_system_is() {
  local encoder library words needed
  needed=$(needed_by "$(dirname "$SYSTEM_LIB")/$(needed_by "$SYSTEM_LIB" | grep '^libavcodec\.')")
  for encoder in $(grep -rhoE 'CONFIG_LIB[A-Z0-9_]+_ENCODER' "$FF"/src/libavformat | sort -u); do
    library=$(sed -E 's/^CONFIG_(LIB[A-Z0-9]+).*/\1/' <<<"$encoder" | tr '[:upper:]' '[:lower:]')
    grep -q "^$library" <<<"$needed" || continue
    sed -i "s/^#define $encoder 0/#define $encoder 1/" "$FF"/obj/config*.h
  done
  words=$(strings -a "$SYSTEM_LIB" | awk '/^--prefix=/ && !n++')
  sed -i "s|^#define FFMPEG_CONFIGURATION .*|#define FFMPEG_CONFIGURATION \"${words//&/\\&}\"|" "$FF"/obj/config.h
}

make_system() {
  local library dir name dep_libs=()
  dir=$(dirname "$SYSTEM_LIB")
  for library in avcodec avutil; do # linked with, not built
    name=$(needed_by "$SYSTEM_LIB" | grep "^lib$library\.")
    mkdir -p "$FF"/obj/lib$library
    ln -sf "$dir/$name" "$FF"/obj/lib$library/lib$library.so
    dep_libs+=(-o lib$library/lib$library.so)
  done
  local make=(make -C "$FF"/obj "${dep_libs[@]}" LDSOFLAGS="-Wl,-rpath,'\$\$\$\$ORIGIN'" libavformat/libavformat.so) objects
  objects=$("${make[@]}" -n 2>&1 | grep -c '^printf.*\.o;' || true)
  run system-build "Building libavformat $RELEASE" $'^[A-Z0-9]+\t[^ ]*\\.o$' "$objects" -- "${make[@]}" -j "$JOBS"
}

# Everything that a program may have been linked with, by name and version.
exported() {
  nm -D --defined-only "$1" | awk '{ print $NF }' | sort
}

check_symbols() {
  local missing
  missing=$(comm -23 <(exported "$SYSTEM_LIB") <(exported "$FF"/obj/libavformat/libavformat.so))
  [[ -z $missing ]] || die "what was built lacks symbols of $SYSTEM_LIB, so it is no replacement: $missing"
}

# By which name programs ask for a library.
soname_of() {
  readelf -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'
}

install_system() {
  local soname
  soname=$(soname_of "$SYSTEM_LIB")
  rm -rf "$SYSTEM"
  mkdir -p "$SYSTEM"/lib
  cp -L "$FF"/obj/libavformat/libavformat.so "$SYSTEM/lib/$soname"
  cp -P "$DIST"/lib/libh4mk.so.* "$SYSTEM"/lib/
  echo "$SYSTEM_VERSION" >"$SYSTEM"/lib/version
  cat >"$SYSTEM"/run <<EOF
#!/bin/sh
# run PROGRAM [ARGUMENT…]: with a libavformat that knows H4MK, for FFmpeg $SYSTEM_VERSION of this system.
lib=\$(dirname "\$(realpath "\$0")")/lib
if [ "\$(dpkg-query -W -f '\${source:Version}' "$(dpkg-query -S "$SYSTEM_LIB" | cut -d: -f1)" 2>/dev/null)" != "\$(cat "\$lib"/version)" ]; then
  echo "run: the FFmpeg of this system is no longer version \$(cat "\$lib"/version); build again: build_ffmpeg.sh system" >&2
  exit 1
fi
LD_LIBRARY_PATH=\$lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH} exec "\$@"
EOF
  chmod +x "$SYSTEM"/run
}
