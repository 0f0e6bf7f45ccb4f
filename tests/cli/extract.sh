# Tracks and attachments as files that other programs know. Names never lead out of the folder.
make_file clip clip.h4mk
t h4mk extract clip.h4mk --list
t h4mk extract clip.h4mk -o out
ls out
cmp out/clip.1.m2v <(h4mk cat -t 1 clip.h4mk) && cat out/font.ttf && echo

echo "# one track into a file, into a pipe; an attachment by its name"
t h4mk extract clip.h4mk -t 2 -o sound.mp2
h4mk extract clip.h4mk -t 2 -o - 2>/dev/null | cmp - sound.mp2 && echo "the same"
t h4mk extract - --name font.ttf -o f.ttf <clip.h4mk
t h4mk extract clip.h4mk --attachments -o only --json
ls only

echo "# subtitles"
make_file subtitles subtitles.h4mk
t h4mk extract subtitles.h4mk -o texts
head -50 texts/*

echo "# names that lead elsewhere"
make_file names names.h4mk
t h4mk extract names.h4mk --attachments -o names
ls -a names
ls

echo "# nothing is overwritten, and then nothing is written"
rm out/font.ttf
t h4mk extract clip.h4mk -o out
ls out
t h4mk extract -y clip.h4mk -o out
ln clip.h4mk link.h4mk
t h4mk extract clip.h4mk -t 1 -o link.h4mk -y

echo "# what is not there, cut short, empty"
t h4mk extract clip.h4mk -t 9
t h4mk extract clip.h4mk --name arial.ttf
make_file pcm pcm.h4mk
t h4mk extract pcm.h4mk --attachments
head -c 50000 clip.h4mk >half.h4mk
t h4mk extract half.h4mk -t 1 -o half.m2v
: >empty
t h4mk extract empty
make_file secret secret.h4mk
t h4mk extract --ffmpeg false secret.h4mk

echo "# what needs headers ffmpeg writes; names are never options or protocols for it"
printf '#!/bin/sh\nprintf "%%s\\n" "$@" >asked\necho sound\n' >ffmpeg; chmod +x ffmpeg
cp pcm.h4mk ./-i.h4mk
t h4mk extract --ffmpeg ./ffmpeg -- -i.h4mk
cat asked _i.7.wav
printf '#!/bin/sh\nexit 1\n' >ffmpeg
t h4mk extract --ffmpeg ./ffmpeg pcm.h4mk
ls *.wav
echo "# what ffmpeg passes over is told"
printf '#!/bin/sh\necho sound\n' >ffmpeg
head -c 40000 pcm.h4mk >cut.h4mk
t h4mk extract --ffmpeg ./ffmpeg cut.h4mk -o cut.wav -t 7
echo "# several files: a folder for each; nothing of one meets the other"
mkdir -p all/inner && cp clip.h4mk all/ && cp clip.h4mk all/inner/ && cp subtitles.h4mk all/inner/text.h4mk
t h4mk extract -r all -o apart
find apart -type f | sort
t h4mk extract all/clip.h4mk subtitles.h4mk --attachments --list --json
t h4mk extract all/clip.h4mk all/inner/clip.h4mk -o apart
t h4mk extract all/clip.h4mk subtitles.h4mk -t 1 -o -

echo "# several attachments of one name"
make_file clip clip1.h4mk
make_file clip clip2.h4mk
h4mk merge clip1.h4mk clip2.h4mk -o fonts.h4mk >/dev/null
t h4mk extract fonts.h4mk --name font.ttf -o fonts
t h4mk extract fonts.h4mk --name font.ttf -o -
echo "# names have no marks that turn text round, nor ends of lines"
touch $'a\u200fb\u2028c'
make_file pcm marks.h4mk
h4mk edit -q marks.h4mk --attach $'a\u200fb\u2028c'
t h4mk extract --list --attachments marks.h4mk
