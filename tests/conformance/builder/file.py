# SPDX-License-Identifier: MIT
"""A file, chunk by chunk (core.md, "File").

A right file is `File(name).describe(tracks).cluster([...]).finish()`. Each step can be left out, done twice, or be given other values: `change` maps
labels of fields to other values, and the chunk itself takes `flags`, `length` and `crc`.
"""
import hashlib
import json
import zlib
from dataclasses import dataclass

from . import cluster as clusters
from . import index
from .fields import Fields, i64, u8, u16, u32, varint
from .model import Totals

CLUSTER_FLAG = 1 << 30
CHECKSUM_SIZE = 4


def salt_of(name):
    """Fixed salts, chosen by name, so that the suite is the same each time it is made; files of their own have random ones."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass
class Chunk:
    offset: int
    tag: str
    fields: Fields
    stored_crc: bytes = b""

    @property
    def size(self):
        return len(self.fields.bytes())

    @property
    def end(self):
        return self.offset + self.size

    def at(self, label):
        """Offset of a field in the file."""
        return self.offset + self.fields.find(label)[0]


class File:
    def __init__(self, name, salt=None, change=None):
        self.name = name
        self.salt = salt_of(name) if salt is None else salt
        self.header = Fields(dict(change or {}))
        self.header.put_raw("magic", b"H4MK")
        self.header.put("version", 2, u8)
        self.header.put("required features", 0, u8)
        self.header.put("optional features", 0, u16)
        self.header.put("salt", self.salt, u32)
        self.header.put("unused", 0, u32)
        self.chunks = []
        self.clusters = []      # cluster.Cluster, all
        self.in_pages = 0       # how many of them pages list
        self.pages = []
        self.tracks = None      # objects of the TRAK that was written last
        self.trak = self.meta = None
        self.meta_value = None
        self.attachments = {}
        self.ordinals = {}
        self.closed = None      # bytes of the container checksum

    # ---- chunks

    @property
    def end(self):
        return self.chunks[-1].end if self.chunks else 16

    def chunk(self, tag, payload=b"", flags=0, length=None, crc=None, raw_tag=None):
        """Any chunk. `payload`: bytes or Fields. `crc`: another value, or "bad"."""
        if isinstance(payload, bytes):
            fields = Fields()
            fields.put_raw("payload", payload)
            payload = fields
        whole = Fields()
        whole.put_raw("tag", raw_tag or tag.encode())
        whole.put("flags", flags, u32)
        whole.put("length", len(payload.bytes()) if length is None else length, u32)
        whole.put_fields("", payload)
        right = zlib.crc32(whole.bytes(), self.salt)
        whole.put("crc", {None: right, "bad": right ^ 1}.get(crc, crc), u32)
        self.chunks.append(Chunk(self.end, tag, whole, whole.parts[-1].data))
        return self.chunks[-1]

    def write(self, *arguments, **more):
        """As chunk(), to be chained."""
        self.chunk(*arguments, **more)
        return self

    def describe(self, tracks=None, meta=None, raw=None, **more):
        """TRAK, and META if there is one. `raw`: the bytes of TRAK."""
        if tracks is not None:
            self.tracks = tracks
        if raw is not None or tracks is not None:
            self.trak = self.chunk("TRAK", raw if raw is not None else compact({"tracks": tracks}), **more).offset
        if meta is not None:
            self.describe_meta(meta)
        return self

    def describe_meta(self, meta, **more):
        payload = meta if isinstance(meta, bytes) else compact(meta)
        self.meta_value = None if isinstance(meta, bytes) else meta
        self.meta = self.chunk("META", payload, **more).offset
        return self

    def attach(self, track_id, data, **more):
        self.attachments[track_id] = data
        return self.write("ATTA", varint(track_id) + data, **more)

    @property
    def track_ids(self):
        return [t["track_id"] for t in self.tracks]

    # ---- clusters

    def cluster(self, blocks, flags=CLUSTER_FLAG, crc=None, length=None, counted=True, **more):
        """A cluster. Blocks without an ordinal get the next one of their track. `counted`: the index will know it."""
        for b in blocks:
            if b.ordinal is None:
                b.ordinal = self.ordinals.get(b.track, 0)
            self.ordinals[b.track] = b.ordinal + 1
        payload = clusters.payload_fields(blocks, self.salt, **more)
        chunk = self.chunk("CORE", payload, flags=flags, crc=crc, length=length)
        if counted:
            self.clusters.append(clusters.Cluster(chunk.offset, blocks, chunk.size))
        return self

    # ---- index

    def page(self, crc=None, flags=0, **more):
        """A page of the clusters since the page before."""
        listed = self.clusters[self.in_pages:]
        more.setdefault("previous", self.pages[-1].offset if self.pages else None)
        more.setdefault("trak", self.trak)
        more.setdefault("meta", self.meta)
        fields = index.page_fields(self.end, listed, self.clusters[:self.in_pages], self.track_ids,
                                   self.clusters[0].offset if self.clusters else None, **more)
        chunk = self.chunk("TSEK", fields, crc=crc, flags=flags)
        self.pages.append(index.Page(chunk.offset, chunk.size, listed, self.in_pages, self.track_ids))
        self.in_pages = len(self.clusters)
        return self

    def copy_fields(self, page, at, **more):
        return index.page_fields(at, page.clusters, self.clusters[:page.before], page.tracks, None, copy=True, **more)

    def copies(self, **more):
        """Copies of all pages but the last, so that the whole index lies side by side."""
        for page in self.pages[:-1]:
            chunk = self.chunk("TSEK", self.copy_fields(page, self.end, **more))
            page.copies.append((chunk.offset, chunk.size))
        return self

    def listed_pages(self):
        """For each page its offset, size and Page: its last copy where there is one."""
        return [(*(p.copies[-1] if p.copies else (p.offset, p.size)), p) for p in self.pages]

    def top(self, crc=None, flags=0, end=None, **more):
        """The top, for a file that ends with it, a locator and a checksum."""
        def fields(end, **given):
            given.setdefault("pages", self.listed_pages())
            given.setdefault("trak", self.trak)
            given.setdefault("meta", self.meta)
            given.setdefault("tracks", self.track_ids)
            return index.top_fields(self.end, end, self.clusters, **given)
        if end is None:
            trial = fields(0, **{k: dict(v) if isinstance(v, dict) else v for k, v in more.items()})
            end = self.end + len(trial.bytes()) + 16 + 36
        self.last_top = self.chunk("TSEK", fields(end, **more), crc=crc, flags=flags)
        return self

    def locator(self, change=None, crc=None, flags=0):
        f = Fields(dict(change or {}))
        f.put_raw("magic", b"H4TL")
        f.put("distance to top", self.end - self.last_top.offset, i64)
        f.put("size of top", self.last_top.size, u32)
        self.chunk("TAIL", f, crc=crc, flags=flags)
        return self

    def checksum(self, value=None):
        right = zlib.crc32(self.header.bytes() + b"".join(c.stored_crc for c in self.chunks), self.salt)
        self.closed = u32({None: right, "bad": right ^ 1}.get(value, value))
        return self

    def finish(self, times=False, copies=True):
        """The rest of a file whose chunks so far are descriptions, clusters and pages."""
        if self.in_pages < len(self.clusters) or not self.pages:
            self.page(times=times)
        if copies and not any(p.copies for p in self.pages):
            self.copies(times=times)
        return self.top().locator().checksum()

    def front_index(self, top_change=None, checksum=True):
        """Puts copies of the pages and the top behind the header of a closed file. With a FREE chunk there, they take its place.
        Without `checksum` the top says that the file ends with its last chunk, and it does."""
        free = self.chunks.pop(0) if self.chunks[0].tag == "FREE" else None
        size = free.size if free else 0
        while True:
            front, length = self._front(size, top_change, CHECKSUM_SIZE if checksum else 0)
            if length == size or free and length + 16 <= size:
                break
            assert not free, "the FREE chunk is too small"
            size = length
        if not free:
            self._move(size)
        offset = 16
        for chunk in front:
            chunk.offset = offset
            offset = chunk.end
        self.chunks[:0] = front
        if free and length < size:
            rest = self._chunk_at(offset, "FREE", bytes(size - length - 16))
            self.chunks.insert(len(front), rest)
        return self.checksum() if checksum else self.reopen()

    def _chunk_at(self, offset, *arguments):
        chunks, self.chunks = self.chunks, []
        chunk = self.chunk(*arguments)
        chunk.offset, self.chunks = offset, chunks
        return chunk

    def _front(self, size, top_change, behind):
        """The chunks of a front index that takes `size` bytes, in a file with so many bytes behind its last chunk. With FREE nothing
        moves; else all else does, and the front stands before byte 16 of where things are now."""
        at = 16 if self.chunks[0].offset > 16 else 16 - size
        start, front, pages = at, [], []
        for page in self.pages:
            chunk = self._chunk_at(at, "TSEK", self.copy_fields(page, at))
            pages.append((chunk.offset, chunk.size, page))
            front.append(chunk)
            at = chunk.end
        fields = index.top_fields(at, self.chunks[-1].end + behind, self.clusters, self.track_ids, pages, self.trak, self.meta,
                                  change=top_change)
        front.append(self._chunk_at(at, "TSEK", fields))
        return front, front[-1].end - start

    def _move(self, size):
        for thing in self.chunks + self.clusters + self.pages:
            thing.offset += size
        self.trak += size
        self.meta = self.meta and self.meta + size
        for page in self.pages:
            page.copies = [(offset + size, n) for offset, n in page.copies]

    def reopen(self):
        """What begins an edit: the container checksum goes."""
        self.closed = None
        return self

    # ---- bytes

    def bytes(self):
        return self.header.bytes() + b"".join(c.fields.bytes() for c in self.chunks) + (self.closed or b"")

    def parts(self):
        """(offset, size, chunk or None, Part) of everything, for annotated dumps."""
        offset = 0
        for chunk, fields in [(None, self.header)] + [(c, c.fields) for c in self.chunks]:
            for part in fields.parts:
                if part.data:
                    yield offset, len(part.data), chunk, part
                offset += len(part.data)

    # ---- what readers must say of it

    def totals(self, up_to=None):
        return {t: Totals.of(t, self.clusters[:up_to]) for t in self.track_ids}
