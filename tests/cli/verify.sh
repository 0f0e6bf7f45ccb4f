# Every kind of damage is found, and nothing else is.
make_file clip clip.h4mk
t h4mk verify clip.h4mk
t h4mk verify --json clip.h4mk
cat clip.h4mk | t h4mk verify -
chunks() { h4mk list --chunks "$1" | awk -v tag="$2" '$2 == tag {print $1}'; }

damage() {  # damage NAME OFFSET HEX: what verify says of a clip with these bytes changed
  echo "# $1"
  cp clip.h4mk bad.h4mk
  poke bad.h4mk "$2" "$3"
  t h4mk verify bad.h4mk
}
damage "data of a block" 20000 ffffffff
damage "a tag" "$(chunks clip.h4mk META | head -1)" 6d
damage "the length of a cluster" $(($(chunks clip.h4mk CORE | head -1) + 8)) ffff
damage "the index of a cluster" $(($(chunks clip.h4mk CORE | sed -n 2p) + 14)) ff
damage "a page of the index" $(($(chunks clip.h4mk TSEK | head -1) + 40)) ff
damage "the locator" $(($(chunks clip.h4mk TAIL) + 14)) 00
damage "the container checksum" $(($(stat -c %s clip.h4mk) - 1)) 00
damage "the header" 8 01

echo "# two clusters exchanged, which their own CRCs do not show"
python3 - <<'END'
import struct
file = open("clip.h4mk", "rb").read()
at, chunks = 16, []
while at + 12 < len(file):
    size = 16 + struct.unpack_from("<I", file, at + 8)[0]
    chunks.append(file[at:at + size])
    at += size
cores = [i for i, chunk in enumerate(chunks) if chunk[:4] == b"CORE"]
a, b = cores[1], cores[2]
chunks[a], chunks[b] = chunks[b], chunks[a]
open("bad.h4mk", "wb").write(file[:16] + b"".join(chunks) + file[at:])
END
t h4mk verify bad.h4mk

echo "# cut"
head -c 30000 clip.h4mk >bad.h4mk
t h4mk verify bad.h4mk
t h4mk verify --json bad.h4mk | grep -A 20 '"errors"'
head -c -4 clip.h4mk >bad.h4mk
t h4mk verify bad.h4mk

echo "# several files, and folders of them"
mkdir -p folder/inner
cp clip.h4mk folder/b.h4mk
cp clip.h4mk folder/a.h4mk
cp bad.h4mk folder/inner/cut.h4mk
t h4mk verify clip.h4mk folder/a.h4mk
t h4mk verify -r folder
t h4mk verify -r -q folder no_such_file
t h4mk verify -q folder/b.h4mk folder/a.h4mk
t h4mk verify -r -v folder/inner clip.h4mk
t h4mk verify -r --json folder | grep -e file\" -e '"ok'
t h4mk verify -v clip.h4mk
t h4mk verify -q clip.h4mk
t h4mk verify -q bad.h4mk

echo "# many problems are counted"
make_file long long.h4mk
python3 - <<'END'
import json, subprocess
clusters = [c for c in json.loads(subprocess.check_output(["h4mk", "list", "--chunks", "--json", "long.h4mk"]))["chunks"] if c["tag"] == "CORE"]
with open("long.h4mk", "r+b") as file:
    for cluster in clusters[:500]:
        file.seek(cluster["offset"] + cluster["length"])
        file.write(b"\xff\xff\xff\xff")
END
t h4mk verify long.h4mk | head -1
h4mk verify long.h4mk 2>&1 | sed -n '2,3p;101,$p'
h4mk verify --json long.h4mk | python3 -c 'import json, sys; answer = json.load(sys.stdin); print(len(answer["errors"]), answer["more_errors"])'
t h4mk verify -q long.h4mk folder/a.h4mk

echo "# never 0 for a file that was cut anywhere"
python3 - <<'END'
import os, subprocess
size = os.path.getsize("clip.h4mk")
file = open("clip.h4mk", "rb").read()
for length in [*range(0, size, 997), *range(size - 40, size)]:
    open("bad.h4mk", "wb").write(file[:length])
    for command in (["verify"], ["inspect"], ["list"], ["cat", "-t", "1"]):
        code = subprocess.run(["h4mk", *command, "bad.h4mk"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode
        if code not in (1, 2):
            print(command, "of", length, "bytes:", code)
END

echo "# version 1"
cp "$CASES/../vectors/media/reference_demo.h4mk" v1.h4mk
t h4mk verify v1.h4mk
poke v1.h4mk 470 00
t h4mk verify v1.h4mk

echo "# transport dialect"
cp "$CASES/../vectors/cli/files/plain.h4mk" tr.h4mk
t h4mk verify tr.h4mk
poke tr.h4mk 60 00
t h4mk verify tr.h4mk
head -c 500 "$CASES/../vectors/cli/files/plain.h4mk" >tr.h4mk
t h4mk verify tr.h4mk

echo "# what is no H4MK file is not copied first: a device without an end, a pipe that stays open"
for command in verify inspect cat; do t timeout 10 h4mk $command /dev/zero; done
(cat "$CASES/cli_test.py"; sleep 3) | t timeout 2 h4mk verify -
(head -c 7 clip.h4mk; sleep 0.1; tail -c +8 clip.h4mk) | t h4mk verify -

echo "# nothing can be written to standard error: the exit status is the same"
for file in clip.h4mk bad.h4mk no_such_file; do
  h4mk verify $file >verdict 2>/dev/full
  echo "$file: $?, $(wc -l <verdict) lines"
  h4mk verify $file >verdict 2>&-
  echo "$file: $?, $(wc -l <verdict) lines"
done
h4mk --bad 2>/dev/full
echo "$?"
openssl genpkey -algorithm ed25519 -out open.pem && chmod 644 open.pem
h4mk sign -q clip.h4mk --key-file open.pem -o signed.h4mk 2>/dev/full
echo "signed in spite of a warning: $?"
