# SPDX-License-Identifier: MIT
"""README.md, "What a reader must say": all together, as JSON."""

import zlib
from typing import Any

from . import questions
from .check import Index
from .chunks import CHECKSUM_SIZE, HEADER_SIZE, Refused
from .decryption import Decryption
from .index import Top, Totals
from .primitives import Bytes
from .verification import Verification
from .reading import Json, Reading


class Report:
    def __init__(self, data: Bytes, folder: str | None = None, pipe: bool = False, key: bytes | None = None, verify_key: bytes | None = None) -> None:
        self.json: Json = {}
        self.key = key
        self.verification: Verification | None = None
        try:
            if verify_key is not None:
                self.verification = Verification(data, verify_key)
                data = self.verification.data
            self._read(Reading(data, folder, pipe))
        except Refused as refused:
            self.json = {"outcome": "refused", "error": {"kind": refused.kind, "offset": refused.offset}}

    def _read(self, reading: Reading) -> None:
        self.reading = reading
        descriptions = reading.descriptions
        index = None if reading.pipe else Index(reading)
        top = index.top if index else None
        if top is not None:
            descriptions.take_from_top(top.trak, top.meta)
        descriptions.report_requirements()
        attachments = descriptions.attachment_list()
        chunk, meta = descriptions.meta or (None, {})
        place = chunk.offset if chunk else 0
        if self.key is not None:
            reading.decryption = Decryption(self.key, descriptions.tracks, (place, meta), bool(index and index.closed))
        reading.read_blocks()
        if self.key is not None:
            reading.check_end(place)
        if index:
            index.check()
        self._check_container()
        totals = {track: self._totals(top, track) for track in descriptions.tracks}
        self.json = {
            "outcome": "read",
            "closed": index.closed if index else reading.has_end,
            "tracks": [track.described for track in descriptions.tracks.values()],
            "meta": descriptions.meta[1] if descriptions.meta else None,
            "attachments": attachments,
            "index": index_json(index),
            "totals": {str(track): totals_json(value) for track, value in totals.items()},
            "frames": {str(track): value.blocks - value.hidden for track, value in totals.items()},
            "blocks": reading.blocks,
        }
        if self.verification:
            reading.problems += [{"kind": kind, "offset": offset} for kind, offset in self.verification.told]
            good = self.verification.last.final and reading.has_end and not reading.problems
            self.json["verdict"] = "good" if good else "not good"
        self.json["problems"] = sorted(reading.problems, key=lambda problem: (problem["offset"], problem["kind"]))

    def _totals(self, top: Top | None, track: int) -> Totals:
        if top is not None and track in top.tracks:
            return top.tracks[track].totals
        return self.reading.recording.totals(track)

    def _check_container(self) -> None:
        """ "Container checksum": over the header and the CRC fields of all chunks. Where some are lost it cannot hold."""
        reading = self.reading
        if not reading.has_end or any(chunk.lost for chunk in reading.chunks):
            return
        header = bytes(reading.data[:HEADER_SIZE])
        fields = [bytes(reading.data[chunk.end - 4 : chunk.end]) for chunk in reading.chunks]
        end = len(reading.data) - CHECKSUM_SIZE
        computed = zlib.crc32(header + b"".join(fields), reading.crc.salt)
        if computed != int.from_bytes(reading.data[end:], "little"):
            reading.problem("container_checksum", end)

    # Questions

    def seek(self, track: int, time: int, forward: bool) -> None:
        recording = self.reading.recording
        tracks = {n: found for n, found in self.reading.descriptions.tracks.items() if not found.unknown_requirements()}
        target = questions.find_seek_point(recording, track, time, forward) if track in tracks else None
        if target is None:
            self.json["seek"] = None
            return
        begins = questions.beginnings(recording, tracks, target)
        order = questions.order_behind(recording, begins, target)
        self.json["seek"] = {
            "found": list(target.block.name),
            "begins": {str(number): entry and entry.block.ordinal for number, entry in begins.items()},
            "order": [list(entry.block.name) for entry in order[:64]],
        }

    def frames(self, track: int) -> None:
        shown = questions.frames(self.reading.recording, track)
        self.json["frame_list"] = [[entry.block.time, entry.block.ordinal] for entry in shown]

    def chain(self, track: int, number: int) -> None:
        chain = questions.decode_chain(self.reading.recording, track, number)
        self.json["chain"] = chain and [entry.block.ordinal for entry in chain]

    def block(self, track: int, ordinal: int) -> None:
        found = (block for block in self.reading.blocks if (block["track"], block["ordinal"]) == (track, ordinal))
        self.json["block"] = next(found, None)

    def chunks(self) -> None:
        self.json["chunks"] = [
            [chunk.offset, None if chunk.lost else chunk.tag.decode(), chunk.end - chunk.offset]
            for chunk in self.reading.chunks
            if not chunk.unfinished
        ]


def index_json(index: Index | None) -> Json:
    if index is None:
        return {"from": "walk", "pages": 0, "clusters": 0}
    if index.top is not None:
        pages = index.top.pages
        return {"from": "top", "pages": len(pages), "clusters": sum(clusters for _, _, clusters in pages)}
    return {
        "from": "page" if index.chain else "walk",
        "pages": len(index.chain),
        "clusters": sum(len(page.clusters) for page in index.chain),
    }


def totals_json(totals: Totals) -> dict[str, Any]:
    return {key: getattr(totals, key) for key in ("blocks", "hidden", "bytes", "start_pts", "first_dts", "end")}
