#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How close audio tokens come to the sound, and what they take, against the number of tokens a frame.

token_curve.py H4MK FFMPEG OUT.svg INPUT...

Each INPUT is made mono, tokenized with 1, 2, 4 … tokens a frame and all of them, and decoded again. Prints a table and draws it.
"""
import array, math, os, pathlib, subprocess, sys, tempfile, wave

FRAME = 2048
TOP_K = [2 ** i for i in range(11)] + [FRAME // 2 + 1]
COLOURS = ["#1f6fb4", "#c2571a", "#2a8a3e", "#8a2a8a"]


def measure(h4mk, ffmpeg, source, folder):
    wav = folder / "in.wav"
    subprocess.run([ffmpeg, "-v", "error", "-nostdin", "-y", "-i", source, "-map", "0:a:0", "-ac", "1", "-c:a", "pcm_s16le", wav],
                   check=True)
    with wave.open(str(wav)) as file:
        sound, rate = array.array("h", file.readframes(file.getnframes())), file.getframerate()
    energy, rows = sum(x * x for x in sound), []
    for top_k in TOP_K:
        subprocess.run([h4mk, "tokenize", wav, "-o", folder / "t.h4mk", "--frame-size", str(FRAME), "--top-k", str(top_k)],
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run([h4mk, "decode", folder / "t.h4mk", "-o", folder / "out.f32"], check=True)
        back = array.array("f", (folder / "out.f32").read_bytes())
        assert len(back) == len(sound)
        noise = sum((x - 32768 * y) ** 2 for x, y in zip(sound, back))
        rows.append((top_k, 10 * math.log10(energy / noise), os.path.getsize(folder / "t.h4mk") / (len(sound) / rate) / 1000))
    return rows


def svg(results):
    """Two plots beside each other, both over the tokens a frame (logarithmic): SNR in dB, kilobytes a second (logarithmic)."""
    width, height, left, top, inner_w, inner_h = 860, 360, 60, 30, 340, 270
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>']

    def plot(x0, title, value, low, high, ticks, scale):
        def x(k):
            return x0 + math.log2(k) / math.log2(TOP_K[-1]) * inner_w

        def y(v):
            return top + inner_h - (scale(v) - scale(low)) / (scale(high) - scale(low)) * inner_h
        out.append(f'<text x="{x0}" y="{top - 10}" font-weight="bold">{title}</text>')
        for tick in ticks:
            out.append(f'<path d="M{x0} {y(tick):.1f}h{inner_w}" stroke="#ddd"/>'
                       f'<text x="{x0 - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
        for k in TOP_K[::2] + [TOP_K[-1]]:
            out.append(f'<path d="M{x(k):.1f} {top}v{inner_h}" stroke="#eee"/>'
                       f'<text x="{x(k):.1f}" y="{top + inner_h + 16}" text-anchor="middle">{"" if k == 1024 else k}</text>')
        for colour, (name, rows) in zip(COLOURS, results.items()):
            points = " ".join(f"{x(row[0]):.1f},{y(value(row)):.1f}" for row in rows)
            out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{x0 + inner_w / 2}" y="{top + inner_h + 34}" text-anchor="middle">tokens a frame</text>')

    plot(left, "SNR, dB", lambda row: row[1], 0, 100, range(0, 101, 20), float)
    plot(left + inner_w + 90, "kilobytes a second", lambda row: row[2], 0.3, 1000, [1, 10, 100, 1000], math.log10)
    for i, (colour, name) in enumerate(zip(COLOURS, results)):
        out.append(f'<path d="M{left + 190 * i} {height - 8}h20" stroke="{colour}" stroke-width="2"/>'
                   f'<text x="{left + 190 * i + 26}" y="{height - 4}">{name}</text>')
    return "\n".join(out + ["</svg>", ""])


def main():
    h4mk, ffmpeg, target, *inputs = sys.argv[1:]
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for source in inputs:
            results[pathlib.Path(source).name] = measure(h4mk, ffmpeg, source, pathlib.Path(folder))
    print("tokens " + " ".join(f"{name:>26}" for name in results))
    for i, top_k in enumerate(TOP_K):
        print(f"{top_k:6} " + " ".join(f"{rows[i][1]:10.1f} dB {rows[i][2]:8.2f} kB/s" for rows in results.values()))
    pathlib.Path(target).write_text(svg(results))


main()
