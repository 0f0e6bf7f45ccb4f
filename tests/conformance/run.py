#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a reader over the suite and compares what it says with what must be said.

    run.py --reader 'python3 h4mk_reader.py'             everything
    run.py --reader './with_libh4mk' --only invalid/ -v  a part, with all differences

A reader is a command that takes options of README.md and a file, and prints JSON. What it leaves out of the object is not compared; --members says
which members it must have. --kinds names the kinds of problems that it can tell apart; without it, all. A reader that says that something is wrong,
but not what, is run with --kinds any.
"""
import argparse
import concurrent.futures
import contextlib
import importlib
import io
import json
import os
import pathlib
import resource
import shlex
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
CHECKS = {"index_contradiction", "ordinals", "container_checksum", "cluster_checksum"}


class Runner:
    def __init__(self, arguments):
        self.command = shlex.split(arguments.reader)
        self.module = importlib.import_module(arguments.reader.removeprefix("module:")) if arguments.reader.startswith("module:") else None
        self.members = arguments.members
        self.without = set(arguments.without)
        self.kinds = arguments.kinds
        self.block_members = arguments.block_members
        self.flags = arguments.flags
        self.timeout = arguments.timeout
        self.compared = 0
        self.slowest = 0.0, ""

    def ask(self, path, options):
        if self.module:
            return self.ask_module([*options, str(path)])
        begin = time.monotonic()
        done = subprocess.run([*self.command, *options, str(path)], capture_output=True, timeout=self.timeout, stdin=subprocess.DEVNULL)
        self.slowest = max(self.slowest, (time.monotonic() - begin, path.stem))
        try:
            return json.loads(done.stdout)
        except ValueError:
            text = done.stderr.decode(errors="replace").strip().splitlines()
            return {"outcome": f"no JSON, status {done.returncode}: {text[-1] if text else 'nothing was said'}"}

    def ask_module(self, options):
        said = io.StringIO()
        sys.argv = [self.module.__name__, *options]
        try:
            with contextlib.redirect_stdout(said):
                self.module.main()
            return json.loads(said.getvalue())
        except Exception as error:  # whatever it is, the reader failed on this file
            return {"outcome": f"{type(error).__name__}: {error}"}

    def problems(self, must, said, closed):
        """Both lists, without the problems that this reader is not asked for."""
        if self.kinds == "any":
            wrong = any(p["kind"] not in CHECKS | {"missing_bytes"} for p in must)
            unclear = (must or not closed) and not wrong  # found by a look at the whole file, or no damage: to be said or not
            return wrong, bool(said) and not unclear

        def asked(problems):
            return sorted((p for p in problems if not (p["kind"] in CHECKS and "checks" in self.without)
                           and (self.kinds is None or p["kind"] in self.kinds)), key=lambda p: json.dumps(p, sort_keys=True))
        return asked(must), asked(said)

    def comparable(self, member, must, said, closed):
        """Both sides, without what this reader cannot tell."""
        if said is not None and must is not None and type(said) is not type(must):
            return must, said
        if member == "problems":
            return self.problems(must, said or [], closed)
        if member == "meta":  # an empty META says nothing
            return must or {}, said or {}
        if member == "totals" and said:
            return {t: {k: v for k, v in values.items() if k in said.get(t, {})} for t, values in must.items()}, said
        if member in ("blocks", "block") and must and said:
            one = member == "block"
            for wanted, got in zip([must] if one else must, [said] if one else said):
                self.mask(wanted, got)
        return must, said

    def mask(self, must, said):
        """Takes out of a block what this reader cannot tell."""
        stored = must.get("stored", {})
        how = stored.get("as", ())
        if "zstd" in self.without and "compressed" in how and said.get("sha256") is None:
            must["sha256"] = None
        if "stored" in self.without and "stored" not in said:
            must.pop("stored", None)
            if "encrypted" in how and must["sha256"] is None and said.get("sha256"):
                must["size"], must["sha256"] = stored["size"], stored["sha256"]
        if self.block_members:
            for block in (must, said):
                for member in set(block) - self.block_members:
                    del block[member]
        if self.flags and "flags" in must:
            must["flags"] = [flag for flag in must["flags"] if flag in self.flags]

    def differences(self, must, said, prefix=""):
        """What must be said and is not, in words."""
        if must.get("outcome") != said.get("outcome"):
            yield f"{prefix}outcome: must be {must['outcome']}, is {said.get('outcome')} {json.dumps(said.get('error', ''))}"
            return
        if must["outcome"] == "refused":
            wanted = {k: v for k, v in must["error"].items() if k in said.get("error", {})}
            got = {k: v for k, v in said.get("error", {}).items() if k in wanted}
            if wanted != got:
                yield f"{prefix}error: " + difference(wanted, got)
            return
        for member, value in must.items():
            if member not in said and member not in self.members:
                continue
            self.compared += 1
            wanted, got = self.comparable(member, json.loads(json.dumps(value)), said.get(member), must.get("closed"))
            if wanted != got:
                yield f"{prefix}{member}: " + difference(wanted, got)

    def questions(self, entry):
        """The questions about a file, in lists that fit into one call: each asks for a member once."""
        calls = [[]]
        for question in entry.get("ask", ()) if "questions" not in self.without else ():
            free = [c for c in calls if not any(member_of(q) == member_of(question) for q in c)]
            if not free:
                calls.append([])
            (free or calls)[-1].append(question)
        return calls

    def checked(self, path):
        try:
            return self.run(path)
        except subprocess.TimeoutExpired:
            return [f"no answer after {self.timeout:g} s"]

    def run(self, path):
        """Differences of one file."""
        entry = json.loads(path.with_suffix(".json").read_text())
        must = entry["expect"]
        if "track_ids" in self.without:
            by_position(must, entry.get("pipe"), *entry.get("also", ()), *(keyed["expect"] for keyed in entry.get("keyed", ())))
        found = []
        for number, questions in enumerate(self.questions(entry)):
            said = self.ask(path, [option for q in questions for option in q["options"]])
            if number == 0:
                found = list(self.differences(must, said))
                if found and any(not list(self.differences(other, said)) for other in entry.get("also", ())):
                    return []
            for question in questions:
                member = member_of(question)
                if member in said or member in self.members:
                    found += self.differences({"outcome": "read", member: question[member]}, said, " ".join(question["options"]) + ": ")
        for keyed in entry.get("keyed", ()) if "keys" not in self.without else ():
            if "--pipe" in keyed["options"] and "pipe" in self.without:
                continue
            said = self.ask(path, keyed["options"])
            found += self.differences(keyed["expect"], said, " ".join(o for o in keyed["options"] if o.startswith("--")) + ": ")
        if "pipe" not in self.without and entry.get("pipe") is not False:
            piped = self.ask(path, ["--pipe"])
            found += self.differences({**must, **entry.get("pipe", {})}, piped, "from a pipe: ")
        return found


def by_position(*objects):
    """Replaces the track ids of blocks by positions in the list of tracks."""
    tracks = [t["track_id"] for t in objects[0].get("tracks", ())]
    for said in objects:
        for block in (said or {}).get("blocks", ()):
            block["track"] = tracks.index(block["track"])


def member_of(question):
    return next(k for k in question if k != "options")


def difference(must, said):
    """The first place where two values differ."""
    if isinstance(must, list) and isinstance(said, list):
        for i, (a, b) in enumerate(zip(must, said)):
            if a != b:
                return f"[{i}] " + difference(a, b)
        if len(must) != len(said):
            more, name = (must, "missing") if len(must) > len(said) else (said, "too many")
            return f"{name}: {json.dumps(more[min(len(must), len(said)):])}"
    if isinstance(must, dict) and isinstance(said, dict):
        for k in [*must, *said]:
            if must.get(k, "nothing") != said.get(k, "nothing"):
                return f"{k}: " + difference(must.get(k, "nothing"), said.get(k, "nothing"))
    return f"must be {json.dumps(must)}, is {json.dumps(said)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", required=True, help="the command; module:NAME is a Python module with a main() that prints, which is much faster")
    parser.add_argument("--only", default="", help="files whose path begins so")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many files at a time")
    parser.add_argument("--members", type=lambda t: t.split(","), default=["outcome", "blocks", "problems"],
                        help="members that the reader must not leave out (outcome,blocks,problems)")
    parser.add_argument("--without", type=lambda t: t.split(","), default=[],
                        help="what the reader cannot do: zstd, pipe, questions, keys (decrypt), checks (problems that need a look at the whole file), stored (how unpacked blocks are stored), track_ids (tracks are told by their position)")
    parser.add_argument("--kinds", type=lambda t: t if t == "any" else set(t.split(",")), help="kinds of problems that are compared")
    parser.add_argument("--block-members", type=lambda t: set(t.split(",")), help="members of blocks that the reader tells; all, if not given")
    parser.add_argument("--flags", type=lambda t: t.split(","), help="flags of blocks that the reader tells")
    parser.add_argument("--skip", type=lambda t: t.split(","), default=[], help="names of files that this reader cannot be asked about")
    parser.add_argument("--timeout", type=float, default=30, help="seconds for a file (30)")
    parser.add_argument("-v", "--verbose", action="store_true", help="all differences of a file, not the first one")
    arguments = parser.parse_args()
    runner = Runner(arguments)
    files = sorted(p for folder in ("valid", "invalid", "vectors") for p in (HERE / folder).glob("*.h4mk"))
    files = [p for p in files if str(p.relative_to(HERE)).startswith(arguments.only) and p.stem not in arguments.skip]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(1 if runner.module else arguments.jobs) as pool:
        results = list(pool.map(runner.checked, files))
    for path, found in zip(files, results):
        if found:
            failed += 1
            print(f"{path.relative_to(HERE)}:")
            for line in found if arguments.verbose else found[:1]:
                print(f"    {line[:600]}")
    print(f"{len(files) - failed} of {len(files)} files as they must be; {runner.compared} members compared")
    if not runner.module:
        print(f"slowest: {runner.slowest[1]}, {runner.slowest[0]:.2f} s; most memory: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MiB")
    return 0 if files and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
