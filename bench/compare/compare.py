#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures H4MK beside NUT, Matroska, MP4 and fragmented MP4, with one FFmpeg, in one run.

    bench/compare/compare.py [--prefix dist] [--cache build/compare] [--rounds 5] [--inputs film,opus,uhd]
                             [--json FILE] [--svg FILE]

Inputs are made once and kept in the cache. Prints a table, and writes the same as JSON. Times are CPU time in process; formats
take turns, and what is compared is the median of the ratios within a round. README.md says what each line means.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from inputs import INPUTS, make_input
from plot import write_svg
from range_server import RangeServer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FORMATS = {"h4mk": "H4MK", "nut": "NUT", "matroska": "Matroska", "mp4": "MP4", "fmp4": "frag. MP4"}
KILL_AT = 398  # seconds of media after which a writer is killed; half of the input where that is shorter
SEEKS = 500

# name, what it is called in the table, unit, digits, whether less is better (else more)
METRICS = [
    ("overhead", "overhead a packet", "B", 2, True),
    ("mux_ns", "mux, CPU a packet", "ns", 0, True),
    ("demux_ns", "demux, CPU a packet", "ns", 0, True),
    ("open_us", "open, CPU", "µs", 0, True),
    ("seek_us", "random seek and packet, CPU", "µs", 1, True),
    ("seek_alone_us", "… other streams discarded", "µs", 1, True),
    ("http_requests", "HTTP requests: open, seek", "", 0, True),
    ("http_kb", "HTTP bytes: open, seek", "kB", 0, True),
    ("mux_mib", "peak memory of muxing", "MiB", 1, True),
    ("open_mib", "peak memory of opening", "MiB", 1, True),
    ("lost_seconds", "lost by SIGKILL", "s", 1, True),
    ("killed_entries", "index entries after SIGKILL", "", 0, False),
    ("identical", "packets identical", "%", 1, False),
    ("same_times", "packets with the same pts and dts", "%", 1, False),
    ("parameters", "parameters identical", "%", 0, False),
]


class Measure:
    """measure.c, compiled against the FFmpeg in prefix."""

    def __init__(self, prefix, cache):
        self.program = cache / "measure"
        environment = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "lib/pkgconfig"))
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libavformat", "libavcodec", "libavutil"],
                               env=environment, check=True, capture_output=True, text=True).stdout.split()
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", str(HERE / "measure.c"), "-o", str(self.program), *flags,
                        f"-Wl,-rpath,{prefix}/lib"], check=True)

    def lines(self, *arguments):
        run = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"{' '.join(map(str, run.args))}: {run.stderr.strip()}")
        return [json.loads(line) for line in run.stdout.splitlines()]

    def peak_mib(self, *arguments):
        return self.lines(*arguments)[0]["peak_kib"] / 1024

    def until_killed(self, *arguments):
        subprocess.run([self.program, *map(str, arguments)], stderr=subprocess.DEVNULL)


def medians(rounds, key, name):
    """rounds: records of all rounds; key: which member names the format; name: the member that counts."""
    return {form: statistics.median(r[name] for r in rounds if r[key] == form) for form in {r[key] for r in rounds}}


def ratios(rounds, key, name, ours):
    """The median of ours / theirs within a round, for each other format."""
    result = {}
    for form in {r[key] for r in rounds} - {ours}:
        by_round = {}
        for r in rounds:
            if r[key] in (ours, form):
                by_round.setdefault(r["round"], {})[r[key]] = r[name]
        result[form] = statistics.median(pair[ours] / max(pair[form], 1e-9) for pair in by_round.values() if len(pair) == 2)
    return result


class Comparison:
    def __init__(self, measure, cache, rounds):
        self.measure, self.cache, self.rounds = measure, cache, rounds

    def run(self, source):
        """{"formats": {format: {metric: value}}, "ratios": {metric: {format: ratio}}} of one input."""
        self.files = {form: self.cache / f"copy_of_{source.stem}.{form}" for form in FORMATS}
        self.values = {form: {} for form in FORMATS}
        self.ratios = {}
        self.times(source)
        self.sizes()
        self.memory(source)
        self.http()
        self.kill(source)
        self.fidelity(source)
        return {"packets": self.packets, "duration": self.duration, "formats": self.values, "ratios": self.ratios}

    def times(self, source):
        pairs = [x for form in FORMATS for x in (form, self.files[form])]
        muxed = self.measure.lines("mux", self.rounds, source, *pairs)
        self.note_times(muxed, "format", "mux_ns", "mux_ns", lambda r: 1 / r["packets"], {form: form for form in FORMATS})
        self.packets = muxed[0]["packets"]
        names = {str(path): form for form, path in self.files.items()}
        read = self.measure.lines("read", self.rounds, SEEKS, *self.files.values())
        for r in read:
            if r["seeks_failed"]:
                print(f"{r['file']}: {r['seeks_failed']} of {SEEKS} seeks failed", file=sys.stderr)
        self.note_times(read, "file", "demux_ns", "demux_ns", lambda r: 1 / r["packets"], names)
        self.note_times(read, "file", "open_ns", "open_us", lambda r: 1e-3, names)
        self.note_times(read, "file", "seek_ns", "seek_us", lambda r: 1e-3, names)
        self.note_times(read, "file", "seek_alone_ns", "seek_alone_us", lambda r: 1e-3, names)

    def note_times(self, records, key, member, metric, factor, names):
        scaled = [{"round": r["round"], "format": names[r[key]], metric: r[member] * factor(r)} for r in records]
        for form, value in medians(scaled, "format", metric).items():
            self.values[form][metric] = value
        self.ratios[metric] = ratios(scaled, "format", metric, "h4mk")

    def sizes(self):
        reached = self.measure.lines("reach", self.files["h4mk"])[0]
        self.duration = reached["seconds"]
        payload = self.measure.lines("payload", self.files["h4mk"])[0]["bytes"]
        for form, path in self.files.items():
            self.values[form]["overhead"] = (path.stat().st_size - payload) / self.packets

    def memory(self, source):
        nothing = self.measure.peak_mib("nothing")
        for form, path in self.files.items():
            self.values[form]["mux_mib"] = self.measure.peak_mib("remux", source, form, self.cache / "peak") - nothing
            self.values[form]["open_mib"] = self.measure.peak_mib("open", path) - nothing
        (self.cache / "peak").unlink()

    def http(self):
        with RangeServer(self.cache) as server:
            for form, path in self.files.items():
                server.reset()
                found = self.measure.lines("seek", server.url(path.name), self.duration / 2)[0]
                requests, size = server.counts()
                if found["found"]:
                    self.values[form]["http_requests"] = requests
                    self.values[form]["http_kb"] = size / 1000

    def kill(self, source):
        at = min(KILL_AT, self.duration / 2)
        cut = self.cache / "killed"
        for form in FORMATS:
            self.measure.until_killed("remux", source, form, cut, at)
            reached = self.measure.lines("reach", cut)[0]
            self.values[form]["lost_seconds"] = at - reached["seconds"]
            self.values[form]["killed_entries"] = reached["index_entries"]
            cut.unlink()

    def fidelity(self, source):
        for form, path in self.files.items():
            same = self.measure.lines("same", source, path)[0]
            self.values[form]["identical"] = 100 * same["identical"] / same["packets"]
            self.values[form]["same_times"] = 100 * same["same_times"] / same["packets"]
            self.values[form]["parameters"] = 100 * same["same_parameters"] / same["streams"]


def to_best_peer(result, metric, less_is_better):
    """How H4MK stands to the best of the others; nothing where a ratio says nothing."""
    if metric in result["ratios"]:
        return max(result["ratios"][metric].values())
    values = {form: v[metric] for form, v in result["formats"].items() if metric in v}
    ours = values.pop("h4mk", None)
    if ours is None or not values:
        return None
    best = min(values.values()) if less_is_better else max(values.values())
    return ours / best if best > 0 else None


def print_table(results):
    print(f"\n{'':<38}" + "".join(f"{name:>12}" for name in FORMATS.values()) + f"{'to best peer':>14}")
    for name, result in results.items():
        print(f"{INPUTS[name].title} ({result['packets']} packets)")
        for metric, title, unit, digits, less_is_better in METRICS:
            cells = []
            for form in FORMATS:
                value = result["formats"][form].get(metric)
                cells.append("-" if value is None else f"{value:.{digits}f}")
            ratio = to_best_peer(result, metric, less_is_better)
            print(f"  {title + (', ' + unit if unit else ''):<36}" + "".join(f"{c:>12}" for c in cells) +
                  (f"{ratio:>14.2f}" if ratio is not None else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prefix", type=Path, default=ROOT / "dist", help="where the patched FFmpeg is installed")
    parser.add_argument("--cache", type=Path, default=ROOT / "build/compare")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--inputs", default=",".join(INPUTS), help="of " + ", ".join(INPUTS))
    parser.add_argument("--json", type=Path, help="default: compare.json in the cache")
    parser.add_argument("--svg", type=Path, help="default: compare.svg in the cache")
    options = parser.parse_args()
    prefix, cache = options.prefix.resolve(), options.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    comparison = Comparison(Measure(prefix, cache), cache, options.rounds)
    results = {}
    for name in options.inputs.split(","):
        source = make_input(name, prefix / "bin/ffmpeg", cache)
        print(f"measuring {INPUTS[name].title} …", file=sys.stderr)
        results[name] = comparison.run(source)
    print_table(results)
    (options.json or cache / "compare.json").write_text(json.dumps(results, indent=1) + "\n")
    write_svg(options.svg or cache / "compare.svg", results, FORMATS, {n: i.title for n, i in INPUTS.items()})


if __name__ == "__main__":
    main()
