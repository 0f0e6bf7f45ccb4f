# Proofs of a cut, and blocks that somebody changed: the files are made by tests/conformance/builder.
cat >make.py <<'EOF'
import os, pathlib, sys
sys.dont_write_bytecode = True
sys.path.insert(0, os.environ["CASES"] + "/../conformance")
from builder.file import File
from builder.model import DISCARD, Block, delta, key, track
from builder.signing import Signing

def blocks(first=None, last=None):
    return [first or key(1, b"first", 0, side=(("x-note", b"beside"),)), last or delta(1, b"second", 10)]

def plain(name, blocks, **of_track):
    return File(name).describe([track(1, **of_track)]).cluster(blocks).finish()

files = {
    "track": plain("track", blocks(), codec="other", time_base="1/25"),
    "type": plain("type", blocks(last=delta(1, b"second", 10, type="B"))),
    "discard": plain("discard", blocks(first=Block(1, b"first", 0, 0, 10, flags=DISCARD, side=(("x-note", b"beside"),)))),
    "other_side": plain("other_side", blocks(first=key(1, b"first", 0, side=(("x-note", b"other"),)))),
    "no_side": plain("no_side", blocks(first=key(1, b"first", 0))),
    "more_side": plain("more_side", blocks(last=delta(1, b"second", 10, side=(("x-more", b"added"),)))),
    "bytes": plain("bytes", blocks(last=delta(1, b"SECOND", 10))),
    "times": plain("times", blocks(last=delta(1, b"second", 11))),
}
signing = Signing("signed")
files["signed"] = signing.finish(File("signed").describe([track(1)]).cluster(blocks()))
for name, file in files.items():
    pathlib.Path(name + ".h4mk").write_bytes(file.bytes())
pathlib.Path("sign.pub").write_text(f"-----BEGIN PUBLIC KEY-----\n{signing.options()[1]}\n-----END PUBLIC KEY-----\n")
EOF
python3 make.py
h4mk cut signed.h4mk -o cut.h4mk --key sign.pub --proofs proofs >/dev/null
t h4mk verify cut.h4mk --key sign.pub --proofs proofs
echo "# what describes a track is not proved"
t h4mk verify track.h4mk --key sign.pub --proofs proofs
echo "# all that the signed index says of a block is"
for name in type discard other_side no_side more_side bytes times; do t h4mk verify $name.h4mk --key sign.pub --proofs proofs; done
