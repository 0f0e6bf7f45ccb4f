# SPDX-License-Identifier: MIT
"""core.md, "Reading" and "Which description counts": from chunks to descriptions, attachments, blocks and problems."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from . import cluster as c
from .chunks import CHECKSUM_SIZE, KNOWN_TAGS, Chunk, Refused, Walk, check_header, has_end, recover_salt
from .decryption import Decryption
from .contents import OtherFiles, zstd_content
from .description import Track, Tracks, check_continues, parse_meta, parse_tracks
from .primitives import Broken, Bytes, Crc, Cursor
from .recording import Recording

Json = dict[str, Any]

SHOWN_FLAGS = {c.KEY: "key", c.DISCARD: "discard", c.CORRUPT: "corrupt", c.DISPOSABLE: "disposable"}
STORED_FLAGS = {c.ENCRYPTED: "encrypted", c.COMPRESSED: "compressed", c.EXTERNAL: "external"}


def short_hash(data: Bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


class Reading:
    """One file that is read from its first chunk to its last. `pipe`: nothing that stands behind is known."""

    def __init__(self, data: Bytes, folder: str | None, pipe: bool) -> None:
        self.data = memoryview(data)
        self.pipe = pipe
        self.problems: list[Json] = []
        salt = check_header(self.data)
        self.crc = Crc(self.data, salt)
        self.has_end = has_end(self.crc)
        self.chunks = self._walk()
        if self.chunks and not self.chunks[0].whole and (recovered := recover_salt(self.data)) is not None:
            self.problem("damaged_salt", 8)
            self.crc = Crc(self.data, recovered)
            self.has_end = has_end(self.crc)
            self.chunks = self._walk()
        self._problems_of_chunks()
        self.clusters = [chunk for chunk in self.chunks if chunk.is_readable]
        self.descriptions = Descriptions(self)
        self.recording = Recording()
        self.others = OtherFiles(None if pipe else folder)
        self.blocks: list[Json] = []
        self.decryption: Decryption | None = None
        self._next_ordinal: dict[int, int] = {}  # of blocks that were decrypted

    def problem(self, kind: str, offset: int, **more: Any) -> None:
        self.problems.append({"kind": kind, "offset": offset, **more})

    def _walk(self) -> list[Chunk]:
        size = len(self.data)
        chunks = list(Walk(self.crc, size - CHECKSUM_SIZE if self.has_end else size).chunks())
        if not self.has_end and len(chunks) > 1 and size - chunks[-1].offset == CHECKSUM_SIZE:
            before = chunks[-2]
            if before.length == 16 and (before.tag == b"TAIL" or not before.whole):
                chunks.pop()  # the checksum behind a damaged locator
        self.has_end = self.has_end and bool(chunks) and chunks[-1].usable and chunks[-1].tag == b"TAIL"
        return chunks

    @cached_property
    def first_cluster(self) -> int | None:
        """The first cluster that is met from the header."""
        met = (one for one in self.chunks if one.is_cluster and not one.unknown_flags and not one.unfinished)
        return next((chunk.offset for chunk in met), None)

    @cached_property
    def front_is_known(self) -> bool:
        """Nothing before the first cluster is damaged, where another one may have stood."""
        first = len(self.data) if self.first_cluster is None else self.first_cluster
        return all(chunk.whole for chunk in self.chunks if chunk.offset < first)

    def whole(self, tag: bytes, begin: bytes = b"") -> list[Chunk]:
        return [
            chunk
            for chunk in self.chunks
            if chunk.tag == tag and chunk.usable and bytes(self.payload(chunk)[: len(begin)]) == begin
        ]

    def payload(self, chunk: Chunk) -> memoryview:
        return self.data[chunk.payload : chunk.end - 4]

    def _problems_of_chunks(self) -> None:
        for chunk in self.chunks:
            if chunk.unfinished:
                self.problem("missing_bytes", chunk.offset)
            elif chunk.unknown_flags and chunk.tag in KNOWN_TAGS and (chunk.whole or chunk.cluster):
                self.problem("unknown_chunk_flag", chunk.offset, flags=chunk.unknown_flags)
            elif (chunk.is_cluster and chunk.cluster is None) or (chunk.lost and chunk.index_holds):
                self.problem("damaged_index", chunk.offset)
            elif not chunk.is_cluster and not chunk.whole:
                self.problem("damaged_chunk", chunk.offset)

    # Blocks

    def read_blocks(self) -> None:
        expected: dict[int, int] = {}
        for chunk in self.clusters:
            tracks = self.descriptions.tracks_for(chunk)
            for listed in chunk.cluster.tracks:
                if listed.track not in tracks:
                    self.problem("unknown_track", chunk.offset, track=listed.track)
                    continue
                number = expected.get(listed.track, 0)
                if listed.ordinal != number:
                    self.problem("ordinals", chunk.offset, track=listed.track, expected=number, found=listed.ordinal)
                expected[listed.track] = listed.ordinal + listed.count
            known = [block for block in chunk.cluster.blocks if block.track in tracks]
            for block in known:
                self.recording.add(chunk.offset, block)
            self._hand_out(chunk, known, tracks)

    def _hand_out(self, chunk: Chunk, blocks: list[c.Block], tracks: Tracks) -> None:
        """Leaves out, one reason after the other, what must not be handed out as good."""
        blocks = [block for block in blocks if not tracks[block.track].unknown_requirements()]
        blocks = self._without_unknown_flags(chunk, blocks)
        blocks = self._without_damage(chunk, blocks)
        stored = {block.name: c.data_of(self.data, block) for block in blocks if not block.flags & c.EXTERNAL}
        for listed in chunk.cluster.tracks:
            external = [block for block in blocks if block.track == listed.track and block.flags & c.EXTERNAL]
            if external:
                stored |= self._external(chunk, listed, tracks[listed.track])
        left_out: dict[tuple[str, int], list[c.Block]] = {}
        for block in blocks:
            if block.name in stored:
                described = self._describe(block, stored[block.name], tracks[block.track])
                if isinstance(described, str):
                    left_out.setdefault((described, block.track), []).append(block)
                else:
                    self.blocks.append(described)
        for (kind, track), lost in left_out.items():
            self.problem(kind, chunk.offset, track=track, blocks=names(lost))

    def _without_unknown_flags(self, chunk: Chunk, blocks: list[c.Block]) -> list[c.Block]:
        bad = [block for block in blocks if block.flags & c.MUST_BE_UNDERSTOOD]
        bits = 0
        for block in bad:
            bits |= block.flags & c.MUST_BE_UNDERSTOOD
        if bad:
            self.problem("unknown_block_flag", chunk.offset, flags=bits, blocks=names(bad))
        return [block for block in blocks if not block.flags & c.MUST_BE_UNDERSTOOD]

    def _without_damage(self, chunk: Chunk, blocks: list[c.Block]) -> list[c.Block]:
        """ "A block is good if the stripes that it touches are good. Without stripes the CRC of the chunk decides." """
        if chunk.cluster.stripe_shift:
            stripes = c.bad_stripes(self.crc, chunk.cluster)
            bad = [block for block in blocks if c.touches(chunk.cluster, block, stripes)]
        else:
            bad = [] if chunk.whole else [block for block in blocks if not block.flags & c.EXTERNAL]
        if bad:
            self.problem("damaged_data", chunk.offset, blocks=names(bad))
        elif not chunk.whole:
            self.problem("cluster_checksum", chunk.offset)
        lost = {block.name for block in bad}
        return [block for block in blocks if block.name not in lost]

    def _external(self, chunk: Chunk, listed: c.Listed, track: Track) -> dict[tuple[int, int], bytes]:
        """The data of all external blocks of a track in a cluster, if their SHA-256 holds."""
        blocks = listed.external()
        name = track.beside()
        kind = "external_name" if name is None else "external_missing"
        try:
            if name is not None:
                parts = self.others.read(name, [(block.begin, block.size) for block in blocks])
                if hashlib.sha256(b"".join(parts)).digest() == chunk.cluster.hashes[listed.track]:
                    return {block.name: part for block, part in zip(blocks, parts)}
                kind = "external_changed"
        except Broken:
            pass
        self.problem(kind, chunk.offset, track=listed.track, blocks=names(blocks))
        return {}

    def _describe(self, block: c.Block, stored: bytes, track: Track) -> Json | str:
        """The block as README.md, "Blocks", has it, or the kind of problem that keeps it away."""
        size: int | None = len(stored)
        content: bytes | None = stored
        if block.flags & c.COMPRESSED:
            if track.compression is None:
                return "bad_compression"
            if track.compression != "zstd":
                return "unknown_compression"
        side_data = block.side_data
        if self.decryption:
            kind = self._refused_by_key(block)
            if kind:
                return kind
            try:
                content = self.decryption.data(block, track, stored)
                side_data = self.decryption.side_data(block, track)
            except Broken:
                return "bad_tag"
            self._next_ordinal[block.track] = block.ordinal + 1  # not before: anybody can write a number
            size = len(content)
        elif block.flags & c.ENCRYPTED:
            size, content = None, None
        if block.flags & c.COMPRESSED and content is not None:
            try:
                size, content = zstd_content(content)
            except Broken:
                return "bad_compression"
        described: Json = {
            "track": block.track,
            "ordinal": block.ordinal,
            "type": "IPBP"[block.flags & 3],
            "flags": flag_names(block.flags, SHOWN_FLAGS),
            "pts": block.pts,
            "dts": block.dts,
            "duration": block.duration,
            "size": size,
            "sha256": None if content is None else short_hash(content),
        }
        if side_data:
            described["side_data"] = [side_data_json(piece) for piece in side_data]
        how = flag_names(block.flags, STORED_FLAGS)
        if how:
            described["stored"] = {"as": how, "size": len(stored), "sha256": short_hash(stored)}
        return described

    def _refused_by_key(self, block: c.Block) -> str | None:
        """protection.md: "A reader that was given a key MUST"."""
        if not block.flags & c.ENCRYPTED:
            return "not_encrypted"
        if block.ordinal < self._next_ordinal.get(block.track, 0):
            return "repeated_block"
        return None

    def check_end(self, offset: int) -> None:
        """The counts of a closed file whose blocks were decrypted."""
        for track, count in (self.decryption.counts or {}).items():
            found = self._next_ordinal.get(track, 0)
            if found != count:
                self.problem("missing_end", offset, track=track, expected=count, found=found)


def side_data_json(piece: c.SideData) -> Json:
    name = piece.name.decode(errors="backslashreplace")
    return {"name": name, "size": len(piece.data), "sha256": short_hash(piece.data)}


def names(blocks: Iterable[c.Block]) -> list[list[int]]:
    return [[block.track, block.ordinal] for block in blocks]


def flag_names(flags: int, known: dict[int, str]) -> list[str]:
    return [name for bit, name in known.items() if flags & bit]


class Descriptions:
    """TRAK, META and ATTA: those that can be used, in the order of the file, and which of them counts."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.traks: list[tuple[Chunk, Tracks]] = []
        self.metas: list[tuple[Chunk, Json]] = []
        self.attachments: dict[int, tuple[Chunk, bytes]] = {}
        self._parse()
        self._followed = self._last_that_others_follow()
        self.trak, self.meta = self._without_top()
        if self.trak is None:
            self._refuse()

    def _parse(self) -> None:
        cluster_seen = False
        for chunk in self.reading.chunks:
            if chunk.is_cluster and not chunk.unfinished and not chunk.unknown_flags:
                cluster_seen = True
            elif chunk.usable:
                try:
                    self._parse_one(chunk, cluster_seen)
                except Broken:
                    self.reading.problem("damaged_chunk", chunk.offset)

    def _parse_one(self, chunk: Chunk, cluster_seen: bool) -> None:
        payload = self.reading.payload(chunk)
        if chunk.tag == b"TRAK":
            tracks = parse_tracks(payload)
            if self.traks:
                check_continues(self.traks[-1][1], tracks)
            self.traks.append((chunk, tracks))
        elif chunk.tag == b"META":
            self.metas.append((chunk, parse_meta(payload)))
        elif chunk.tag == b"ATTA" and not cluster_seen:
            cursor = Cursor(payload)
            track_id = cursor.varint()
            self.attachments[track_id] = chunk, bytes(cursor.take(cursor.left()))

    def _last_that_others_follow(self) -> int:
        """The last whole cluster, page that is no copy, or locator: descriptions behind it are those of an edit that was interrupted."""
        reading = self.reading
        pages = [chunk for chunk in reading.whole(b"TSEK", b"H4TP") if reading.payload(chunk)[4:5] != b"\1"]
        others = reading.clusters + pages + reading.whole(b"TAIL")
        return max((chunk.offset for chunk in others), default=0)

    def _without_top(self) -> tuple[Any, Any]:
        if self.reading.pipe:
            return last(self.traks), last(self.metas)
        trak = last(self.traks, before=self._followed) or last(self.traks)
        meta = last(self.metas, before=self._followed)
        nothing_follows = last(self.traks, before=self._followed) is None
        return trak, meta or (last(self.metas) if nothing_follows else None)

    def take_from_top(self, trak: int, meta: int | None) -> None:
        """ "In a closed file: the TRAK and META that the top names. If damaged: the last whole one before it." """
        self.trak = last(self.traks, before=trak + 1) or self.trak
        self.meta = last(self.metas, before=meta + 1) if meta is not None else None

    def _refuse(self) -> None:
        damage = [p["offset"] for p in self.reading.problems if p["kind"] != "missing_bytes"]
        damage += [chunk.offset for chunk in self.reading.clusters]
        if damage:
            raise Refused("corrupt", min(damage))
        raise Refused("truncated", len(self.reading.data))

    def tracks_for(self, cluster: Chunk) -> Tracks:
        """Whose blocks are handed out. From a pipe: by the TRAK that came by before them."""
        found = last(self.traks, before=cluster.offset) if self.reading.pipe else self.trak
        return found[1] if found else {}

    @property
    def tracks(self) -> Tracks:
        return self.trak[1]

    def report_requirements(self) -> None:
        for track in self.tracks.values():
            for feature in track.unknown_requirements():
                self.reading.problem("unknown_requirement", self.trak[0].offset, track=track.track_id, feature=feature)

    def attachment_list(self) -> list[Json]:
        for track_id, (chunk, _) in self.attachments.items():
            if track_id not in self.tracks:
                self.reading.problem("unknown_track", chunk.offset, track=track_id)
        return [
            {"track_id": track_id, "size": len(data), "sha256": short_hash(data)}
            for track_id in self.tracks
            for _, data in [self.attachments.get(track_id, (None, None))]
            if data is not None
        ]


def last(found: list[tuple[Chunk, Any]], before: int | None = None) -> tuple[Chunk, Any] | None:
    """The last one that stands before an offset."""
    position = len(found) if before is None else bisect_left(found, before, key=lambda pair: pair[0].offset)
    return found[position - 1] if position else None
