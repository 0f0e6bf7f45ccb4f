# SPDX-License-Identifier: MIT
"""core.md, "Seeking", "Frames", "Decode chain", "Block by number": what the answers are, by looking at every block.

A reader finds the same by binary search over the index; report.py shows that the index says the same as the clusters.
"""

from .description import Track, Tracks
from .recording import Entry, Recording


def _in_time(entry: Entry) -> tuple[int, int]:
    """The order of frames and of seek points: by time, and those with equal times in the order of the file."""
    return entry.block.time, entry.position


def seek_points(recording: Recording, track: int) -> list[Entry]:
    found = [entry for entry in recording.tracks.get(track, []) if entry.block.is_seek_point]
    return sorted(found, key=_in_time)


def find_seek_point(recording: Recording, track: int, time: int, forward: bool) -> Entry | None:
    """The last one not later, or the first if all are later; forward: the first one not earlier."""
    points = seek_points(recording, track)
    if forward:
        return next((point for point in points if point.block.time >= time), None)
    return next((point for point in reversed(points) if point.block.time <= time), points[0] if points else None)


def beginnings(recording: Recording, tracks: Tracks, target: Entry) -> dict[int, Entry | None]:
    """Where each track begins behind a seek."""
    begins: dict[int, Entry | None] = {}
    for track_id, track in tracks.items():
        if track_id == target.block.track:
            begins[track_id] = target
        else:
            begins[track_id] = _beginning(recording, track, target, tracks[target.block.track])
    return begins


def _beginning(recording: Recording, track: Track, target: Entry, target_track: Track) -> Entry | None:
    entries = recording.tracks.get(track.track_id, [])
    points = seek_points(recording, track.track_id)
    if not points:
        return next((entry for entry in entries if entry.position > target.position), None)
    limit = target.block.time * target_track.time_base[0] * track.time_base[1]
    unit = track.time_base[0] * target_track.time_base[1]
    return next((point for point in reversed(points) if point.block.time * unit <= limit), entries[0])


def order_behind(recording: Recording, begins: dict[int, Entry | None], target: Entry) -> list[Entry]:
    """The block that was asked for first; all others in the order of the file."""
    places = {track: begin.position for track, begin in begins.items() if begin is not None}
    never = len(recording.all)
    behind = [entry for entry in recording.all if entry.position >= places.get(entry.block.track, never)]
    return [target, *(entry for entry in behind if entry is not target)]


def frames(recording: Recording, track: int) -> list[Entry]:
    return sorted((entry for entry in recording.tracks.get(track, []) if entry.block.is_frame), key=_in_time)


def decode_chain(recording: Recording, track: int, number: int) -> list[Entry] | None:
    """All blocks from the last key block that is neither behind the frame nor later than it."""
    shown = frames(recording, track)
    if not 0 <= number < len(shown):
        return None
    frame = shown[number]
    chain: list[Entry] = []
    for entry in reversed(recording.tracks[track]):
        if entry.position > frame.position:
            continue
        chain.append(entry)
        if entry.block.is_seek_point and entry.block.time <= frame.block.time:
            return chain[::-1]
    return None
