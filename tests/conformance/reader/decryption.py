# SPDX-License-Identifier: MIT
"""protection.md, "Encrypted blocks": whether a key is that of the file, and blocks as they were before encryption."""

import base64
import hashlib
import hmac
import struct
from typing import Any

import crypto

from . import cluster as c
from .chunks import Refused
from .description import Track, Tracks, is_integer
from .primitives import MASK, NO_TIME, Broken, Cursor, require


def number(value: int, size: int) -> bytes:
    return (value & 2 ** (8 * size) - 1).to_bytes(size, "little")


def derive(key: bytes, label: str, data: bytes = b"") -> bytes:
    return crypto.expand(key, b"H4MK/2 " + label.encode() + b"\0" + data, 32)


def text_of(value: Any) -> bytes:
    """ "Digest of a JSON value": the text that is hashed."""
    match value:
        case None:
            return b"n"
        case bool():
            return b"t" if value else b"f"
        case int():
            return (b"+" if value >= 0 else b"-") + number(value, 8)
        case float():
            return b"r" + struct.pack("<d", value)
        case str():
            return b"s" + number(len(value.encode()), 8) + value.encode()
        case list():
            return b"a" + number(len(value), 8) + b"".join(map(text_of, value))
        case _:
            members = sorted((key.encode(), key) for key in value)
            return b"o" + number(len(members), 8) + b"".join(text_of(key) + text_of(value[key]) for _, key in members)


def digest_of_descriptions(tracks: Tracks, meta: dict[str, Any]) -> bytes:
    """ "What describes the blocks"."""
    words = {"name", "note", "tags"}
    described = [{k: v for k, v in track.described.items() if k not in words} for track in tracks.values()]
    words = {"tags", "chapters", "protection"}
    about = {k: v for k, v in meta.items() if k not in words and not isinstance(v, str)}
    return hashlib.sha256(text_of(described)).digest() + hashlib.sha256(text_of(about)).digest()


def pairs_of(value: Any) -> list[tuple[int, int]]:
    """An array of pairs of integers, none of them below 0."""
    require(isinstance(value, list), "pairs are no array")
    require(all(isinstance(pair, list) and len(pair) == 2 and all(is_integer(n) and n >= 0 for n in pair) for pair in value),
            "no pair of integers")
    return [(first, second) for first, second in value]


def bytes_of(described: Any, key: str, size: int) -> bytes:
    require(isinstance(described, dict) and isinstance(described.get(key), str), f"{key} is no text")
    try:
        data = base64.b64decode(described[key], validate=True)
    except ValueError as error:
        raise Broken(f"{key} is no base64") from error
    require(len(data) == size, f"{key} has another size")
    return data


class Decryption:
    """The key of a file. Refuses the file where the key, the descriptions or the end are not those that were encrypted."""

    def __init__(self, key: bytes, tracks: Tracks, meta: tuple[int, dict[str, Any]], closed: bool) -> None:
        offset, described = meta
        if "protection" not in described:
            raise Refused("key", offset)
        try:
            self._open(key, tracks, offset, described, closed)
        except Broken as error:
            raise Refused("corrupt", offset) from error
        if not hmac.compare_digest(self._key_check, bytes_of(described["protection"], "key_check", 32)):
            raise Refused("key", offset)

    def _open(self, key: bytes, tracks: Tracks, offset: int, meta: dict[str, Any], closed: bool) -> None:
        protection = meta["protection"]
        self._file_id = bytes_of(protection, "file_id", 16)
        self._scheme = protection.get("scheme")
        if self._scheme not in ("aes-256-gcm", "living"):
            raise Refused("required_feature", offset)
        self._root = crypto.extract(self._file_id, key)
        self._key_check = derive(self._root, "key check", self._scheme.encode())
        if self._key_check != bytes_of(protection, "key_check", 32):
            return  # another key: nothing else can be told
        sessions = protection.get("sessions", [])
        require(isinstance(sessions, list), "sessions are no array")
        self._sessions = [(bytes(16), {})]
        self._sessions += [(bytes_of(session, "id", 16), dict(pairs_of(session.get("first")))) for session in sessions]
        digest = derive(derive(self._root, "descriptions key"), "descriptions", digest_of_descriptions(tracks, meta))
        require(digest == bytes_of(protection, "descriptions", 32), "the descriptions are not those of the blocks")
        self.counts = self._end(protection, tracks, digest) if closed else None

    def _end(self, protection: dict[str, Any], tracks: Tracks, digest: bytes) -> dict[int, int]:
        end = protection.get("end")
        require(isinstance(end, dict), "a closed file has no end")
        counts = pairs_of(end.get("blocks"))
        require([track for track, _ in counts] == list(tracks), "the end has other tracks")
        said = digest + number(len(tracks), 4) + b"".join(number(track, 4) + number(n, 8) for track, n in counts)
        mac = derive(derive(self._root, "end key"), "end", said)
        require(mac == bytes_of(end, "mac", 32), "the end is not that of the blocks")
        return dict(counts)

    def _session(self, block: c.Block) -> bytes:
        of_block = [session for session, first in self._sessions if first.get(block.track, 0) <= block.ordinal]
        return of_block[-1]

    def _block_key(self, session: bytes, block: c.Block) -> bytes:
        if self._scheme == "aes-256-gcm":
            data = session + number(block.track, 4) + number(block.ordinal >> 20, 8)
            return derive(self._root, "block key", data)
        node = derive(self._root, "living track", session + number(block.track, 4))
        for bit in reversed(range(64)):
            node = derive(node, "living right" if block.ordinal >> bit & 1 else "living left")
        return derive(node, "living key")

    def _unseal(self, block: c.Block, track: Track, part: int, sealed: bytes) -> bytes:
        session = self._session(block)
        times = [NO_TIME if time is None else time for time in (block.pts, block.dts)]
        associated = b"H4MK/2 block\0" + number(part, 4) + self._file_id + session + number(block.track, 4)
        associated += b"".join(number(value, 4) for value in track.time_base) + number(block.ordinal & MASK, 8)
        associated += b"".join(number(time, 8) for time in [*times, block.duration]) + number(block.flags, 4)
        nonce = number(part, 4) + number(block.ordinal, 8)
        data = crypto.unseal(self._block_key(session, block), nonce, sealed, associated) if len(sealed) >= 16 else None
        require(data is not None, "the tag of a block does not fit")
        return data

    def data(self, block: c.Block, track: Track, sealed: bytes) -> bytes:
        return self._unseal(block, track, 0, sealed)

    def side_data(self, block: c.Block, track: Track) -> list[c.SideData]:
        if not block.side_data:
            return []
        pieces = block.side_data
        require(len(pieces) == 1 and pieces[0].name == b"encrypted", "side data is not encrypted")
        cursor, found = Cursor(self._unseal(block, track, 1, bytes(pieces[0].data))), []
        while cursor.left():
            name = bytes(cursor.take(cursor.fixed(4)))
            found.append(c.SideData(name, bytes(cursor.take(cursor.fixed(4)))))
        return found
