#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Frames of one film on many machines: a plan is cut into shards, each machine runs some of them.

    shards.py plan FILM NUMBERS SHARDS > plan.json        NUMBERS as 0:100000:50
    shards.py run FILM plan.json NUMBER                   one shard, as a job of an array (Slurm) does it
    shards.py dask FILM plan.json SCHEDULER               all shards on a Dask cluster

FILM is a path that all machines have, or a URL. What a shard gives stands for any work on its frames: here the SHA-256 of each. A shard that
is run again, since its worker died, gives the same.

With Slurm, shards are an array of jobs:

    shards.py plan film.h4mk 0:100000:50 64 > plan.json
    sbatch --array=0-63 --wrap 'shards.py run film.h4mk plan.json $SLURM_ARRAY_TASK_ID > part.$SLURM_ARRAY_TASK_ID.json'
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


def run_all(film, shards, scheduler):
    """All shards on a Dask cluster, in the order of the frame numbers that were asked for."""
    from distributed import Client
    with Client(scheduler) as client:
        parts = client.gather(client.map(run_shard, [film] * len(shards), shards, pure=False))
    return [digest for _, digest in sorted(pair for part in parts for pair in part)]


def main(command, film, *arguments):
    if command == "plan":
        numbers = range(*(int(part) for part in arguments[0].split(":")))
        result = make_plan(film, numbers, int(arguments[1]))
    else:
        with open(arguments[0]) as file:
            shards = json.load(file)
        result = run_shard(film, shards[int(arguments[1])]) if command == "run" else run_all(film, shards, arguments[1])
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
