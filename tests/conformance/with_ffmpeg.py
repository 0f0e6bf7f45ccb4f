#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What FFmpeg says about a file, by ffprobe, as the JSON of README.md: run.py compares it. Tracks are told by their position, since FFmpeg has no
other name for them.

    with_ffmpeg.py FFPROBE [--pipe] [--key HEX | --verify-key BASE64] FILE
"""
import json
import subprocess
import sys
import tempfile

FLAGS = {"K": "key", "D": "discard", "C": "corrupt"}


def block_of(packet):
    return {
        "track": packet["stream_index"],
        "flags": [name for letter, name in FLAGS.items() if letter in packet["flags"]],
        "pts": packet.get("pts"),
        "dts": packet.get("dts"),
        "duration": packet.get("duration", 0),
        "size": int(packet["size"]),
        "sha256": packet["data_hash"].removeprefix("SHA256:")[:16],
    }


def main():
    ffprobe, path, pipe = sys.argv[1], sys.argv[-1], "--pipe" in sys.argv
    key = sys.argv[sys.argv.index("--key") + 1] if "--key" in sys.argv else None
    keys = ["-decryption_key", key] if key else ["-keep_encrypted", "1"]
    if "--verify-key" in sys.argv:
        pem = tempfile.NamedTemporaryFile("w", suffix=".pem")
        pem.write(f"-----BEGIN PUBLIC KEY-----\n{sys.argv[sys.argv.index('--verify-key') + 1]}\n-----END PUBLIC KEY-----\n")
        pem.flush()
        keys += ["-verify_key", pem.name]
    # Nothing is guessed, parsed or decoded: what the demuxer hands out is what is printed.
    command = [ffprobe, "-v", "warning", "-fflags", "nofillin+noparse", "-nofind_stream_info", "-show_packets", "-show_data_hash", "SHA256",
               "-show_entries", "stream=time_base", "-of", "json", "-f", "h4mk", *keys, "-enable_sidecars", "1", "-i", "pipe:0" if pipe else path]
    with open(path, "rb") as file:
        done = subprocess.run(command, stdin=file if pipe else subprocess.DEVNULL, capture_output=True)
    # What FFmpeg says of codecs that it does not know is nothing that the file says.
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip() and "Unsupported codec" not in line]
    result = json.loads(done.stdout or "{}")
    if done.returncode and "packets" not in result:
        print(json.dumps({"outcome": "refused", "error": {"message": said}}))
        return
    print(json.dumps({"outcome": "read", "blocks": [block_of(p) for p in result.get("packets", ())],
                      "problems": [{"kind": "said", "message": line} for line in said]}, indent=1))


if __name__ == "__main__":
    main()
