# SPDX-License-Identifier: MIT
"""A file that is read."""
from __future__ import annotations

import dataclasses
import os
from fractions import Fraction
from typing import Any, Iterable, Iterator, Mapping

from . import verification
from ._decoder import Decoder
from ._described import items, mapping, rational
from ._errors import NotFoundError
from ._library import check, frames_library, from_value, lib, new_struct
from ._reader import Key, Place, Reader, Source, source_of
from .packets import IdleReader, Packet, read_packets
from .tracks import AudioTrack, Seconds, Track, VideoTrack, make_track


@dataclasses.dataclass(frozen=True)
class Chapter:
    """A part of a file; times in seconds, None where they are not known."""

    start: Fraction | None
    end: Fraction | None
    tags: dict[str, Any]

    @property
    def title(self) -> str | None:
        return self.tags.get("title")


class File:
    """An H4MK file, open for reading. open() makes one.

    Any thread may use it. It can be pickled, and used after fork(): the process that gets it opens the file again when it needs
    it. Pickled it holds the key it was opened with."""

    def __init__(self, source: Source, threads: int = 0, max_pixels: int = 0) -> None:
        self._source = source
        self._threads = threads
        self._max_pixels = max_pixels
        self._decoders: dict[int, Decoder] = {}
        self._handle: Reader | None = None
        self._idle = IdleReader()
        self._closed = False
        self._tracks: tuple[Track, ...] | None = None
        self._reader()

    # ------------------------------------------------------------------------------------------- what is in it

    @property
    def version(self) -> int:
        """Of the format: 1 or 2; 256 for the transport dialect."""
        reader = self._reader()
        with reader:
            return int(lib.h4mk_reader_version(reader.pointer))

    @property
    def is_closed(self) -> bool:
        """Whether it has an end; if not, it is still being written or was cut."""
        reader = self._reader()
        with reader:
            return bool(lib.h4mk_reader_is_closed(reader.pointer))

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All tracks, in the order of the file."""
        reader = self._reader()
        if self._tracks is None:
            with reader:
                count = lib.h4mk_reader_track_count(reader.pointer)
                descriptions = [from_value(lib.h4mk_reader_track(reader.pointer, i)) for i in range(count)]
            self._tracks = tuple(make_track(self, i, description) for i, description in enumerate(descriptions))
        return self._tracks

    @property
    def video(self) -> VideoTrack:
        """The video track that is shown by default; covers are none."""
        return self._default(VideoTrack, "video")

    @property
    def audio(self) -> AudioTrack:
        """The audio track that is heard by default."""
        return self._default(AudioTrack, "audio")

    def _default(self, kind: Any, name: str) -> Any:
        found = [t for t in self.tracks if isinstance(t, kind) and "attached_pic" not in t.disposition]
        if not found:
            raise NotFoundError(f"{self!r} has no {name} track")
        return next((t for t in found if "default" in t.disposition), found[0])

    @property
    def meta(self) -> dict[str, Any]:
        """All that is known of the file as a whole (ffmpeg.md, "Keys of META")."""
        reader = self._reader()
        with reader:
            return dict(from_value(lib.h4mk_reader_meta(reader.pointer)))

    @property
    def tags(self) -> dict[str, Any]:
        return mapping(self.meta.get("tags"))

    @property
    def chapters(self) -> list[Chapter]:
        return [chapter for entry in items(self.meta.get("chapters")) for chapter in _chapter(mapping(entry))]

    def packets(self, tracks: Iterable[Track] | None = None, start: Seconds | None = None) -> Iterator[Packet]:
        """Packets of all tracks, or of some, in the order of the file. With `start` (seconds) from the seek point of
        the first of these tracks at or before that time on. Each call reads on its own."""
        all_tracks = self.tracks
        chosen = list(all_tracks if tracks is None else tracks)
        seek = None
        if start is not None and chosen:
            lead = next((track for track in chosen if track.kind == "video"), chosen[0])
            seek = (lead.index, lead.ticks_at(start))
        http = self._reader().http
        reader = self._idle.take() or Reader(self._source, http)
        return read_packets(reader, self._idle, all_tracks, {track.index for track in chosen}, seek)

    # ------------------------------------------------------------------------------------------- verification

    def verify(self) -> verification.Report:
        """Reads all of the file, and compares it with its checksums, hashes and, with a verify_key, signatures."""
        return verification.verify(self._source)

    @property
    def signature(self) -> verification.Signature | None:
        """What is known to be signed of a file that was opened with a verify_key; else None."""
        if self._source.verify_key is None:
            return None
        return verification.signature_of(self._reader())

    @property
    def warnings(self) -> list[str]:
        """What was found to be wrong so far and did not stop reading; each is told once."""
        reader = self._reader()
        with reader:
            return list(iter(reader.next_warning, None))

    @property
    def transfers(self) -> dict[str, int]:
        """Of a file at a URL: how many requests were sent in this process, in how many rounds, and the bytes that came."""
        http = self._reader().http
        stats = new_struct("h4mk_http_stats")
        if http is not None:
            check(frames_library().h4mk_http_get_stats(http.pointer, stats))
        return {name: int(getattr(stats, name)) for name in ("requests", "rounds", "bytes")}

    # ------------------------------------------------------------------------------------------- as an object

    def close(self) -> None:
        """Closes the file; what was handed out stays. Calling it twice is allowed."""
        reader, was_closed, self._closed = self._handle, self._closed, True
        if reader is None or was_closed or reader.pid != os.getpid():
            return
        with reader:  # waits for calls that run; those that wait as well find that it was closed
            for decoder in self._decoders.values():
                decoder.free()
            self._decoders = {}
            self._idle.free()
            reader.free()

    def _reader(self) -> Reader:
        if self._closed:
            raise ValueError("the file was closed")
        if self._handle is None or self._handle.pid != os.getpid():
            self._decoders = {}
            self._handle = Reader(self._source)
        return self._handle

    def _cancel(self, track: int) -> None:
        decoder = self._decoders.get(track)  # without the lock, which a call that runs holds
        if decoder is not None and decoder.pid == os.getpid():
            decoder.cancel()

    def _decoder(self, track: int) -> Decoder:
        reader = self._reader()
        with reader:
            if track not in self._decoders:
                self._decoders[track] = Decoder(reader, track, self._threads, self._max_pixels)
            return self._decoders[track]

    def __enter__(self) -> File:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        return File, (self._source, self._threads, self._max_pixels)

    def __repr__(self) -> str:
        place = self._source.place
        return f"<h4mk.File {place if isinstance(place, str) else f'of {len(place)} bytes'}>"


def open(place: Place, key: Key | None = None, verify_key: str | bytes | None = None, *, beside: Mapping[str, str] | None = None,
         threads: int = 0, max_pixels: int = 0) -> File:
    """Opens a file for reading.

    place: a path, an http(s) URL, or the bytes of a file.
    key: what encrypted files are decrypted with; or several by their ids, as a mapping.
    verify_key: a public key in PEM form. Nothing of the file is used before it was verified; what is not as it was signed is
        CorruptError.
    beside: of a sidecar at a URL, the URL of the file beside it by its name, where that is not in the same folder or needs a
        signature of its own.
    threads: that decode at once; 0: as many as there are processors that the process may use.
    max_pixels: that a decoded picture may have; 0: 35651584 (8192 x 4352). Frames of a track with larger pictures are LimitError.

    Raises OSError, FormatError, CorruptError, KeyRequiredError."""
    return File(source_of(place, key, verify_key, beside), threads, max_pixels)


def _chapter(entry: Mapping[str, Any]) -> list[Chapter]:
    """None where it says no time base."""
    base = rational(entry.get("time_base"))
    if base is None:
        return []
    start, end = (entry[name] * base if type(entry.get(name)) is int else None for name in ("start", "end"))
    return [Chapter(start, end, mapping(entry.get("tags")))]
