# SPDX-License-Identifier: MIT
"""A data loader over 100 files: how much of the rate of decoding alone is left, and what memory does."""
import os
import random
import shutil
import time

from common import ffmpeg, in_process, table

FILES, WINDOW, ITEMS, WORKERS = 100, 16, 240, 2


def make_files(folder, group):
    """Copies of one clip of 10 s: what matters is that each is another file."""
    paths = [folder / f"many{group}.{i}.h4mk" for i in range(FILES)]
    if not paths[-1].exists():
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=10", "-vf", "noise=alls=5:allf=t", "-c:v", "libx264", "-g", group, "-keyint_min", group,
               "-sc_threshold", 0, paths[0])
        for path in paths[1:]:
            shutil.copy(paths[0], path)
    return [str(path) for path in paths]


def make_items(seed, count):
    chooser = random.Random(seed)
    return [(chooser.randrange(FILES), list(range(first, first + WINDOW))) for first in (chooser.randrange(250 - WINDOW) for _ in range(count))]


def data_set(paths, items):
    from h4mk import loader
    return loader.FrameDataset(paths, items, width=224, height=224)


def decode_share(arguments):
    """Decodes items with files that are open, and hands out nothing: seconds."""
    paths, items = arguments
    import h4mk
    files = {number: h4mk.open(paths[number], threads=1).video for number in {number for number, _ in items}}
    for video in files.values():
        video.frames([0], layout="chw", width=224, height=224)
    start = time.perf_counter()
    for number, frames in items:
        files[number].frames(frames, layout="chw", width=224, height=224)
    return time.perf_counter() - start


def pure(paths):
    """Items a second of as many processes as the loader has workers."""
    import multiprocessing
    items = make_items(1, ITEMS)
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        return ITEMS / max(pool.map(decode_share, [(paths, items[i::WORKERS]) for i in range(WORKERS)], chunksize=1))


def loaded(paths, method):
    """Items a second of torch's DataLoader, from its fourth batch on: workers have started by then."""
    from torch.utils.data import DataLoader
    warm = make_items(2, 4 * WORKERS)
    batches = DataLoader(data_set(paths, warm + make_items(1, ITEMS)), batch_size=2, num_workers=WORKERS, multiprocessing_context=method, prefetch_factor=4)
    start = count = 0
    for i, batch in enumerate(batches):
        if i == 3:
            start = time.perf_counter()
        elif i > 3:
            count += len(batch)
    return count / (time.perf_counter() - start)


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory(paths):
    """MB of the process after 1000 items, and after 10,000."""
    chooser = random.Random(4)
    items = [(chooser.randrange(FILES), [chooser.randrange(250)]) for _ in range(10000)]
    data, found = data_set(paths, items), []
    for i in range(len(items)):
        data[i]  # pylint: disable=pointless-statement
        if i + 1 in (1000, 10000):
            found.append(resident() / 1e6)
    return found


def rates(folder):
    rows = []
    for group in (2, 250):
        paths = make_files(folder, group)
        alone, problem = in_process("loading.pure", paths)
        for method in ("fork", "spawn"):
            result, failed = (None, problem) if problem else in_process("loading.loaded", paths, method)
            rows.append([group, method, failed, ""] if failed else [group, method, f"{result:.1f}", f"{100 * result / alone:.0f} %"])
    table(f"torch's DataLoader over {FILES} files, {WORKERS} workers, items of {WINDOW} frames scaled to 224x224", ["group", "workers by", "items/s", "of decoding alone (goal 90 %)"], rows)
    result, problem = in_process("loading.memory", make_files(folder, 2))
    table("Memory of a data set over 100 files", ["after 1000 items, MB", "after 10,000 items, MB"], [[problem, ""] if problem else [f"{mb:.0f}" for mb in result]])
