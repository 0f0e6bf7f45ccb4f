#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Frames of one film on many machines: a plan is cut into shards, each machine runs some of them.

    shards.py plan FILM NUMBERS SHARDS > plan.json        NUMBERS as 0:100000:50
    shards.py run FILM plan.json NUMBER                   one shard, as a job of an array (Slurm) does it
    shards.py join PART…                                  what all shards gave, in the order of the numbers
    shards.py dask FILM plan.json SCHEDULER               all shards on a Dask cluster

FILM is a path that all machines have, or a URL. What a shard gives stands for any work on its frames: here the SHA-256 of each. A shard that
is run again, since its worker died, gives the same.

With Slurm, shards are an array of jobs. FILM and this file, which is in PATH, are in folders that all machines have:

    shards.py plan film.h4mk 0:100000:50 64 > plan.json
    sbatch --wait --array=0-63 --wrap 'shards.py run film.h4mk plan.json $SLURM_ARRAY_TASK_ID > part.$SLURM_ARRAY_TASK_ID.json'
    shards.py join part.*.json
"""
import hashlib
import json
import sys

import h4mk

BATCH = 64  # frames in memory at once


def make_plan(film, numbers, shards):
    """The shards of a plan, without what only the reader of a plan wants to see."""
    with h4mk.open(film) as file:
        plan = file.video.plan(numbers, shards=shards)
    return [{"frames": shard["frames"], "positions": shard["positions"]} for shard in plan["shards"]]


def run_shard(film, shard):
    """Position and SHA-256 of each frame of a shard."""
    found = []
    with h4mk.open(film, threads=1) as file:
        for first in range(0, len(shard["frames"]), BATCH):
            pictures = file.video.frames(shard["frames"][first:first + BATCH])
            positions = shard["positions"][first:first + BATCH]
            found += [(position, hashlib.sha256(picture).hexdigest()) for position, picture in zip(positions, pictures)]
    return found


def results(client, function, calls):
    """What a function gives for each of these arguments, as it comes. Results are fetched at once: a worker that dies later takes none along, so that
    only what it was working on is done again."""
    from distributed import as_completed
    for _, result in as_completed(client.map(function, *zip(*calls), pure=False), with_results=True):
        yield result


def run_all(film, shards, scheduler):
    """All shards on a Dask cluster, in the order of the frame numbers that were asked for."""
    from distributed import Client
    with Client(scheduler) as client:
        parts = list(results(client, run_shard, [(film, shard) for shard in shards]))
    return join(parts)


def join(parts):
    """What shards gave, in the order of the frame numbers that were asked for."""
    return [digest for _, digest in sorted(tuple(pair) for part in parts for pair in part)]


def read(path):
    with open(path) as file:
        return json.load(file)


def main(command, film, *arguments):
    if command == "join":
        result = join(read(path) for path in (film, *arguments))
    elif command == "plan":
        numbers = range(*(int(part) for part in arguments[0].split(":")))
        result = make_plan(film, numbers, int(arguments[1]))
    else:
        shards = read(arguments[0])
        result = run_shard(film, shards[int(arguments[1])]) if command == "run" else run_all(film, shards, arguments[1])
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
