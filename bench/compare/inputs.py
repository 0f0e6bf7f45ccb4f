# SPDX-License-Identifier: MIT
"""The three recordings that are compared, made with FFmpeg's own sources and encoders, once, into a cache."""
import subprocess
import sys
from dataclasses import dataclass

NOISE = "anoisesrc=color=pink:amplitude=0.1:sample_rate=48000:seed=1"


@dataclass
class Input:
    title: str
    repeats: int  # of a part that is encoded once; the rest is stream copy
    arguments: list  # of the part
    subtitles: float = 0  # seconds from one to the next


INPUTS = {
    "film": Input("2 h film, 360p, B frames, AAC, subtitles", 24, [
        "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=24000/1001", "-f", "lavfi", "-i", NOISE, "-t", "300",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "30", "-g", "48", "-c:a", "aac", "-b:a", "128k", "-ac", "2"],
        subtitles=4),
    "opus": Input("10 h Opus, 20 ms packets", 60, [
        "-f", "lavfi", "-i", NOISE, "-t", "600", "-c:a", "libopus", "-b:a", "32k", "-ac", "1"]),
    "uhd": Input("4K60, more than 50 Mb/s", 5, [
        "-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=60,noise=alls=12:allf=t", "-f", "lavfi", "-i", NOISE, "-t", "4",
        "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "60M", "-g", "60", "-c:a", "aac"]),
}


def write_subtitles(path, seconds, step):
    def clock(time):
        return f"{int(time) // 3600:02}:{int(time) // 60 % 60:02}:{int(time) % 60:02},{int(time * 1000) % 1000:03}"

    with open(path, "w", encoding="utf-8") as file:
        for i in range(int(seconds / step)):
            file.write(f"{i + 1}\n{clock(i * step)} --> {clock(i * step + 0.75 * step)}\nWhat is said in second {i * step}.\n\n")


def make_input(name, ffmpeg, cache):
    """The path of an input. It is a NUT file: exact times, and no format that is measured wrote it in its own favour but NUT."""
    path = cache / f"input_{name}.nut"
    if path.exists():
        return path
    print(f"making {path.name} …", file=sys.stderr)
    what = INPUTS[name]
    part, whole = cache / "part.nut", cache / "unfinished.nut"

    def run(*arguments):
        subprocess.run([str(ffmpeg), "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)

    run(*what.arguments, part)
    run("-stream_loop", what.repeats - 1, "-i", part, "-c", "copy", whole)
    if what.subtitles:
        seconds = what.repeats * float(what.arguments[what.arguments.index("-t") + 1])
        subtitles = cache / "part.srt"
        write_subtitles(subtitles, seconds, what.subtitles)
        run("-i", whole, "-i", subtitles, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "text", part)
        subtitles.unlink()
        part.replace(whole)
    part.unlink(missing_ok=True)
    whole.replace(path)
    return path
