# SPDX-License-Identifier: MIT
"""H4MK media files: tracks, packets, exact frames, verification, writing.

    import h4mk
    with h4mk.open("film.h4mk") as film:
        for packet in film.video.packets():
            ...
"""
from ._errors import (ArgumentError, CancelledError, CorruptError, Error, FormatError, KeyRequiredError, LimitError, NotFoundError, ReadError,
                      StateError, UnsupportedError)
from .file import Chapter, File, open
from .packets import Packet
from .sidecar import index
from .tracks import Attachment, AudioTrack, Times, Track, VideoTrack
from .verification import Report, Signature
from .writer import OutputTrack, Writer

__all__ = [
    "ArgumentError", "Attachment", "AudioTrack", "CancelledError", "Chapter", "CorruptError", "Error", "File", "FormatError", "KeyRequiredError",
    "LimitError", "NotFoundError", "OutputTrack", "Packet", "ReadError", "Report", "Signature", "StateError", "Times", "Track",
    "UnsupportedError", "VideoTrack", "Writer", "index", "open",
]
