# Nothing is overwritten unasked, nothing that is read is written to, and what fails leaves what was there.
make_file clip clip.h4mk
make_file film film.h4mk
echo precious >old
refused() { echo "\$ $*"; "$@" 2>&1 >/dev/null; echo "= $?"; }

echo "# what is there stays there"
refused h4mk cat -t 2 clip.h4mk -o old
refused h4mk block -t 1 -i 0 clip.h4mk -o old
refused h4mk convert clip.h4mk old
refused h4mk decode -t 2 --adapter null clip.h4mk -o old
refused h4mk export clip.h4mk -o old
refused h4mk index --front clip.h4mk -o old
refused h4mk inspect --html old clip.h4mk
refused h4mk merge clip.h4mk film.h4mk -o old
refused h4mk recover clip.h4mk old
refused h4mk tokenize clip.h4mk -o old
refused h4mk build --out old
refused h4mk mt_build --out old
cat old
ln -s old link
refused h4mk convert clip.h4mk link
refused h4mk convert --json clip.h4mk old
h4mk convert --json clip.h4mk old | grep message
cat old

echo "# unless asked: then the link stays a link"
t h4mk convert -y clip.h4mk link
t h4mk verify -q old
[ -L link ] && echo "a link"
t h4mk convert --force clip.h4mk old
echo device | t h4mk cat -t 2 clip.h4mk -o /dev/null

echo "# nothing that is read is written to, by whatever name"
cksum <clip.h4mk >before
ln clip.h4mk hard
ln -s clip.h4mk soft
mkdir folder
for output in clip.h4mk ./folder/../clip.h4mk hard soft; do
  refused h4mk convert -y clip.h4mk $output
  refused h4mk export -y clip.h4mk -o $output
done
refused h4mk merge -y film.h4mk clip.h4mk -o clip.h4mk
(umask 077; openssl genpkey -algorithm ed25519 -out sign.pem)
refused h4mk sign clip.h4mk --key-file sign.pem -y -o clip.h4mk
refused h4mk tokenize -y clip.h4mk -o hard
refused h4mk sign clip.h4mk --key-file sign.pem -y -o sign.pem
openssl pkey -in sign.pem -noout && echo "still a key"
mkdir -p deep/in
cp film.h4mk deep/film.h4mk
cp clip.h4mk deep/in/film.h4mk
refused h4mk convert -y -r deep -o deep/in
cmp deep/in/film.h4mk clip.h4mk && echo "not that of the folder above"
h4mk cat -t 2 clip.h4mk >>hard
echo "= $?"
cksum <clip.h4mk | cmp - before && echo untouched

echo "# the film of a sidecar is read as well"
mkdir tools
h4mk list --json -t 1 clip.h4mk | python3 -c '
import json, sys
for row in json.load(sys.stdin)["blocks"]: print("packet|stream_index=0|size=%d|pos=%d" % (row["size"], row["offset"]))' >packets
printf '#!/bin/sh\ncat packets\n' >tools/ffprobe
printf '#!/bin/sh\ncat clip.h4mk\n' >tools/ffmpeg
chmod +x tools/*
cp clip.h4mk film.mp4
refused h4mk sidecar film.mp4 --ffmpeg tools/ffmpeg
t h4mk sidecar film.mp4 -o side.h4mk --ffmpeg tools/ffmpeg
cksum <film.mp4 >before
refused h4mk convert -y side.h4mk film.mp4
refused h4mk cut -y side.h4mk --to 1 -o film.mp4
refused h4mk join -y side.h4mk side.h4mk -o film.mp4
refused h4mk merge -y side.h4mk clip.h4mk -o film.mp4
refused h4mk recover -y side.h4mk film.mp4
refused h4mk index -y --front side.h4mk -o film.mp4
refused h4mk sign -y side.h4mk --key-file sign.pem -o film.mp4
refused h4mk extract -y -t 1 side.h4mk -o film.mp4
refused h4mk cat -y -t 1 side.h4mk -o film.mp4
refused h4mk inspect -y --html film.mp4 side.h4mk
cksum <film.mp4 | cmp - before && echo untouched

echo "# what fails leaves what was there, and nothing else"
head -c 1000 clip.h4mk >half.h4mk
echo precious >old
refused h4mk convert -y half.h4mk old
refused h4mk decode -y -t 3 clip.h4mk -o old
refused h4mk cat -y -t 2 clip.h4mk -o /dev/full
(trap '' XFSZ; ulimit -f 40; refused h4mk convert -y clip.h4mk old)
cat old
ls -A

echo "# messages never get into it, where no standard stream is open"
cp clip.h4mk damaged.h4mk
poke damaged.h4mk 20000 ffff
h4mk extract -y -t 1 damaged.h4mk -o saved <&- >&- 2>&-
echo "= $?"
wc -c <saved
grep -ac h4mk: saved

echo "# more than is to be expected of the input"
refused h4mk cat -t 1 clip.h4mk -o big --max-output 10kB
refused h4mk convert clip.h4mk big --max-output 68KiB
refused h4mk convert --to 1 clip.h4mk big --max-output 10kB
refused h4mk recover clip.h4mk big --max-output 1
refused h4mk cat -t 1 clip.h4mk -o big --max-output lots
t h4mk cat -t 1 clip.h4mk -o big --max-output 1G
ls big

echo "# names are names: neither options, nor lists or protocols of ffmpeg"
printf '#!/bin/sh\nprintf "%%s\\n" "$@" >words; cat clip.h4mk\n' >tools/ffmpeg
cp film.mp4 'concat:film.mp4'
cp film.mp4 ./-v
export FFMPEG=tools/ffmpeg
t h4mk export --packets 'concat:film.mp4' --output=-x
grep concat words
grep -c -- -x words
cmp ./-x clip.h4mk && echo "-x is a file"
t h4mk export --packets -o out.h4mk -- -v
grep -- -v words
make_file secret secret.h4mk
(umask 077; echo "01$(printf '0%.0s' {1..62})" >concat:key)
t h4mk extract -t 7 secret.h4mk --key-file concat:key -o out.wav
grep concat words
