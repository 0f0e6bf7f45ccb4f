# A damaged or unfinished file becomes a whole one; what was lost is said.
make_file clip clip.h4mk
whole() { h4mk verify "$1" >/dev/null 2>&1 && echo "whole" || echo "NOT WHOLE"; }
chunks() { h4mk list --chunks "$1" | awk -v tag="$2" '$2 == tag {print $1}'; }

t h4mk recover clip.h4mk out.h4mk
cmp clip.h4mk out.h4mk && echo "a whole file comes back byte for byte"

echo "# cut inside a cluster"
head -c 50000 clip.h4mk >bad.h4mk
t h4mk recover -y bad.h4mk out.h4mk
whole out.h4mk
t h4mk recover -y --json bad.h4mk out.h4mk
cat bad.h4mk | h4mk recover - - 2>/dev/null | cmp - out.h4mk && echo "a pipe gets the same"

echo "# the end is missing, no block"
head -c 69000 clip.h4mk >bad.h4mk
t h4mk recover -y bad.h4mk out.h4mk
whole out.h4mk

echo "# data of a block: the others of its cluster stay"
make_file film film.h4mk
cp film.h4mk bad.h4mk
poke bad.h4mk $(($(chunks film.h4mk CORE | sed -n 2p) + 60000)) ffffffff
t h4mk recover -y bad.h4mk out.h4mk
whole out.h4mk
t h4mk verify out.h4mk | tail -3

echo "# a whole cluster overwritten"
cp clip.h4mk bad.h4mk
dd if=/dev/zero of=bad.h4mk bs=1 seek="$(chunks clip.h4mk CORE | sed -n 3p)" count=13599 conv=notrunc status=none
t h4mk recover -y bad.h4mk out.h4mk
whole out.h4mk

echo "# both descriptions of the tracks"
cp clip.h4mk bad.h4mk
for at in $(chunks clip.h4mk TRAK); do poke bad.h4mk $((at + 20)) 00; done
t h4mk recover -y bad.h4mk out.h4mk
whole out.h4mk
t h4mk inspect out.h4mk

echo "# the header"
cp clip.h4mk bad.h4mk
poke bad.h4mk 0 00000000
t h4mk recover -y bad.h4mk out.h4mk
whole out.h4mk

echo "# chunks that nobody knows are kept"
python3 - <<'END'
import struct, zlib
file = open("clip.h4mk", "rb").read()
chunk = b"XYZW" + struct.pack("<II", 5, 3) + b"abc"
chunk += struct.pack("<I", zlib.crc32(chunk, struct.unpack_from("<I", file, 8)[0]))  # the salt
open("bad.h4mk", "wb").write(file[:782] + chunk + file[782:40000])
END
h4mk recover -y bad.h4mk out.h4mk >/dev/null
h4mk list --chunks out.h4mk | grep XYZW

echo "# cut anywhere: always whole again, and never more than the last cluster is missing"
python3 - <<'END'
import json, os, subprocess
file = open("clip.h4mk", "rb").read()
def listed(*options):
    return json.loads(subprocess.check_output(["h4mk", "list", "--json", "clip.h4mk", *options]))
ends = [c["offset"] + c["length"] + 16 for c in listed("--chunks")["chunks"] if c["tag"] == "CORE"]
offsets = [block["offset"] for block in listed()["blocks"]]
for length in range(800, len(file), 4001):
    open("bad.h4mk", "wb").write(file[:length])
    subprocess.run(["h4mk", "recover", "-y", "bad.h4mk", "out.h4mk"], stdout=subprocess.DEVNULL)
    report = subprocess.run(["h4mk", "verify", "--json", "out.h4mk"], stdout=subprocess.PIPE)
    whole = max((end for end in ends if end <= length), default=0)
    expected = sum(offset < whole for offset in offsets)
    blocks = json.loads(report.stdout)["blocks"]
    if report.returncode != 0 or blocks != expected:
        print(length, "bytes:", report.returncode, blocks, "blocks, expected", expected)
END

echo "# nothing to recover"
head -c 100000 /dev/zero >zero
t h4mk recover zero none.h4mk
: >empty
t h4mk recover empty none.h4mk
t h4mk recover no_such_file out.h4mk
t h4mk recover clip.h4mk no/such/folder/out.h4mk

echo "# version 1"
cp "$CASES/../vectors/media/reference_demo.h4mk" v1.h4mk
t h4mk recover -y v1.h4mk out.h4mk
cmp v1.h4mk out.h4mk && echo "a whole file comes back byte for byte"
poke v1.h4mk 470 00
t h4mk recover -y v1.h4mk out.h4mk
whole out.h4mk
head -c 600 "$CASES/../vectors/media/reference_demo.h4mk" >v1.h4mk
t h4mk recover -y v1.h4mk out.h4mk
whole out.h4mk

echo "# cut inside a cluster with stripes: the blocks whose stripes are whole are saved"
head -c $(($(chunks film.h4mk CORE | sed -n 2p) + 60000)) film.h4mk >bad.h4mk
t h4mk recover -y bad.h4mk out.h4mk
whole out.h4mk
cmp <(h4mk cat -t 1 film.h4mk | head -c "$(h4mk cat -t 1 out.h4mk | wc -c)") <(h4mk cat -t 1 out.h4mk) && echo "those that stood there"

echo "# transport dialect"
for vector in transport/tracks.h4mk cli/files/plain.h4mk; do
  cp "$CASES/../vectors/$vector" tr.h4mk
  t h4mk recover -y tr.h4mk out.h4mk
  cmp tr.h4mk out.h4mk && echo "a whole file comes back byte for byte"
done
h4mk list --chunks tr.h4mk
poke tr.h4mk 24 ffff
t h4mk recover -y tr.h4mk out.h4mk
whole out.h4mk
poke tr.h4mk 10 0000
t h4mk recover -y tr.h4mk out.h4mk
whole out.h4mk
head -c 600 "$CASES/../vectors/cli/files/plain.h4mk" >tr.h4mk
t h4mk recover -y tr.h4mk out.h4mk
t h4mk verify out.h4mk
head -c 10 "$CASES/../vectors/cli/files/plain.h4mk" >tr.h4mk
t h4mk recover -y tr.h4mk out.h4mk

echo "# several files: their folder is given last, or by --output"
mkdir -p in/inner
cp clip.h4mk in/whole.h4mk
head -c 50000 clip.h4mk >in/inner/cut.h4mk
cp zero in/zero.h4mk
t h4mk recover -r in made
find made -type f | sort
cmp in/whole.h4mk made/whole.h4mk && whole made/inner/cut.h4mk
t h4mk recover in/whole.h4mk in/inner/cut.h4mk -o flat --json
t h4mk recover in/whole.h4mk in/inner/cut.h4mk flat
t h4mk recover in/whole.h4mk made/whole.h4mk -o twice
t h4mk recover clip.h4mk in/whole.h4mk zero
ls twice zero
t h4mk recover clip.h4mk
