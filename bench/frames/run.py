#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exact frames, measured beside what data loaders use now: /usr/bin/python3 bench/frames/run.py [--minutes N] [--folder DIR] [--parts a,b]

README.md says what is measured, and what came out. Everything has a limit of time; with the film of 2 h all takes about 15 minutes. What is not installed, or fails,
is named in the tables."""
import argparse
import os
import pathlib
import tempfile
import time

import common  # noqa: F401: first, since it sets the environment of the rest
import loading
import local
import machines
import remote

FILMS = {"film": 250, "short_groups": 12}
PARTS = {
    "exact": lambda folder: local.exactness(folder),
    "speed": lambda folder: local.speed(folder, FILMS),
    "factors": lambda folder: local.factor_table(folder, FILMS),
    "remote": lambda folder: remote.requests(folder, "film"),
    "loading": loading.rates,
    "machines": lambda folder: machines.dask(folder, "film"),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=120, help="length of the film")
    parser.add_argument("--folder", type=pathlib.Path, help="for the inputs, which are kept; about 2 GB")
    parser.add_argument("--parts", default=",".join(PARTS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        common.make_film(folder, "film", options.minutes, FILMS["film"])
        common.make_film(folder, "short_groups", 20, FILMS["short_groups"])
        for part in options.parts.split(","):
            start = time.monotonic()
            PARTS[part](folder.resolve())
            print(f"\n({part}: {time.monotonic() - start:.0f} s, load {os.getloadavg()[0]:.1f})", flush=True)


if __name__ == "__main__":
    main()
