#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real clips through the program: corpus.py TOOL. Every file in the folder H4MK_CORPUS that the patched ffmpeg can copy is
verified, edited, signed, encrypted, cut and recovered. Skipped without H4MK_CORPUS or a patched ffmpeg (H4MK_FFMPEG_PREFIX)."""
import json, os, pathlib, random, subprocess, sys, tempfile

tool = os.path.abspath(sys.argv[1])
corpus = os.environ.get("H4MK_CORPUS")
ffmpeg = pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX") or "/nonexistent", "bin/ffmpeg")
if not corpus or not ffmpeg.exists():
    sys.exit(77)


def h4mk(*arguments):
    return subprocess.run([tool, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def answer(*arguments):
    return json.loads(h4mk(*arguments).stdout)


def export(clip, *options):
    environment = dict(os.environ, FFMPEG=str(ffmpeg))
    done = subprocess.run([tool, "export", "-y", "--packets", clip, *options], env=environment,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def signed_problems(blocks):
    """Signing keeps every block, and one of them is proved."""
    if h4mk("sign", "-y", "a.h4mk", "--key-file", "sign.pem", "-o", "signed.h4mk").returncode != 0:
        return ["sign failed"]
    found = []
    if h4mk("verify", "signed.h4mk", "--public-key", "sign.pub").returncode != 0:
        found.append("the signature is not verified")
    if [b["size"] for b in answer("list", "--json", "signed.h4mk")["blocks"]] != [b["size"] for b in blocks]:
        found.append("signing changed blocks")
    if blocks:
        block = random.choice(blocks)
        at = ["-t", str(block["track_id"]), "-i", str(block["ordinal"])]
        h4mk("prove", "-y", "signed.h4mk", *at, "-o", "proof.json")
        h4mk("block", "-y", "a.h4mk", *at, "-o", "block.bin")
        if h4mk("verify", "--proof", "proof.json", "--public-key", "sign.pub", "block.bin").returncode != 0:
            found.append(f"block {at} is not proved")
    return found


def encrypted_problems(clip, blocks):
    """What is encrypted comes back, read from the start and from anywhere."""
    found = []
    for cipher in "aead", "living":
        if not export(clip, "-o", "secret.h4mk", "--cipher", cipher, "--key-file", "key"):
            return [f"{cipher}: export failed"]
        if h4mk("verify", "secret.h4mk", "--key-file", "key").returncode != 0:
            found.append(f"{cipher}: verify")
        for track in {block["track_id"] for block in blocks}:
            plain = h4mk("cat", "a.h4mk", "-t", str(track)).stdout
            if h4mk("cat", "secret.h4mk", "-t", str(track), "--key-file", "key").stdout != plain:
                found.append(f"{cipher}: track {track} differs")
        for block in random.sample(blocks, min(4, len(blocks))):
            at = ["-t", str(block["track_id"]), "-i", str(block["ordinal"]), "-o", "-"]
            if h4mk("block", "-y", "secret.h4mk", *at, "--key-file", "key").stdout != h4mk("block", "-y", "a.h4mk", *at).stdout:
                found.append(f"{cipher}: block {at} differs")
    return found


def problems(clip):
    if not export(clip, "-o", "a.h4mk"):
        return None
    found = []
    verified = answer("verify", "--json", "a.h4mk")
    blocks = answer("list", "--json", "a.h4mk")["blocks"]
    if verified["errors"]:
        found.append(f"verify: {verified['errors']}")
    if len(blocks) != verified["blocks"]:
        found.append(f"{len(blocks)} blocks listed, {verified['blocks']} verified")
    if h4mk("inspect", "a.h4mk").returncode != 0:
        found.append("inspect failed")
    if h4mk("edit", "a.h4mk", "--tag", "h4mk=test").returncode != 0 or h4mk("verify", "a.h4mk").returncode != 0:
        found.append("edit")
    h4mk("edit", "a.h4mk", "--undo")
    found += signed_problems(blocks) + encrypted_problems(clip, blocks)
    with open("a.h4mk", "r+b") as file:
        file.truncate(max(1000, os.path.getsize("a.h4mk") * 2 // 3))
    if 0 in (h4mk(command, "a.h4mk").returncode for command in ("verify", "inspect", "list", "manifest")):
        found.append("status 0 for a file that was cut")
    if h4mk("recover", "-y", "a.h4mk", "b.h4mk").returncode < 2 and h4mk("verify", "b.h4mk").returncode != 0:
        found.append("a recovered file is not whole")
    return found


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    pathlib.Path("key").write_text(random.randbytes(32).hex())
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", "sign.pem"], check=True)
    subprocess.run(["openssl", "pkey", "-in", "sign.pem", "-pubout", "-out", "sign.pub"], check=True)
    clips = sorted(path for path in pathlib.Path(corpus).iterdir() if path.is_file())
    tried = failed = 0
    for clip in clips:
        found = problems(str(clip))
        tried += found is not None
        failed += bool(found)
        for problem in found or []:
            print(f"{clip.name}: {problem}")
print(f"{tried - failed} of {tried} clips")
sys.exit(1 if failed or not tried else 0)
