#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the program h4mk says about a file, by its --json, as the JSON of README.md: run.py compares it.

    H4MK_TOOL=PROGRAM with_h4mk.py [--key HEX | --verify-key BASE64] [--frames TRACK] [--block TRACK ORDINAL] FILE

It leaves out what the program does not tell: with --verify-key that are the blocks, since only `h4mk verify` takes such a key.
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FLAGS = ("key", "discard", "corrupt")
KEY_VARIABLE = "H4MK_CONFORMANCE_KEY"
# A file without an end is not wrong: it grows. One whose signature is final does not.
NO_PROBLEM = ("no end at byte", "the file has no end")


class Refused(Exception):
    pass


class Tool:
    def __init__(self, program, path, key):
        self.program, self.path, self.key = program, path, key

    def json(self, command, *options):
        with_key = ["--key-env", KEY_VARIABLE] if self.key and command != "inspect" else []
        done = subprocess.run([self.program, command, *options, *with_key, "--json", self.path], stdin=subprocess.DEVNULL,
                              capture_output=True, env={**os.environ, KEY_VARIABLE: self.key or ""})
        return json.loads(done.stdout)

    def block(self, track_id, ordinal):
        """The block with this number as it is handed out; None if it is not."""
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "block")
            block = self.json("block", "-t", track_id, "-i", ordinal, "-o", out).get("block")
            return block and described({**block, "sha256": hashlib.sha256(out.read_bytes()).hexdigest()})


def described(block, opened=False):
    """A block of `h4mk list --hash` as README.md has it. `opened`: it was decrypted."""
    said = {"track": block["track_id"], **{k: block[k] for k in ("ordinal", "type", "pts", "dts", "duration")},
            "flags": [flag for flag in FLAGS if block.get(flag)]}
    if "side_data" in block:
        said["side_data"] = [hashed(piece, name=piece["name"]) for piece in block["side_data"]]
    if opened or not block.get("encrypted"):
        return hashed(block, **said)
    how = ["encrypted"] + ["compressed"] * block.get("compressed", False)
    return {**said, "size": None, "sha256": None, "stored": hashed(block, **{"as": how})}


def hashed(data, **more):
    return {**more, "size": data["size"], "sha256": data["sha256"][:16]}


def totals_of(track):
    return {"blocks": track["blocks"], "bytes": track["bytes"], "start_pts": track["start_pts"], "end": track["end_pts"]}


def problems_of(*answers, may_grow=True):
    """What the program calls wrong."""
    messages = [error["message"] for answer in answers for error in answer["errors"]]
    return [{"kind": "said", "message": message} for message in messages if not (may_grow and message.startswith(NO_PROBLEM))]


def read(tool):
    """All but the answers to questions."""
    inspected = tool.json("inspect")
    if "tracks" not in inspected:
        raise Refused(inspected["errors"])
    listed = tool.json("list", "--hash")
    if "blocks" not in listed:
        raise Refused(listed["errors"])
    tracks = inspected["tracks"]
    return {
        "outcome": "read",
        "closed": inspected["closed"],
        "tracks": [track["description"] for track in tracks],
        "meta": inspected["meta"],
        "totals": {str(track["description"]["track_id"]): totals_of(track) for track in tracks},
        "blocks": [described(block, opened=bool(tool.key)) for block in listed["blocks"]],
        "problems": problems_of(listed, tool.json("verify")),
    }


def signed(tool, verify_key):
    """What is said of a file with a key for its signature."""
    with tempfile.NamedTemporaryFile("w") as public:
        public.write(f"-----BEGIN PUBLIC KEY-----\n{verify_key}\n-----END PUBLIC KEY-----\n")
        public.flush()
        verified = tool.json("verify", "--public-key", public.name)
    signature = verified.get("signature", {})
    if "final" not in signature:
        raise Refused(verified["errors"])
    good = verified["ok"] and signature["final"]
    return {"outcome": "read", "problems": problems_of(verified, may_grow=not signature["final"]), "verdict": "good" if good else "not good"}


def option(name, count=1):
    """What stands behind an option; None without it."""
    if name not in sys.argv:
        return None
    place = sys.argv.index(name) + 1
    return sys.argv[place : place + count]


def main():
    tool = Tool(os.environ["H4MK_TOOL"], sys.argv[-1], (option("--key") or [None])[0])
    try:
        said = signed(tool, *option("--verify-key")) if option("--verify-key") else read(tool)
    except Refused as refused:
        print(json.dumps({"outcome": "refused", "error": {"message": refused.args[0]}}))
        return
    if option("--frames"):
        listed = tool.json("frames", "-t", *option("--frames"))
        said["frame_list"] = [[frame["pts"], frame["ordinal"]] for frame in listed["frames"]]
    if option("--block", 2):
        said["block"] = tool.block(*option("--block", 2))
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
