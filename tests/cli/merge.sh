# Several media in one file: pictures, sound, tokens of both, control frames and captions, each with an index of its own.
make_file clip clip.h4mk
make_file cues cues.h4mk
python3 - <<'END'
import math, struct, wave
with wave.open("sound.wav", "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(8000)
    out.writeframes(b"".join(struct.pack("<h", round(9000 * math.sin(i * 0.2))) for i in range(19200)))
END
mkdir tools
printf '#!/bin/sh\nif [ -e asked ]; then exit; fi; touch asked\nfor i in 0 1 2 3 4 5 6 7; do f=__; [ $((i %% 4)) = 0 ] && f=K_; echo "packet|stream_index=0|pts=$((i * 8))|dts=$((i * 8))|duration=8|flags=$f"; done\necho "stream|index=0|time_base=1/25|disposition:attached_pic=0"\n' >tools/ffprobe
chmod +x tools/ffprobe
printf 'no media' >pictures.mp4
t h4mk tokenize sound.wav -o sound.h4mk --frame-size 256 --top-k 8 --gop 10
t h4mk tokenize pictures.mp4 -o pictures.h4mk --ffmpeg tools/ffmpeg
t h4mk merge clip.h4mk cues.h4mk sound.h4mk pictures.h4mk -o all.h4mk
t h4mk inspect all.h4mk
t h4mk verify all.h4mk | tail -1
# Each is looked up by its own index.
for track in 1 2 4 5 6 7; do t h4mk seek -t $track --t 1.5 all.h4mk; done
t h4mk chain -t 6 --t 1.5 all.h4mk
t h4mk block -t 4 --index 2 all.h4mk -o control && cat control && echo
t h4mk cat -t 5 all.h4mk -o captions && cat captions && echo
t h4mk block -t 7 --index 4 all.h4mk -o token && od -An -tx1 token
cmp <(h4mk cat -t 1 all.h4mk) <(h4mk cat -t 1 clip.h4mk) && echo the same pictures
cmp <(h4mk decode -t 6 all.h4mk) <(h4mk decode sound.h4mk) && echo the same sound
t h4mk merge nothing.h4mk clip.h4mk -o x.h4mk
make_file secret secret.h4mk
t h4mk merge clip.h4mk secret.h4mk -o x.h4mk

echo "# what is not whole: the rest, a note and status 2; nothing at all: no file"
head -c 50000 clip.h4mk >half.h4mk
t h4mk merge half.h4mk cues.h4mk -o part.h4mk
t h4mk verify part.h4mk
h4mk list --chunks clip.h4mk | awk '$2 == "CORE" {print $1}' | while read -r at; do echo "$at"; done | head -1 >first
head -c $(($(<first) + 40)) clip.h4mk >none.h4mk
t h4mk merge none.h4mk none.h4mk -o empty.h4mk
ls empty.h4mk 2>&1

echo "# chunks of other programs do not go along, and that is said"
cp "$CASES"/../vectors/media/only_note.h4mk note.h4mk
t h4mk merge clip.h4mk note.h4mk -o notes.h4mk
t h4mk merge note.h4mk - -o notes.h4mk -y <note.h4mk
