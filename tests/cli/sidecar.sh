# A sidecar: the blocks of another file by their places in it. What ffmpeg and ffprobe would say of that file is made up here.
make_file clip whole.h4mk
mkdir tools
python3 - <<'END'
import json, random, subprocess
rows = json.loads(subprocess.check_output(["h4mk", "list", "--json", "whole.h4mk"]))["blocks"]
data = open("whole.h4mk", "rb").read()
film, lines, noise = bytearray(b"some header"), [], random.Random(1)
for i, row in enumerate(rows):
    film += noise.randbytes(5)
    place = len(film)
    film += data[row["offset"]:][:row["size"]]
    if i == 7:
        place += 40  # a demuxer that does not tell where packets are
    if i != 9:       # … or one that leaves one out
        lines.append(f"packet|stream_index={row['track_id'] - 1}|size={row['size']}|pos={place}")
open("film.mp4", "wb").write(film)
open("tools/ffprobe", "w").write("#!/bin/sh\ncat <<'E'\n" + "\n".join(lines) + "\nE\n")
END
printf '#!/bin/sh\ncat whole.h4mk\n' >tools/ffmpeg
chmod +x tools/*
t h4mk sidecar film.mp4 --ffmpeg tools/ffmpeg
t h4mk inspect film.h4mk | sed -n '1,7p'
t h4mk verify film.h4mk
h4mk list --json film.h4mk | grep -c '"external":true'
# What is read is what the whole file has: blocks, chains, and the copy that needs no other file.
for track in 1 2; do
  cmp <(h4mk cat -t $track whole.h4mk) <(h4mk cat -t $track film.h4mk) && echo "track $track: the same"
done
cmp <(h4mk chain -t 1 --t 1 whole.h4mk | sed 's/at byte.*//; s/, [0-9]* bytes.*//') <(h4mk chain -t 1 --t 1 film.h4mk | sed 's/at byte.*//; s/, [0-9]* bytes.*//') && echo "the same chain"
t h4mk convert film.h4mk copy.h4mk
t h4mk verify copy.h4mk | tail -1
# Tags are edited in the sidecar; the film is not touched.
cksum <film.mp4 >before
t h4mk edit film.h4mk --tag title=Edited
t h4mk verify film.h4mk | tail -3
cksum <film.mp4 | cmp - before && echo untouched
# In another folder the film is missing, and named. From standard input it is looked for here.
mkdir other && cp film.h4mk other
t h4mk cat -t 1 other/film.h4mk -o x
t h4mk verify other/film.h4mk | grep film.mp4
t h4mk inspect other/film.h4mk | grep film.mp4
# What could be read is written.
(cd other && rm -f x && t h4mk cut --track 1 --from 0.5 --to 1 film.h4mk -o some.h4mk
  h4mk cut -y --json --track 1 --from 0.5 --to 1 film.h4mk -o some.h4mk | grep -E '"(from|to|blocks)"')
# A film that was changed is found out.
poke film.mp4 20000 ffffffff
t h4mk verify film.h4mk | tail -3
h4mk verify film.h4mk 2>&1 | grep -o 'bytes [0-9]* to [0-9]* of "film.mp4" .*'
# Several at once, and folders: each sidecar lies beside its file. What cannot be does not stop the others.
mkdir -p films/old && printf 'x' >films/notes.txt
cp film.mp4 films/one.mp4 && cp film.mp4 films/old/two.MKV
t h4mk sidecar -r films --ffmpeg tools/ffmpeg
t h4mk sidecar films/one.mp4 films/old/two.MKV nothing.mp4 -y --ffmpeg tools/ffmpeg
h4mk sidecar --json -y films/one.mp4 films/old/two.MKV --ffmpeg tools/ffmpeg | grep '"sidecar"'
t h4mk sidecar -r films --ffmpeg tools/ffmpeg
cp film.mp4 films/one.mkv
t h4mk sidecar -r -y films --ffmpeg tools/ffmpeg
t h4mk sidecar -r films -o all.h4mk --ffmpeg tools/ffmpeg
t h4mk sidecar -r other --ffmpeg tools/ffmpeg
# What cannot be.
t h4mk sidecar film.mp4 -o other/film.h4mk --ffmpeg tools/ffmpeg
t h4mk sidecar film.mp4 -o film.mp4 --ffmpeg tools/ffmpeg
t h4mk sidecar nothing.mp4 --ffmpeg tools/ffmpeg
printf '#!/bin/sh\ncat film.mp4\n' >tools/ffmpeg
t h4mk sidecar -y film.mp4 --ffmpeg tools/ffmpeg
printf '#!/bin/sh\nexit 1\n' >tools/ffmpeg
t h4mk sidecar -y film.mp4 --ffmpeg tools/ffmpeg
ls
