# SPDX-License-Identifier: MIT
"""Files of a few kinds of chunks, again and again, drawn by a seed: for steps that nobody has thought of whose cost grows faster than the file."""
import json
import random
import struct

from corpus import chunk, cluster_of, end, header, page, trak

TEXT = {"kind": "subtitle", "codec": "text"}  # for a stream of video FFmpeg takes 1.5 MiB whatever the format is
TIMES = [lambda i: i, lambda i: 1000 * i, lambda i: 0, lambda i: -i, lambda i: (-1) ** i * (1 << 40), lambda i: i * 7919 % 10007, lambda i: 1 << 62]
ORDINALS = [lambda i, per: i * per, lambda i, per: 0, lambda i, per: i << 40, lambda i, per: max(0, 1000000 - i * per)]


def broken(piece):
    return piece[:-1] + bytes([piece[-1] ^ 1])


def clusters(rng, tracks):
    of, per = rng.choice([1, 2, tracks]), rng.choice([1, 1, 2, 30, 1000])
    of, per = min(of, tracks), max(1, min(per, 60000 // min(of, tracks)))
    time, ordinal, flags = rng.choice(TIMES), rng.choice(ORDINALS), rng.choice([4, 4, 4, 0, 1, 4 | 0x10, 4 | 0x400, 4 | 0x4000])
    size, duration = rng.choice([0, 1, 40]), rng.choice([0, 1, 1 << 40])
    return lambda i, at: cluster_of(of, per, ordinal=ordinal(i, per), flags=flags, size=size, time=time(i), duration=duration)


def broken_clusters(rng, tracks):
    make = clusters(rng, tracks)
    return lambda i, at: broken(make(i, at))


def notes(rng, tracks):
    del tracks
    tag, content = rng.choice([b"NOTE", b"SAFE", b"ATTA", b"ORIG", b"VERI", b"Xtra", b"ABCD"]), bytes(rng.choice([0, 1, 100, 10000]))
    return lambda i, at: chunk(tag, content)


def metas(rng, tracks):
    del tracks
    members, changes = rng.choice([1, 10, 1000]), rng.random() < 0.5
    return lambda i, at: chunk(b"META", json.dumps({str(k): i if changes else 0 for k in range(members)}).encode())


def traks(rng, tracks):
    law = rng.choice(["same", "changed", "grows", "shrinks"])

    def make(i, at):
        del at
        count = {"grows": min(4096, tracks + i), "shrinks": max(1, tracks - i)}.get(law, tracks)
        return trak(count, **TEXT, name=str(i % 2 if law == "changed" else 0))
    return make


def pages(rng, tracks):
    del tracks
    listed, back = rng.choice([0, 1, 1000, 65536]), rng.choice([0, 100, 1000])
    return lambda i, at: page(at, listed, max(at - back, 0), 16, 16 if listed else 0)


def ends(rng, tracks):
    del tracks
    count = rng.choice([0, 1, 10, 10000])
    return lambda i, at: end(at, 16, min(at, 100), count, 57)


def heads(rng, tracks):
    del tracks
    tag, length = rng.choice([b"CORE", b"TSEK", b"TRAK", b"VERI"]), rng.choice([0, 20, 5000, 1 << 20, 0xFFFFFFFF])
    return lambda i, at: tag + struct.pack("<II", 0, length)


KINDS = [clusters, clusters, clusters, clusters, broken_clusters, notes, metas, traks, pages, ends, heads]


def make(seed, size):
    rng = random.Random(seed)
    tracks = min(rng.choice([1, 2, 7, 60, 900, 4096]), size // 400)
    units = [rng.choice(KINDS)(rng, tracks) for _ in range(rng.randint(1, 4))]
    out = bytearray(header() + trak(tracks, **TEXT))
    i = 0
    while True:
        piece = units[i % len(units)](i // len(units), len(out))
        if len(out) + len(piece) > size:
            return bytes(out)
        out += piece
        i += 1
