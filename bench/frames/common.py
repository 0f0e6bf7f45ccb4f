# SPDX-License-Identifier: MIT
"""What the parts of the benchmark share: programs, inputs, processes with a limit of time, tables."""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DIST = pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX", ROOT / "dist"))
FFMPEG = str(DIST / "bin/ffmpeg")
TOOL = os.environ.get("H4MK_TOOL", str(DIST / "bin/h4mk"))
WIDTH, HEIGHT, RATE, LOOP = 640, 360, 24, 480  # LOOP: frames after which a film begins anew
os.environ.setdefault("H4MK_FFMPEG_PREFIX", str(DIST))
if "PYTHONPATH" not in os.environ:  # where build_ffmpeg.sh puts the package h4mk
    os.environ["PYTHONPATH"] = str(DIST / "lib/python3/dist-packages")
    sys.path.insert(0, os.environ["PYTHONPATH"])
sys.path.insert(0, str(ROOT / "tests/frames"))


def ffmpeg(*arguments):
    return subprocess.run([FFMPEG, "-v", "error", "-y", "-nostdin", *map(str, arguments)], check=True, capture_output=True).stdout


def make_film(folder, name, minutes, group):
    """A film by x264 with its defaults: MP4 with moov at the front, H4MK, and a sidecar of the MP4. One loop of 20 s is encoded and repeated."""
    import h4mk
    film, loop = folder / f"{name}.mp4", folder / f"{name}.loop.mp4"
    if (folder / f"{name}.side.h4mk").exists():
        return
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={WIDTH}x{HEIGHT}:rate={RATE}:duration={LOOP // RATE}", "-vf", "noise=alls=5:allf=t", "-c:v", "libx264",
           "-g", group, "-keyint_min", group, "-sc_threshold", 0, "-pix_fmt", "yuv420p", loop)
    ffmpeg("-stream_loop", max(round(minutes * 60 * RATE / LOOP) - 1, 0), "-i", loop, "-c", "copy", "-movflags", "+faststart", film)
    ffmpeg("-i", film, "-map", "0", "-c", "copy", folder / f"{name}.h4mk")
    h4mk.index(film, folder / f"{name}.side.h4mk", program=TOOL, ffmpeg=FFMPEG)


def in_process(function, *arguments, seconds=240):
    """What a function of this folder, "module.function", returns in a process of its own: result, problem."""
    module, name = function.split(".")
    code = f"import json, sys\nimport {module}\nprint('RESULT', json.dumps({module}.{name}(*json.load(sys.stdin))))"
    try:
        done = subprocess.run([sys.executable, "-c", code], input=json.dumps(arguments), capture_output=True, text=True, check=False, cwd=HERE, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, f"not done after {seconds} s"
    found = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode != 0 or not found:
        return None, (done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"])[-1][:90]
    return json.loads(found[-1][7:]), None


def table(title, columns, rows):
    print(f"\n### {title}\n\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")
    sys.stdout.flush()
