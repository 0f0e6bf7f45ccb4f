# SPDX-License-Identifier: MIT
"""Signed and encrypted files that want to cost more than they weigh, each with the key that they are read with: what somebody without
the key can make of an honest file, and what somebody with the key can sign.

The bytes are made here from libh4mk/spec/protection.md, without the library."""
import hashlib
import json
import pathlib
import struct
import sys
import zlib
from base64 import b64encode

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tests/conformance"))
import crypto  # noqa: E402
from builder.protection import Encryption  # noqa: E402
from builder.signing import SPKI_OF_ED25519, root_of, subtrees  # noqa: E402

from corpus import SALT, chunk, cluster, constant, fill, header, page, signed, trak, varint  # noqa: E402

BASE = 16  # offset of the first leaf
SEED = b"the seed of a signing key, only!"
PUBLIC = SPKI_OF_ED25519 + crypto.public_key(SEED)
PRIVATE = bytes.fromhex("302e020100300506032b657004220420") + SEED  # RFC 8410, 7
FREE = chunk(b"FREE", b"")
NOTE = chunk(b"NOTE", b"")


def pem(name, der):
    return f"-----BEGIN {name} KEY-----\n{b64encode(der).decode()}\n-----END {name} KEY-----\n"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u64(number):
    return struct.pack("<Q", number)


class Signed:
    """A signed file, chunk by chunk. It says nothing of tracks, so it has to tell no totals."""

    def __init__(self):
        self.out = bytearray(header())
        self.new = []           # position, size and hash of the leaves since the last checkpoint
        self.hashes = []        # of all leaves
        self.pages = []         # offset and chunk of each page
        self.pages_before = 0   # how many of them are in checkpoints
        self.checkpoints = []   # their positions
        self.meta = 0
        self.leaf(trak())

    def leaf(self, data, instead=None):
        """Adds a chunk to the tree. The file gets `instead`, which has the same size, in its place."""
        kind = b"\2" if data[:4] == b"CORE" else b"\0"  # the clusters here have no data
        self.new.append((len(self.out) - BASE, len(data), sha256(kind, data[:-4])))
        self.out += instead or data
        return self

    def page(self):
        data = page(len(self.out), 0, self.pages[-1][0] if self.pages else 0, BASE, 0)
        self.pages.append((len(self.out), data))
        self.out += data
        return self

    def front_of_checkpoint(self, final):
        """All of its payload that is signed."""
        position = len(self.out) - BASE
        before, self.hashes = self.hashes, self.hashes + [h for _, _, h in self.new]
        said = b"H4VC" + bytes([1, final]) + sha256(PUBLIC) + bytes(16) + self.out[:16] + u64(position)
        said += u64(position - self.checkpoints[-1] if self.checkpoints else 0) + varint(len(before)) + b"".join(subtrees(before))
        end = self.new[0][0] if self.new else 0
        said += varint(len(self.new)) + u64(end)
        for at, size, digest in self.new:
            said += varint(at - end) + varint(size) + digest
            end = at + size
        said += root_of(self.hashes) + varint(0)
        places = self.checkpoints if final else []
        said += varint(len(places)) + b"".join(varint(b - a) for a, b in zip([0, *places], places))
        pages = self.pages[self.pages_before:]
        said += varint(len(pages)) + b"".join(sha256(u64(at - BASE + 1), data[12:-4]) for at, data in pages)
        if final:
            said += varint(len(self.pages)) + b"".join(sha256(u64(0), data[12 + 37:-4]) + u64(at - BASE + 1) for at, data in self.pages)
            said += sha256(u64(len(self.pages)), *(u64(len(data)) + u64(0) for _, data in self.pages)) + u64(1) + u64(self.meta)
        self.new, self.pages_before = [], len(self.pages)
        self.checkpoints.append(position)
        return said

    def checkpoint(self, final=False):
        said = self.front_of_checkpoint(final)
        signature = crypto.sign(SEED, b"H4MK/2 checkpoint\0" + said)
        self.out += chunk(b"VERI", said + signature + struct.pack("<H", len(signature)))
        return self

    def end(self, edits=b""):
        """The rest of a closed file."""
        self.checkpoint(final=True)
        self.out += edits
        top_at = len(self.out)
        distances = [top_at - at for at, _ in self.pages]
        steps = {b - a for a, b in zip(distances, distances[1:])}
        assert len(steps) <= 1  # that the column of distances is of one value
        body = struct.pack("<qqq", 0, top_at - BASE, top_at - BASE + 1 - self.meta if self.meta else 0) + varint(len(self.pages))
        body += signed(distances[0]) + constant(*steps, len(distances) - 1) if len(steps) else b"".join(map(signed, distances))
        body += constant(len(self.pages[0][1]), len(self.pages)) + constant(0, len(self.pages)) if self.pages else b""
        body += varint(0)
        size = 12 + 4 + 8 + len(body) + 4
        self.out += chunk(b"TSEK", b"H4TT" + u64(size + 36) + body)
        self.out += chunk(b"TAIL", b"H4TL" + struct.pack("<qI", size, size))
        return bytes(self.out) + struct.pack("<I", self.container_checksum())

    def container_checksum(self):
        checksum, at = zlib.crc32(self.out[:16], SALT), 16
        while at < len(self.out):
            at += 16 + struct.unpack_from("<I", self.out, at + 8)[0]
            checksum = zlib.crc32(self.out[at - 4:at], checksum)
        return checksum


def forged_checkpoints(size):
    """Each has the right form and the name of the right key: only its signature is wrong."""
    f = Signed().leaf(cluster(1)).checkpoint()
    said = f.front_of_checkpoint(False)
    return fill(lambda i: chunk(b"VERI", said + u64(i) * 8 + struct.pack("<H", 64)), size, f.out)


def forged_checkpoints_of_many_leaves(size):
    f = Signed().leaf(cluster(1)).checkpoint()
    for _ in range(min(4000, size // 200)):
        f.leaf(NOTE)
    said = f.front_of_checkpoint(False)
    return fill(lambda i: chunk(b"VERI", said + u64(i) * 8 + struct.pack("<H", 64)), size, f.out)


def many_checkpoints(size):
    """One after each block. 40 of them are enough work for who makes the file here; the others stand where none should."""
    f = Signed()
    for _ in range(40):
        f.leaf(cluster(1)).checkpoint()
    again = bytes(f.out[BASE + f.checkpoints[-1]:])
    return fill(lambda i: again, size, f.out)


def signed_pages(size):
    """All stand in one gap."""
    f = Signed()
    while len(f.out) < size * 2 // 5:
        f.page()
    return f.end()


def forged_pages(size):
    f = Signed()
    for _ in range(size // 600):
        f.page()
    f.out = bytearray(fill(lambda i: page(len(f.out) + 57 * i, 0, 1, BASE, 0), size * 3 // 4, f.out))
    return f.end()


def gaps_of_pages(size):
    """Each gap may hold each of the pages that the checkpoint lists."""
    f = Signed()
    while len(f.out) < size * 2 // 5 and len(f.new) < 4096:
        f.leaf(NOTE).page()
    return f.end()


def gaps(size):
    f = Signed()
    while len(f.out) < size * 3 // 5 and len(f.new) < 4096:
        f.leaf(cluster(1, ordinal=len(f.new), time=len(f.new)))
        f.out += FREE * 5
    return bytes(f.checkpoint().out)


def exchanged_leaves(size):
    """None but the last one is what was signed. Without that one a reader would refuse the file and look at no other."""
    f = Signed()
    while len(f.out) < size * 4 // 7 and len(f.new) < 4000:
        number = len(f.new)
        f.leaf(cluster(1, ordinal=number, time=number), instead=cluster(1, ordinal=number, time=number ^ 1))
    return bytes(f.leaf(NOTE).checkpoint().out)


def edits(size):
    edit = chunk(b"TRAK", trak(name="another name")[12:-4])
    return Signed().end(edit * ((size - 2000) // len(edit)))


def edits_of_meta(size):
    f = Signed()
    f.meta = len(f.out) - BASE + 1
    f.leaf(chunk(b"META", json.dumps({"x": [[0] * 1000] * (size // 8000)}).encode()))
    edit = chunk(b"META", b'{"tags":{}}')
    return f.end(edit * ((size - len(f.out) - 2000) // len(edit)))


def tiny_unsigned_chunks(size):
    return Signed().end(chunk(b"\1\2\3\4", b"") * ((size - 2000) // 16))


def tops(size):
    """Of as many pages as a top can tell of."""
    count = 200000
    body = b"H4TT" + u64(1000) + struct.pack("<qqq", 0, 1, 0) + varint(count) + signed(1) + constant(0, count - 1)
    top = chunk(b"TSEK", body + constant(57, count) + constant(0, count) + varint(0))
    return Signed().end(top * ((size - 2000) // len(top)))


# ---- encrypted: the front of the file is honest and the blocks are forged, so no block can be decrypted


def described(count=1):
    return json.loads(trak(count)[12:-4])["tracks"]


ENCRYPTION = Encryption("hostile")
KEY = ENCRYPTION.key.hex()
OF_OTHERS = 1 << 60  # a number of a block that is not in the file


def encrypted(scheme, tracks=1, **more):
    """The front of a file."""
    encryption = Encryption("hostile", scheme=scheme)
    described_tracks = described(tracks)
    meta = {"protection": encryption.protection(described_tracks, **more)}
    return header() + chunk(b"TRAK", json.dumps({"tracks": described_tracks}).encode()) + chunk(b"META", json.dumps(meta).encode())


def forged_blocks(count, **more):
    return cluster(count, flags=4 | 0x200, size=16, data=bytes(16 * count), **more)


def living_blocks(size):
    """For each of them a key has to be made that is as far away as any."""
    return fill(lambda i: forged_blocks(1, ordinal=i << 46), size, encrypted("living"))


def living_tracks(size):
    tracks = min(4096, size // 250)
    return fill(lambda i: forged_blocks(1, ordinal=i // tracks << 50, track_id=1 + i % tracks), size, encrypted("living", tracks))


def blocks_of_many_keys(size):
    return fill(lambda i: forged_blocks(1, ordinal=i << 40), size, encrypted("aes-256-gcm"))


def tiny_encrypted_blocks(size):
    return fill(lambda i: forged_blocks(4000, ordinal=4000 * i), size, encrypted("aes-256-gcm"))


def many_sessions(size):
    """None but the first is that of the blocks, which is seen when all were looked at."""
    listed = [{"id": b64encode(bytes(16)).decode(), "first": [[1, OF_OTHERS + i]]} for i in range(min(4000, size // 250))]
    return fill(lambda i: forged_blocks(1000, ordinal=1000 * i), size, encrypted("living", sessions=listed))


def alternating_sessions(size):
    """A step of 1 from block to block is a step to another session."""
    listed = [{"id": b64encode(u64(i) * 2).decode(), "first": [[1, i]]} for i in range(min(4000, size // 250))]
    return fill(lambda i: forged_blocks(1000, ordinal=1000 * i), size, encrypted("living", sessions=listed))


def described_again(size):
    """Somebody without the key puts a META before each cluster: what it says has to be compared with the tracks."""
    meta = chunk(b"META", json.dumps({"protection": {}}).encode())
    return fill(lambda i: meta + forged_blocks(1, ordinal=i), size, encrypted("aes-256-gcm", min(4096, size // 220)))


SIGNED = {
    "forged checkpoints": forged_checkpoints,
    "forged checkpoints of 4000 leaves": forged_checkpoints_of_many_leaves,
    "checkpoints": many_checkpoints,
    "pages in one gap": signed_pages,
    "forged pages": forged_pages,
    "gaps of pages": gaps_of_pages,
    "gaps": gaps,
    "exchanged leaves": exchanged_leaves,
    "edits of TRAK": edits,
    "edits of META": edits_of_meta,
    "chunks behind the end": tiny_unsigned_chunks,
    "tops": tops,
}
ENCRYPTED = {
    "living, far ahead": living_blocks,
    "living, 4096 tracks": living_tracks,
    "a key for each block": blocks_of_many_keys,
    "tiny blocks": tiny_encrypted_blocks,
    "sessions": many_sessions,
    "sessions that alternate": alternating_sessions,
    "META before each cluster, encrypted": described_again,
}
