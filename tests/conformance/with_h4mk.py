#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the program h4mk says about a file, by its --json, as the JSON of README.md: run.py compares it.

    with_h4mk.py H4MK [--seek TRACK TIME [--forward]] [--frames TRACK] FILE
"""
import argparse
import hashlib
import json
import subprocess


class Tool:
    def __init__(self, program, path):
        self.program, self.path = program, path

    def run(self, command, *options):
        return subprocess.run([self.program, command, *options, self.path], stdin=subprocess.DEVNULL, capture_output=True)

    def json(self, command, *options):
        done = self.run(command, *options, "--json")
        return json.loads(done.stdout) if done.stdout else {"errors": [{"message": done.stderr.decode(errors="replace")}]}

    def block_of(self, listed):
        """A block as `list` has it, with the bytes that `block` gives; None if it gives none."""
        done = self.run("block", "-t", str(listed["track_id"]), "-i", str(listed["ordinal"]), "-o", "-",
                        *(["--raw"] if listed.get("encrypted") else []))
        if b"wrote -" not in done.stderr:  # the status tells of the file as well, which may have no end
            return None
        said = {"track": listed["track_id"], **{k: listed[k] for k in ("ordinal", "type", "pts", "dts", "duration")},
                "flags": ["key"] if listed["key"] else []}
        hashed = {"size": len(done.stdout), "sha256": hashlib.sha256(done.stdout).hexdigest()[:16]}
        if listed.get("encrypted"):
            return {**said, "size": None, "sha256": None,
                    "stored": {"as": ["encrypted"] + ["compressed"] * listed.get("compressed", False), **hashed}}
        return {**said, **hashed}


def totals_of(track):
    return {"blocks": track["blocks"], "bytes": track["bytes"], "start_pts": track.get("start_pts"), "end": track.get("end_pts")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--frames", metavar="TRACK")
    parser.add_argument("file")
    arguments, _ = parser.parse_known_args()
    tool = Tool(arguments.program, arguments.file)
    inspected = tool.json("inspect")
    if "tracks" not in inspected:
        print(json.dumps({"outcome": "refused", "error": {"message": inspected["errors"]}}))
        return
    # A file that has no end yet is not wrong.
    errors = [e for e in tool.json("verify").get("errors", ()) if "was cut, or is still being written" not in e["message"]]
    said = {
        "outcome": "read",
        "closed": inspected["closed"],
        "tracks": [t["description"] for t in inspected["tracks"]],
        "meta": inspected["meta"],
        "blocks": [b for b in map(tool.block_of, tool.json("list").get("blocks", ())) if b],
        "problems": [{"kind": "said", "message": e["message"]} for e in errors],
        "totals": {str(t["description"]["track_id"]): totals_of(t) for t in inspected["tracks"]},
    }
    if arguments.frames:
        listed = tool.json("frames", "-t", arguments.frames)
        said["frame_list"] = [[f["pts"], f["ordinal"]] for f in listed.get("frames", ())]
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
