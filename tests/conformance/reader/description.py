# SPDX-License-Identifier: MIT
"""core.md, "TRAK" and the JSON of "Conventions"."""

import json
import math
import re
import unicodedata
from typing import Any

from .primitives import Broken, Bytes, require

RATIONAL = re.compile(r"(0|-?[1-9][0-9]*)/(0|-?[1-9][0-9]*)")
KNOWN_REQUIREMENTS: frozenset[str] = frozenset()


def parse_json(data: Bytes) -> Any:
    """I-JSON without a byte order mark, within the limits of nesting, members and values."""
    try:
        text = bytes(data).decode("utf-8")
        _check_nesting(text)
        value = json.loads(text, object_pairs_hook=_object, **NUMBERS)
    except (ValueError, RecursionError) as error:
        raise Broken(f"no I-JSON: {error}") from error
    require(_count(value) <= 2**17, "JSON has more than 2^17 values and keys")
    return value


def _check_nesting(text: str) -> None:
    """Before it is parsed. What stands in texts does not nest."""
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"?|[\[{\]}]', text, re.DOTALL):
        character = token.group()
        depth += (character in "[{") - (character in "]}") if len(character) == 1 else 0
        require(depth <= 64, "JSON is nested more than 64 deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(pairs) <= 4096, "an object of JSON has more than 4096 members")
    found = dict(pairs)
    require(len(found) == len(pairs), "a key of JSON is there twice")
    return found


def _no_constant(name: str) -> Any:
    raise Broken(f"{name} is not JSON")


def _float(text: str) -> float:
    require(math.isfinite(float(text)), "a number of JSON is out of range")
    return float(text)


def _integer(text: str) -> int:
    require(len(text) <= 20 and -(2**63) <= int(text) < 2**63, "an integer of JSON is no signed 64-bit number")
    return int(text)


NUMBERS = {"parse_int": _integer, "parse_float": _float, "parse_constant": _no_constant}


def _count(root: Any) -> int:
    """Values and keys; refuses lone surrogates on the way."""
    count, left = 0, [root]
    while left:
        value = left.pop()
        count += 1
        if isinstance(value, str):
            require(not re.search("[\ud800-\udfff]", value), "a text of JSON has a lone surrogate")
        elif isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            left += [*value.keys(), *value.values()]
    return count


def parse_meta(data: Bytes) -> dict[str, Any]:
    meta = parse_json(data)
    require(isinstance(meta, dict), "META is no object")
    return meta


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class Track:
    """What this layer needs of an object of TRAK."""

    def __init__(self, described: Any) -> None:
        require(isinstance(described, dict), "a track is no object")
        self.described: dict[str, Any] = described
        self.track_id = described.get("track_id")
        require(is_integer(self.track_id) and 0 <= self.track_id <= 65535, "track_id is not 0 … 65535")
        for key in ("name", "kind", "codec"):
            require(isinstance(described.get(key), str), f"{key} is no text")
        self.time_base = parse_time_base(described.get("time_base"))
        self.requires = described.get("requires", [])
        require(
            isinstance(self.requires, list) and all(isinstance(name, str) for name in self.requires),
            "requires is no array of texts",
        )
        self.compression = described.get("compression")

    def unknown_requirements(self) -> list[str]:
        return [name for name in self.requires if name not in KNOWN_REQUIREMENTS]

    def fixed(self) -> tuple[Any, ...]:
        """What a later TRAK must not change."""
        return self.time_base, self.compression, self.requires

    def beside(self) -> str | None:
        """ "External data": the name of the other file if it is one by the rules. Nothing else is ever opened."""
        name = self.described.get("beside")
        if not isinstance(name, str) or not 1 <= len(name.encode()) <= 255:
            return None
        forbidden = any(c in "/\\:%?#" or unicodedata.category(c) == "Cc" for c in name)
        return None if forbidden or name.startswith("-") or name in (".", "..") else name


def parse_time_base(value: Any) -> tuple[int, int]:
    match = RATIONAL.fullmatch(value) if isinstance(value, str) and len(value) < 64 else None
    require(match is not None, "time_base is no rational")
    parts = int(match[1]), int(match[2])
    require(all(1 <= part <= 2**31 - 1 for part in parts), "a part of time_base is not 1 … 2^31 - 1")
    return parts


Tracks = dict[int, Track]  # by track_id, in the order of TRAK


def parse_tracks(data: Bytes) -> Tracks:
    root = parse_json(data)
    require(isinstance(root, dict) and isinstance(root.get("tracks"), list), "TRAK has no array tracks")
    require(len(root["tracks"]) <= 4096, "TRAK has more than 4096 tracks")
    tracks = [Track(described) for described in root["tracks"]]
    by_id = {track.track_id: track for track in tracks}
    require(len(by_id) == len(tracks), "a track_id is there twice")
    return by_id


def check_continues(before: Tracks, after: Tracks) -> None:
    """A later TRAK has the same tracks in the same order, and may have more behind them."""
    require(list(after)[: len(before)] == list(before), "a TRAK has other tracks than the one before")
    for track_id, old in before.items():
        require(old.fixed() == after[track_id].fixed(), "a TRAK changes what blocks depend on")
