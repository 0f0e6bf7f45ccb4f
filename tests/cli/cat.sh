# The payloads of a track.
make_file clip clip.h4mk
t h4mk cat -t 2 clip.h4mk | cksum
t h4mk cat -t 2 clip.h4mk -o audio
cksum <audio
cat clip.h4mk | t h4mk cat -t 2 - | cksum
t h4mk cat --json -t 1 clip.h4mk -o video
t h4mk cat -t 3 clip.h4mk
echo
# They are those that the frame table has.
python3 - <<'END'
import json, subprocess
rows = json.loads(subprocess.check_output(["h4mk", "list", "--json", "-t", "1", "clip.h4mk"]))["blocks"]
file = open("clip.h4mk", "rb").read()
print(b"".join(file[r["offset"]:][:r["size"]] for r in rows) == open("video", "rb").read())
END
# A damaged block is left out and named.
poke clip.h4mk 20000 ffffffff
t h4mk cat -t 1 clip.h4mk | wc -c
# Ciphertext is not passed off as payload.
make_file secret secret.h4mk
t h4mk cat -t 7 secret.h4mk
echo "# several files, and folders: one behind the other"
mkdir folder && cp clip.h4mk "folder/b c.h4mk" && cp secret.h4mk folder/a.h4mk
make_file opaque opaque.h4mk
t h4mk cat -t 1 opaque.h4mk opaque.h4mk -o both
h4mk cat -t 1 opaque.h4mk >one
cat one one | cmp - both && echo "the same bytes twice"
t h4mk cat -t 1 -r folder no_such_file opaque.h4mk -o rest
h4mk cat -t 1 clip.h4mk 2>/dev/null | cat - one | cmp - rest && echo "those that can be read"
t h4mk cat -t 1 --json opaque.h4mk none.h4mk -o rest2
cp opaque.h4mk kept.h4mk
t h4mk cat -y -t 1 opaque.h4mk kept.h4mk -o kept.h4mk
cmp opaque.h4mk kept.h4mk
t h4mk cat -t 1 -r folder -o folder
t h4mk cat -t 1 opaque.h4mk opaque.h4mk --max-output 15 -o short
ls short 2>&1
