#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes all files of the suite, their expectations, the table in README.md and the vectors of the specification.

    make.py            makes them
    make.py --check    says what differs from what is in the folder, and changes nothing
"""
import argparse
import json
import pathlib
import sys

import cases
import vectors
from builder.file import File

HERE = pathlib.Path(__file__).resolve().parent
SPEC = HERE.parent.parent / "libh4mk" / "spec"
BEGIN, END = "<!-- files: made by make.py -->", "<!-- end of files -->"


def as_json(value, indent=0):
    """Objects and lists a line each where they are short: a difference shows where it is."""
    flat = json.dumps(value, ensure_ascii=True)
    if len(flat) + indent <= 150 or not value or not isinstance(value, (dict, list)):
        return flat
    pad = " " * (indent + 1)
    if isinstance(value, dict):
        parts = [f"{pad}{json.dumps(k)}: {as_json(v, indent + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + as_json(v, indent + 1) for v in value) + "\n" + " " * indent + "]"


def files():
    """All files of the suite by their path in this folder: bytes, or the Path that a link leads to."""
    out = {}
    made = [(e.folder, e.name, e.section, e.shows, e.make(File(e.name))) for e in cases.load()]
    made += [("vectors", name, "vectors.md", shows, case) for name, shows, case in vectors.cases()]
    for folder, name, section, shows, case in made:
        said = {"shows": shows, "section": section, "expect": case.expect}
        for member, default in (("ask", []), ("pipe", {}), ("also", []), ("keyed", [])):
            if getattr(case, member) != default:
                said[member] = getattr(case, member)
        out[f"{folder}/{name}.h4mk"] = case.data
        out[f"{folder}/{name}.json"] = (as_json(said) + "\n").encode()
        for beside, data in case.beside.items():
            out[f"{folder}/{beside}"] = data
    return out


def table():
    lines = []
    for folder in ("valid", "invalid"):
        lines += [f"### `{folder}/`", "", "| file | shows | core.md |", "| --- | --- | --- |"]
        lines += [f"| `{e.name}` | {e.shows.replace('|', chr(92) + '|')} | {e.section} |"
                  for e in sorted(cases.ALL, key=lambda e: e.name) if e.folder == folder]
        lines.append("")
    return "\n".join(lines)


def readme():
    text = (HERE / "README.md").read_text()
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{table()}\n{END}{rest.split(END)[1]}"


def everything():
    made = {HERE / path: data for path, data in files().items()}
    made[HERE / "README.md"] = readme().encode()
    made[SPEC / "vectors.md"] = vectors.document().encode()
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    made = everything()
    there = {p for folder in ("valid", "invalid", "vectors") for p in (HERE / folder).glob("**/*") if p.is_file()}
    wrong = [f"{p.relative_to(HERE)}: nothing makes it" for p in sorted(there - made.keys())]
    for path, data in made.items():
        if isinstance(data, pathlib.Path):
            if path.is_symlink() and path.readlink() == data:
                continue
        elif path.is_file() and path.read_bytes() == data:
            continue
        wrong.append(f"{path.name}: differs from what make.py makes")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(data, pathlib.Path):
                path.unlink(missing_ok=True)
                path.symlink_to(data)
            else:
                path.write_bytes(data)
    if not check:
        for path in there - made.keys():
            path.unlink()
        sizes = [len(data) for path, data in made.items() if path.suffix == ".h4mk"]
        print(f"{len(sizes)} files, {sum(sizes)} bytes")
        return 0
    print("\n".join(wrong) or "all as make.py makes it")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
