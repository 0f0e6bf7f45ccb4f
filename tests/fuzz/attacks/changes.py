# SPDX-License-Identifier: MIT
"""What an attacker does who has no key. Each function changes a file by the generator that it is given, and returns what it did in words, or None where it cannot
be done. `@change(n)`: taken n times as often as others."""
import copy
import json
import struct
import zlib

from reader.primitives import Cursor

from .file import TOP_DISTANCES, AttackedFile, Chunk

CHANGES = []
DESCRIPTIONS = (b"TRAK", b"META")


def change(weight=1):
    def register(function):
        CHANGES.extend([function] * weight)
        return function
    return register


def attacked(recording, rng):
    """A file that somebody changed in one to four ways, as bytes, and in words how."""
    file, said = AttackedFile(recording.data), []
    others = [AttackedFile(other) for other in recording.others]
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 4])):
        if file.chunks:
            said.append(rng.choice(CHANGES)(file, rng, others))
    if file.closed and rng.random() < .4:
        said.append(end_anew(file, rng))
    data = file.bytes()
    if rng.random() < .04:
        data = data[:rng.randrange(len(data))]
        said.append(f"cut at byte {len(data)}")
    return data, [words for words in said if words]


def pick(file, rng, *kinds):
    found = [chunk for chunk in file.chunks if not kinds or chunk.kind in kinds]
    return rng.choice(found) if found else None


def put(file, rng, *chunks, at=None):
    at = rng.randrange(len(file.chunks) + 1) if at is None else at
    file.chunks[at:at] = chunks
    return f"at {at}"


def replace(file, chunk, *by):
    at = file.chunks.index(chunk)
    file.chunks[at:at + 1] = by


def free(size):
    return Chunk(b"FREE", 0, bytes(size))


def behind_checkpoints(file):
    return max((i + 1 for i, chunk in enumerate(file.chunks) if chunk.tag == b"VERI"), default=len(file.chunks))


# ---- chunks taken away, doubled, moved


@change()
def drop(file, rng, _):
    chunk = pick(file, rng)
    file.chunks.remove(chunk)
    return f"drop {chunk.kind} {chunk.offset}"


@change()
def double(file, rng, _):
    chunk = pick(file, rng)
    return f"double {chunk.kind} {chunk.offset} " + put(file, rng, chunk.twin())


@change()
def move(file, rng, _):
    chunk = pick(file, rng)
    file.chunks.remove(chunk)
    return f"move {chunk.kind} {chunk.offset} " + put(file, rng, chunk)


@change()
def move_and_leave_free_space(file, rng, _):
    """Nothing else moves."""
    chunk = pick(file, rng)
    replace(file, chunk, free(len(chunk.payload)))
    at = rng.choice([0, len(file.chunks), behind_checkpoints(file), None])
    return f"free space for {chunk.kind} {chunk.offset}, which is now " + put(file, rng, chunk, at=at)


@change()
def swap(file, rng, _):
    chunk, other = pick(file, rng), pick(file, rng)
    i, j = file.chunks.index(chunk), file.chunks.index(other)
    file.chunks[i], file.chunks[j] = other, chunk
    return f"swap {chunk.kind} {chunk.offset} and {other.kind} {other.offset}"


@change()
def swap_alike(file, rng, others):
    chunk = pick(file, rng)
    other = pick(file, rng, chunk.kind)
    i, j = file.chunks.index(chunk), file.chunks.index(other)
    file.chunks[i], file.chunks[j] = other, chunk
    return f"swap {chunk.kind} {chunk.offset} and {other.offset}"


@change()
def make_free(file, rng, _):
    chunk = pick(file, rng)
    replace(file, chunk, free(len(chunk.payload)))
    return f"free space for {chunk.kind} {chunk.offset}"


@change()
def hide(file, rng, _):
    chunk = pick(file, rng)
    chunk.tag = b"FREE"
    return f"hide {chunk.offset}"


@change()
def add_free(file, rng, _):
    return "free space " + put(file, rng, free(rng.choice([0, 4, 16, 100])))


@change()
def cut(file, rng, _):
    at = rng.randrange(len(file.chunks) + 1)
    del file.chunks[at:]
    file.closed &= rng.random() < .5
    return f"cut at {at}"


@change()
def cut_front(file, rng, _):
    count = rng.randrange(len(file.chunks))
    del file.chunks[:count]
    return f"cut {count} chunks in front"


@change()
def open_or_close(file, rng, _):
    file.closed = not file.closed
    return f"closed: {file.closed}"


@change()
def begin_anew(file, rng, _):
    """All of it once more, behind its end or in front."""
    twins = {chunk: chunk.twin() for chunk in file.chunks}
    for twin in twins.values():
        twin.names = {position: twins.get(to, to) if isinstance(to, Chunk) else to for position, to in twin.names.items()}
        twin.pages = twin.pages and [twins.get(page, page) for page in twin.pages]
    return "begin anew " + put(file, rng, *twins.values(), at=rng.choice([0, len(file.chunks)]))


@change()
def add_strange(file, rng, _):
    """A chunk that nobody knows, or of a kind that is not written here, with flags or without, and with a content that is in the file already or none."""
    content = rng.choice([b"", rng.randbytes(40), pick(file, rng).payload])
    flags = rng.choice([0, 0, 1, 1 << 16, 1 << 29, 1 << 30, 1 << 31])
    chunk = Chunk(rng.choice([b"SAFE", b"priv", b"NOTE", b"ATTA", b"VERI", b"CORE", b"TSEK"]), flags, content)
    return f"a strange {chunk.kind}, flags {flags:#x}, " + put(file, rng, chunk)


@change()
def add_junk(file, rng, _):
    """Bytes that are no chunk, before one."""
    size = rng.choice([16, 17, 36, 1000])
    raw = rng.choice([bytes(size), rng.randbytes(size), (pick(file, rng).tag * size)[:size]])
    return f"{size} bytes of junk " + put(file, rng, Chunk(b"junk", 0, bytes(size - 16), raw=raw))


# ---- chunks of another file of the same key


@change(2)
def take_from_another(file, rng, others):
    chunk = rng.choice(rng.choice(others).chunks).twin()
    for position, to in chunk.names.items():
        if isinstance(to, Chunk):
            chunk.names[position] = pick(file, rng, to.kind) or to
    mine = pick(file, rng, chunk.kind)
    if mine and rng.random() < .6:
        replace(file, mine, chunk)
        return f"another file's {chunk.kind} for {mine.offset}"
    return f"another file's {chunk.kind} " + put(file, rng, chunk)


@change()
def take_many_from_another(file, rng, others):
    chunks = rng.choice(others).chunks
    begin = rng.randrange(len(chunks))
    end = rng.randrange(begin, len(chunks)) + 1
    return f"another file's chunks {begin} to {end} " + put(file, rng, *(chunk.twin() for chunk in chunks[begin:end]))


@change()
def other_header(file, rng, others):
    file.header = rng.choice([rng.choice(others).header, file.header[:12] + b"\1\0\0\0", file.header[:6] + b"\1\0" + file.header[8:]])
    return "another header"


# ---- an index that leads elsewhere, or lies


@change()
def smuggle(file, rng, _):
    """A chunk within another one, to which an offset may lead."""
    inner = (pick(file, rng, "TRAK", "META", "CORE", "page", "top", "ATTA") or pick(file, rng)).twin()
    if inner.tag in DESCRIPTIONS:
        inner.payload = described_otherwise(inner.payload, rng)
    outer = Chunk(rng.choice([b"FREE", b"NOTE", b"VERI", b"priv", b"TAIL"]), 0, inner.bytes(file.salt))
    namer = pick(file, rng, "top", "page", "TAIL")
    if namer and namer.names:
        namer.names[rng.choice(list(namer.names))], namer.into = outer, 12
    return f"smuggle {inner.kind} in {outer.kind} " + put(file, rng, outer)


@change(2)
def lead_elsewhere(file, rng, _):
    namer = pick(file, rng, "top", "page", "TAIL")
    if namer is None or not namer.names:
        return None
    position = rng.choice([*namer.names, *(["page"] * 3 + ["end"] if namer.pages else [])])
    if position == "end":
        namer.end_lie = rng.choice([-1, 1, 4, -36, 36])
    elif position == "page":
        namer.pages = list(namer.pages)
        namer.pages[rng.randrange(len(namer.pages))] = rng.choice([pick(file, rng, "page"), pick(file, rng)]) or namer
    else:
        namer.names[position] = pick(file, rng) if rng.random() < .8 else rng.choice([0, 1, -1, 12])
    return f"{namer.kind} {namer.offset} leads elsewhere at {position}"


@change()
def other_numbers(file, rng, _):
    chunk = pick(file, rng, "top", "page")
    if chunk is None:
        return None
    data = bytearray(chunk.rest if chunk.kind == "top" else chunk.payload)
    for _ in range(rng.choice([1, 1, 2])):
        at = rng.randrange(0 if chunk.kind == "top" else 37, len(data))
        data[at] = (data[at] + rng.choice([1, 2, 20, 64, 128, 254, 255])) % 256
    if chunk.kind == "top":
        chunk.rest = bytes(data)
    else:
        chunk.payload = bytes(data)
    return f"other numbers in {chunk.kind} {chunk.offset}"


@change(2)
def page_for_page(file, rng, _):
    chunk, other = pick(file, rng, "page"), pick(file, rng, "page")
    room = len(other.payload) - len(chunk.payload) if chunk else 0
    if chunk is other or 0 < room < 16:
        return None
    twin = chunk.twin()
    replace(file, other, twin, *([free(room - 16)] if room > 0 else []))
    for top in (c for c in file.chunks if c.kind == "top"):
        top.pages = [twin if page is other else page for page in top.pages]
    return f"page {chunk.offset} for page {other.offset}"


def end_anew(file, rng):
    """The last top and a locator once more at the end."""
    old = next((chunk for chunk in reversed(file.chunks) if chunk.kind == "top"), None)
    if old is None:
        return None
    if rng.random() < .5:
        file.chunks = [chunk for chunk in file.chunks if chunk.tag != b"TAIL" and chunk is not old]
    top = old.twin()
    file.chunks += [top, Chunk(b"TAIL", 0, b"H4TL" + bytes(12), names={4: top})]
    return "a new end"


# ---- other content


def cluster_with(salt, payload):
    """With a CRC of its index that holds."""
    cursor = Cursor(payload)
    end = cursor.varint() + cursor.position
    return payload[:end] + struct.pack("<I", zlib.crc32(payload[:end], salt)) + payload[end + 4:]


@change()
def other_byte(file, rng, _):
    chunk = pick(file, rng, "CORE", "ATTA", "NOTE", "VERI")
    if chunk is None or len(chunk.payload) < 16:
        return None
    at = rng.randrange(10, len(chunk.payload))
    data = chunk.payload[:at] + bytes([chunk.payload[at] ^ rng.choice([1, 2, 4, 8, 16, 32, 64, 128, 255])]) + chunk.payload[at + 1:]
    chunk.payload = cluster_with(file.salt, data) if chunk.tag == b"CORE" else data
    return f"byte {at} of {chunk.kind} {chunk.offset}"


@change()
def exchange_data(file, rng, _):
    """Bytes of two clusters: with encryption what is right at another number."""
    chunk, other = pick(file, rng, "CORE"), pick(file, rng, "CORE")
    size = rng.choice([4, 8, 20, 100])
    if chunk is other or min(len(chunk.payload), len(other.payload)) < 2 * size:
        return None
    chunk.payload, other.payload = chunk.payload[:-size] + other.payload[-size:], other.payload[:-size] + chunk.payload[-size:]
    return f"data exchanged between {chunk.offset} and {other.offset}"


@change()
def other_flags(file, rng, _):
    chunk = pick(file, rng)
    chunk.flags ^= 1 << rng.randrange(32)
    return f"flags of {chunk.kind} {chunk.offset}: {chunk.flags:#x}"


@change()
def bad_crc(file, rng, _):
    chunk = pick(file, rng)
    chunk.good_crc = False
    return f"bad CRC of {chunk.kind} {chunk.offset}"


@change()
def bad_checksum(file, _, __):
    file.good_checksum = False
    return "bad container checksum"


@change(3)
def describe_otherwise(file, rng, _):
    """In place, or later, as an edit."""
    chunk = pick(file, rng, "TRAK", "META")
    if chunk is None:
        return None
    payload = described_otherwise(chunk.payload, rng)
    if rng.random() < .4:
        chunk.payload = payload
        return f"{chunk.kind} {chunk.offset} is {payload}"
    later = Chunk(chunk.tag, 0, payload)
    if rng.random() < .7:
        for top in (c for c in file.chunks if c.kind == "top"):
            top.names[TOP_DISTANCES[1] if chunk.tag == b"TRAK" else TOP_DISTANCES[2]] = later
    return f"a later {payload} " + put(file, rng, later, at=rng.choice([None, behind_checkpoints(file)]))


def described_otherwise(payload, rng):
    try:
        value = json.loads(payload)
    except ValueError:  # somebody was here before
        return payload
    members = list(members_of(value))
    holder, name = rng.choice(members) if members else (value, "more")
    was = holder.get(name) if isinstance(holder, dict) else holder[name]
    how = rng.randrange(6)
    if how == 0 and isinstance(holder, dict):
        holder.pop(name, None)
    elif how == 1 and isinstance(holder, dict):
        more = ["more", "tags", "name", "protection", "compression", "requires", "beside", "chapters"]
        holder[rng.choice(more)] = rng.choice([1, "x", None, {}, []])
    elif how == 2 and isinstance(was, list):
        was.reverse()
    elif how == 3 and isinstance(was, list) and was:
        was.append(copy.deepcopy(was[0]))
    elif isinstance(was, str):
        holder[name] = was + "A"
    elif isinstance(was, int):
        holder[name] = rng.choice([was + 1, float(was), str(was), -was])
    else:
        holder[name] = rng.choice([None, True, "x"])
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def members_of(value):
    for name, member in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, name
        if isinstance(member, (dict, list)):
            yield from members_of(member)
