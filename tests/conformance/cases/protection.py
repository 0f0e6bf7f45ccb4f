# SPDX-License-Identifier: MIT
"""Blocks that are compressed or encrypted, files that are signed."""
import base64

from builder.expect import problem, read
from builder.model import COMPRESSED, ENCRYPTED, KEY, Block, delta, key, track

from . import invalid, valid

ZSTD = track(1, compression="zstd")
REAL_FRAME = (
    "KLUv/WS+AF0CAPICCxGg7QDBt8JCoqq43cJTgWr8CEIldEwhQwD2lt6Zfq3c6a92v+69zKKDF7oXDKBAeP/fAbAzrAN3wdt9kkmT"
    "yaRkZHKTFAlWBlKqKcs="
)  # zstd -19


def frame(content, size=None, rle=None, header=None, more=b""):
    """A zstd frame of one raw or one RLE block. `size`: what the frame says of its content."""
    size = len(content) if size is None else size
    if header is None:
        if size < 256:
            header = b"\x20" + size.to_bytes(1, "little")
        elif size < 65536 + 256:
            header = b"\x60" + (size - 256).to_bytes(2, "little")
        else:
            header = b"\xa0" + size.to_bytes(4, "little")
    if rle is None:
        blocks = (len(content) << 3 | 1).to_bytes(3, "little") + content
    else:
        count = len(content)
        blocks = b""
        while True:
            part = min(count, 2**17)
            count -= part
            blocks += (part << 3 | 2 | (count == 0)).to_bytes(3, "little") + bytes([rle])
            if count == 0:
                break
    return b"\x28\xb5\x2f\xfd" + header + blocks + more


def packed(pts, plain, stored, is_key=False):
    return Block(1, stored, pts, pts, 10, "I" if is_key else "P", COMPRESSED | (KEY if is_key else 0), plain=plain)


def squeezed(f, stored, plain=b"x", track_1=ZSTD, kind="bad_compression"):
    """Between two blocks that are as they were given, one that cannot be unpacked."""
    f.describe([track_1]).cluster([key(1, b"before", 0), packed(10, plain, stored), delta(1, b"behind", 20)])
    return read(f.finish(), lost=[[1, 1]], problems=[problem(kind, f.clusters[0], track=1, blocks=[[1, 1]])])


@valid("Compressed blocks")
def compressed(f):
    """zstd frames with an RLE block, with a raw one, of several blocks, of nothing; and a block that is as it was given."""
    f.describe([ZSTD]).cluster([packed(0, b"r" * 500, frame(b"r" * 500, rle=ord("r")), True), packed(10, b"raw", frame(b"raw")),
                                delta(1, b"as it is", 20), packed(30, b"", frame(b""))])
    return read(f.cluster([packed(40, b"z" * 65536, frame(b"z" * 65536, rle=ord("z")), True)]).finish())


@valid("Compressed blocks")
def compressed_by_zstd(f):
    """A frame that the program zstd made, with literals, sequences and a checksum of its own."""
    plain = b"".join(b"line %d of a text that repeats itself\n" % i for i in range(12))
    stored = base64.b64decode(REAL_FRAME)
    f.describe([ZSTD]).cluster([packed(0, plain, stored, True), delta(1, b"end", 10)])
    return read(f.finish())


@invalid("Compressed blocks")
def compressed_without_key(f):
    """A block with bit 10 in a track without `compression`."""
    return squeezed(f, frame(b"x"), track_1=track(1))


@invalid("Compressed blocks")
def compressed_without_size(f):
    """A frame that does not tell its content size."""
    return squeezed(f, frame(b"x", header=b"\x00\x00"))


@invalid("Compressed blocks")
def compressed_to_less(f):
    """A frame that says two bytes and has one."""
    return squeezed(f, frame(b"x", size=2))


@invalid("Compressed blocks")
def compressed_to_more(f):
    """A frame that says one byte and has five."""
    return squeezed(f, frame(b"xxxxx", size=1))


@invalid("Compressed blocks")
def compressed_and_more(f):
    """A frame, and two bytes behind it."""
    return squeezed(f, frame(b"x", more=b"??"))


@invalid("Compressed blocks")
def compressed_two_frames(f):
    """Two frames, one behind the other."""
    return squeezed(f, frame(b"x") * 2)


@invalid("Compressed blocks")
def compressed_skippable(f):
    """A skippable frame before the frame."""
    return squeezed(f, b"\x50\x2a\x4d\x18\x00\x00\x00\x00" + frame(b"x"))


@invalid("Compressed blocks")
def compressed_with_dictionary(f):
    """A frame that names a dictionary."""
    return squeezed(f, frame(b"x", header=b"\x21\x07\x01"))


@invalid("Compressed blocks")
def compressed_is_no_frame(f):
    """Bit 10, and a text."""
    return squeezed(f, b"no frame at all")


@invalid("Limits")
def compressed_bomb(f):
    """A frame of 17 bytes that says, and has, 64 KiB and one byte: more than 64 KiB, and more than 1024 times what is stored."""
    return squeezed(f, frame(b"b" * 65537, rle=ord("b")))


@invalid("Limits")
def compressed_beyond_64_mib(f):
    """A frame of 66 KiB, mostly empty blocks, that says it has 64 MiB and one byte."""
    empty = b"\x00\x00\x00" * 22000
    return squeezed(f, b"\x28\xb5\x2f\xfd\xa0" + (2**26 + 1).to_bytes(4, "little") + empty + b"\x01\x00\x00")


# ---- encrypted and signed files, for readers that have no key

FILE_ID = bytes(range(16))
PROTECTION = {"scheme": "aes-256-gcm", "file_id": base64.b64encode(FILE_ID).decode(), "key_check": base64.b64encode(bytes(32)).decode()}


@valid("Block flags")
def encrypted(f):
    """Encrypted blocks, for a reader without a key: times, flags and order are known, the data is not. (The data here is ciphertext of no known key.)"""
    f.describe([track(1)], {"protection": PROTECTION})
    f.cluster([key(1, bytes(range(100, 120)), 0, flags=ENCRYPTED), delta(1, bytes(range(120, 139)), 10, flags=ENCRYPTED, type="B")])
    f.cluster([key(1, bytes(range(140, 160)), 20, flags=ENCRYPTED, side=(("encrypted", bytes(range(30))),))])
    return read(f.finish())


@valid("Compressed blocks")
def encrypted_and_compressed(f):
    """A block that was compressed, then encrypted."""
    f.describe([ZSTD], {"protection": PROTECTION}).cluster([key(1, bytes(range(60, 90)), 0, flags=ENCRYPTED | COMPRESSED)])
    return read(f.finish())


@valid("Chunk")
def checkpoint_kept(f):
    """A VERI that begins with H4VC: a checkpoint of a signed file, which who does not verify passes over."""
    f.describe([track(1)]).cluster([key(1, b"signed", 0)]).write("VERI", b"H4VC" + bytes(range(64)))
    return read(f.cluster([key(1, b"signed too", 10)]).finish())
