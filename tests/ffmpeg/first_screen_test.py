#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `h4mk FILE` says first of a film that `h4mk import` took, in words and with --json: first_screen_test.py TOOL."""
import json, os, pathlib, subprocess, sys, tempfile

tool = os.path.abspath(sys.argv[1])
ffmpeg = str(pathlib.Path(os.environ["H4MK_FFMPEG_PREFIX"], "bin/ffmpeg"))
problems = []


def run(*words, status=0):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != status:
        problems.append(f"{' '.join(words)}: {done.stderr}")
    return done.stdout + done.stderr


def says(file, *words, status=0):
    text = run(tool, file, status=status)
    for word in words:
        if word not in text:
            problems.append(f"{file}: \"{word}\" is not in\n{text}")


def make_film():
    pathlib.Path("text.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nwords\n")
    pathlib.Path("meta").write_text(";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=Opening\n")
    pathlib.Path("Some Font.ttf").write_bytes(b"a font")
    run(ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24000/1001:duration=4", "-f", "lavfi", "-i", "sine=duration=4",
        "-i", "text.srt", "-i", "meta", "-map", "0", "-map", "1", "-map", "2", "-map_metadata", "3", "-c:v", "libx264", "-profile:v", "high10",
        "-pix_fmt", "yuv420p10le", "-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc", "-c:a", "aac", "-c:s", "ass",
        "-metadata:s:a:0", "language=ger", "-disposition:s:0", "forced", "-attach", "Some Font.ttf", "-metadata:s:t", "mimetype=font/ttf", "film.mkv")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    make_film()
    run(tool, "import", "--ffmpeg", ffmpeg, "film.mkv")
    says("film.h4mk", "h264 (High 10)", "320x180", "23.976 fps", "yuv420p10le", "HDR (PQ)", "kb/s", "aac (LC)", "ger", "forced", "0:00:04.0",
         "attachment, \"Some Font.ttf\", font/ttf, 6 bytes", "0:00:00.000 Opening", "title = A film", "closed")
    tracks = json.loads(run(tool, "inspect", "--json", "film.h4mk"))["tracks"]
    for key, value in {"profile": "High 10", "frame_rate": 24000 / 1001, "hdr": "HDR (PQ)"}.items():
        found = tracks[0].get(key)
        if found != value and not (isinstance(value, float) and abs((found or 0) - value) < 1e-6):
            problems.append(f"{key} is {found}")

    # a rate that is a time base is not that of the film
    run(ffmpeg, "-v", "error", "-i", "film.mkv", "-map", "0:v", "-c", "copy", "-r", "1000", "fast.h4mk")
    fast = json.loads(run(tool, "inspect", "--json", "fast.h4mk"))["tracks"][0]
    if fast["description"]["avg_frame_rate"] != "1000/1" or not 23.9 < fast["frame_rate"] < 24.1:
        problems.append(f"a film of 23.976 frames a second has {fast['frame_rate']}")

    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", "sign.pem")
    pathlib.Path("key").write_text("11" * 32)
    run(ffmpeg, "-v", "error", "-i", "film.mkv", "-map", "0", "-c", "copy", "-encryption_scheme", "aes-256-gcm", "-encryption_key_file", "key",
        "-encryption_kid", "0123", "-signing_key", "sign.pem", "secret.h4mk")
    says("secret.h4mk", "signed by the Ed25519 key ", "not verified: `h4mk verify --public-key PUB` does",
         "encrypted by aes-256-gcm, key id 0123: blocks need --key-file", "h264 (High 10)")
    whole = pathlib.Path("film.h4mk").read_bytes()
    pathlib.Path("cut.h4mk").write_bytes(whole[:-100])
    says("cut.h4mk", "without an end", "`h4mk recover FILE OUT`", status=2)
sys.exit("\n".join(problems[:20]) if problems else 0)
