# SPDX-License-Identifier: MIT
"""protection.md, "What each tool promises to whom": what must hold whatever was done to a file."""
import json
import pathlib
import subprocess
import time

WORDS_OF_TRACKS = ("name", "note", "tags")
WORDS = ("tags", "chapters")
SLOW = 10  # seconds


def content(said):
    """What decides how a file is shown."""
    tracks = [{k: v for k, v in track.items() if k not in WORDS_OF_TRACKS} for track in said["tracks"]]
    meta = {k: v for k, v in (said["meta"] or {}).items() if k not in (*WORDS, "protection") and not isinstance(v, str)}
    return {"tracks": tracks, "meta": meta}


def plain(block):
    return json.dumps({k: v for k, v in block.items() if k != "stored"}, sort_keys=True)


def by_track(blocks):
    """Encryption alone does not promise the order between tracks."""
    return sorted(map(plain, sorted(blocks, key=lambda block: block["track"])))


class Judge:
    def __init__(self, recording, readers, folder):
        self.recording = recording
        self.readers = readers
        self.path = pathlib.Path(folder, "attacked.h4mk")
        self.original = self.ask(recording.data)
        for reader, said in self.original.items():
            assert said["good"] == recording.closed or not recording.signed, (recording.name, reader, said)
        # That a file of the same key stands in the place of this one is not covered.
        self.known = {reader: [said] for reader, said in self.original.items()}
        for other in recording.others:
            for reader, said in self.ask(other).items():
                self.known[reader].append(said)

    def ask(self, data):
        self.path.write_bytes(data)
        return {name: self.asked(reader) for name, reader in self.readers.items()}

    def asked(self, reader):
        begin = time.monotonic()
        try:
            said = reader.ask(self.path, self.recording.options)
        except subprocess.TimeoutExpired:
            return {"outcome": "timeout", "good": False}
        return said if time.monotonic() - begin < SLOW else {"outcome": "slow", "good": False}

    def faults(self, data):
        """In words, what a file shows that must not be."""
        said = self.ask(data)
        for reader, one in said.items():
            if one["outcome"] in ("crash", "timeout", "slow"):
                yield f"{reader}: {one['outcome']} {one.get('error', '')}"
            elif one["outcome"] == "read":
                yield from self.faults_of_content(reader, one)
        if self.recording.signed:
            whole = {name: one["good"] for name, one in said.items() if self.readers[name].looks_everywhere}
            doubt = [name for name, one in said.items() if not one["good"]]
            if len(set(whole.values())) > 1 or (all(whole.values()) and doubt):
                yield "verdicts differ: not good says " + ", ".join(doubt)

    def faults_of_content(self, reader, one):
        known = self.known[reader]
        if one["good"] and not self.shows(one, known[0]):
            yield f"{reader}: good, with other content"
        if not any(self.within(one, other) for other in known if other["outcome"] == "read"):
            yield f"{reader}: content that nobody made"

    def shows(self, one, other):
        if not self.recording.signed:
            return content(one) == content(other) and by_track(one["blocks"]) == by_track(other["blocks"])
        return all(one.get(member) == other.get(member) for member in ("tracks", "meta", "blocks", "attachments"))

    def within(self, one, other):
        """All that is handed out is the other file's."""
        if not {plain(b) for b in one["blocks"]} <= {plain(b) for b in other["blocks"]}:
            return False
        if not self.recording.signed:
            return not one["blocks"] or content(one) == content(other)
        attachments = all(attachment in other.get("attachments", []) for attachment in one.get("attachments", []))
        meta = content(one)["meta"]
        return attachments and content(one)["tracks"] == content(other)["tracks"] and (not meta or meta == content(other)["meta"])
