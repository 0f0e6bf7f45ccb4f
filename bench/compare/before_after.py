#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures H4MK of two builds, before and after a change, in one run.

    bench/compare/before_after.py --before PREFIX [--prefix dist] [--cache build/compare] [--rounds 5] [--inputs film,opus,uhd]

Each PREFIX is a dist/ folder that `build_ffmpeg.sh` made. The builds take turns: each writes and reads H4MK, and NUT beside it.
The ratio is the median of after / before within a round. That of NUT, which no change of ours touches, tells how far the run
can be trusted. README.md says what the lines mean.
"""
import argparse
import statistics
from pathlib import Path

from compare import ROOT, SEEKS, Measure
from inputs import INPUTS, make_input

FORMATS = ["h4mk", "nut"]
# member of what measure prints, name, unit, what a unit has of it
TIMES = [
    ("mux_ns", "mux a packet", "ns", lambda r: r["packets"]),
    ("demux_ns", "demux a packet", "ns", lambda r: r["packets"]),
    ("open_ns", "open", "µs", lambda r: 1000),
    ("seek_ns", "seek and packet", "µs", lambda r: 1000),
    ("seek_alone_ns", "… only that stream", "µs", lambda r: 1000),
]


class Build:
    def __init__(self, prefix, cache):
        cache.mkdir(parents=True, exist_ok=True)
        self.cache, self.measure = cache, Measure(prefix.resolve(), cache)

    def round(self, source):
        """{(format, member): value} of one round."""
        files = {form: self.cache / f"{source.stem}.{form}" for form in FORMATS}
        records = self.measure.lines("mux", 1, source, *(x for form in FORMATS for x in (form, files[form])))
        records += self.measure.lines("read", 1, SEEKS, *files.values())
        form_of = {str(path): form for form, path in files.items()} | {form: form for form in FORMATS}
        return {(form_of[r.get("format") or r["file"]], member): r[member] / per(r)
                for r in records for member, _, _, per in TIMES if member in r}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--prefix", type=Path, default=ROOT / "dist")
    parser.add_argument("--cache", type=Path, default=ROOT / "build/compare")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--inputs", default=",".join(INPUTS), help="of " + ", ".join(INPUTS))
    options = parser.parse_args()
    cache = options.cache.resolve()
    before, after = Build(options.before, cache / "before"), Build(options.prefix, cache / "after")
    print(f"{'':<24}{'before':>10}{'after':>10}{'ratio':>8}{'of NUT':>8}{'after to NUT':>14}")
    for name in options.inputs.split(","):
        source = make_input(name, options.prefix.resolve() / "bin/ffmpeg", cache)
        rounds = [(before.round(source), after.round(source)) for _ in range(options.rounds)]
        print(INPUTS[name].title)
        for member, title, unit, _ in TIMES:
            old, new = (statistics.median(r[side]["h4mk", member] for r in rounds) for side in (0, 1))
            ratio, of_nut = (statistics.median(b[form, member] / a[form, member] for a, b in rounds) for form in FORMATS)
            to_nut = statistics.median(b["h4mk", member] / b["nut", member] for _, b in rounds)
            print(f"  {title + ', ' + unit:<22}{old:>10.1f}{new:>10.1f}{ratio:>8.2f}{of_nut:>8.2f}{to_nut:>14.2f}", flush=True)


if __name__ == "__main__":
    main()
