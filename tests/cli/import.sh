# Media files by ffmpeg, here one that is played by a script: it hands out a file that is there.
make_file clip clip.h4mk
mkdir bin
cat >bin/ffmpeg <<'END'
#!/bin/sh
printf '%s\n' "$@" >asked
for last; do case $last in file:*) input=${last#file:} ;; esac; done
case $input in *bad*) echo "bad: Invalid data" >&2; exit 1 ;; *nothing*) exit 0 ;; esac
cat clip.h4mk
END
chmod +x bin/ffmpeg
export FFMPEG=bin/ffmpeg
echo media >film.mp4
t h4mk import film.mp4
cmp film.h4mk clip.h4mk && cat film.mp4
cat asked

echo "# names are never options or protocols"
echo media >./-y.mp4
t h4mk import -o y.h4mk -- -y.mp4
sed -n '/^-i$/,/^-map$/p' asked
echo media >http:x.mp4
t h4mk import http:x.mp4
grep http asked

echo "# several, and a folder with folders; a summary"
mkdir -p in/deep
echo a >in/a.MKV; echo a >in/a.mp4; echo b >in/deep/b.wav; echo c >in/readme.txt; echo d >in/photo.HEIC; ln -s .. in/deep/up
touch in/old.h4mk; mkfifo in/pipe.mp4
t h4mk import -r in -o out
find out -type f | sort
t h4mk import -r in
find in -name '*.h4mk' | sort
t h4mk import film.mp4 in/deep/b.wav -o out --json
t h4mk import -r in -o out --json

echo "# some fail, all fail; nothing is left of those"
echo x >bad.mp4; echo x >nothing.mp4
t h4mk import bad.mp4 nothing.mp4 in/a.mp4 -o some
ls some
t h4mk import -q bad.mp4
ls bad.h4mk 2>/dev/null
t h4mk import bad.mp4 nothing.mp4
t h4mk import no_such_file

echo "# nothing is overwritten, least of all the input"
t h4mk import film.mp4
t h4mk import -y film.mp4
t h4mk import -y film.mp4 -o film.mp4
ln film.mp4 link.mp4
t h4mk import -y film.mp4 -o link.mp4
t h4mk import clip.h4mk -o again.h4mk
h4mk import film.mp4 -o - | cmp - clip.h4mk && echo "through a pipe"
t h4mk import - -o x.h4mk
mkdir none
t h4mk import -r none
for i in 1 2 3 4 5 6 7 8 9 a b c; do echo x >none/$i.txt; done
t h4mk import -r none
echo "# of the same name in three folders: three files"
mkdir -p 1 2 3; for i in 1 2 3; do cp film.mp4 $i/; done
t h4mk import 1/film.mp4 2/film.mp4 3/film.mp4 -o together -y

echo "# a folder without --recursive"
mkdir -p just_a_folder
t h4mk import just_a_folder
