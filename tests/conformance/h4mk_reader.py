#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what a file of H4MK holds, as JSON: README.md, "What a reader must say"."""

import argparse
import base64
import json
import mmap
import os
import sys

from reader.report import Report


def load(name: str, pipe: bool) -> bytes | mmap.mmap:
    if name == "-":
        return sys.stdin.buffer.read()
    with open(name, "rb") as file:
        if pipe or os.fstat(file.fileno()).st_size == 0:
            return file.read()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", metavar="FILE", help="- is standard input, read as a pipe")
    parser.add_argument("--pipe", action="store_true", help="once, from the first byte to the last")
    parser.add_argument("--seek", nargs=2, type=int, metavar=("TRACK", "TIME"))
    parser.add_argument("--forward", action="store_true", help="seek to what is not earlier")
    parser.add_argument("--frames", type=int, metavar="TRACK")
    parser.add_argument("--chain", nargs=2, type=int, metavar=("TRACK", "FRAME"))
    parser.add_argument("--block", nargs=2, type=int, metavar=("TRACK", "ORDINAL"))
    parser.add_argument("--key", type=bytes.fromhex, metavar="HEX", help="of the blocks, which are encrypted")
    parser.add_argument("--verify-key", type=base64.b64decode, metavar="BASE64", help="a public key (DER): only what is signed with it is used")
    parser.add_argument("--chunks", action="store_true")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    pipe = asked.pipe or asked.file == "-"
    report = Report(load(asked.file, pipe), os.path.dirname(asked.file) or ".", pipe, asked.key, asked.verify_key)
    if report.json["outcome"] == "read":
        answer(report, asked, pipe)
    print(json.dumps(report.json, indent=1, ensure_ascii=False))


def answer(report: Report, asked: argparse.Namespace, pipe: bool) -> None:
    if asked.chunks:
        report.chunks()
    if pipe:
        return
    if asked.seek:
        report.seek(*asked.seek, asked.forward)
    if asked.frames is not None:
        report.frames(asked.frames)
    if asked.chain:
        report.chain(*asked.chain)
    if asked.block:
        report.block(*asked.block)


if __name__ == "__main__":
    main()
