#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command that writes meets a full disk and a read-only file system: full_disk.py TOOL MAKE_FILE

What was there stays as it was, no other file is left, the message names the file and the reason, and the exit status is 2. A limit of file
sizes stands for a full disk everywhere; where namespaces of mounts can be made, a small disk is really filled, and made read-only."""
import os, pathlib, resource, shutil, signal, subprocess, sys, tempfile, wave

TOOL, MAKE_FILE = map(os.path.abspath, sys.argv[1:3])
CAN_MOUNT = "--can-mount" in sys.argv
PRECIOUS = b"precious\n" * 10
NO_SPACE, READ_ONLY, TOO_LARGE = "No space left on device", "Read-only file system", "File too large"

# Each writes disk/out. The files that they read are in the folder above.
COMMANDS = [
    "block -y -t 1 -i 0 clip.h4mk -o disk/out",
    "cat -y -t 1 clip.h4mk -o disk/out",
    "convert -y clip.h4mk disk/out",
    "convert -y --to 1 clip.h4mk disk/out",
    "convert -y --to transport aligned.h4mk disk/out",
    "cut -y clip.h4mk --from 1 -o disk/out",
    "decode -y --adapter null -t 1 clip.h4mk -o disk/out",
    "export -y clip.h4mk -o disk/out",
    "export -y --to 1 clip.h4mk -o disk/out",
    "export -y --to transport clip.256 -o disk/out",
    "export -y --packets clip.h4mk -o disk/out",
    "extract -y clip.h4mk --name font.ttf -o disk/out",
    "extract -y clip.h4mk -t 1 -o disk/out",
    "import -y media.mp4 -o disk/out --ffmpeg bin/ffmpeg",
    "index -y --front clip.h4mk -o disk/out",
    "inspect -y --html disk/out clip.h4mk",
    "join -y clip.h4mk clip.h4mk -o disk/out",
    "merge -y clip.h4mk film.h4mk -o disk/out",
    "prove -y signed.h4mk -t 1 -i 7 -o disk/out",
    "recover -y clip.h4mk disk/out",
    "sign -y clip.h4mk --key-file sign.pem -o disk/out",
    "sidecar -y disk/film.mp4 -o disk/out --ffmpeg bin/ffmpeg",
    "tokenize -y sound.wav -o disk/out",
    "build -y --out disk/out",
    "video block -y old.h4mk --index 0 -o disk/out",
]
# These change a file itself.
IN_PLACE = [
    "edit disk/clip.h4mk --tag title=" + 9000 * "x",
    "edit disk/clip.h4mk --attach film.h4mk",
    "index disk/cut.h4mk",
    "index --front disk/clip.h4mk",
    "sign disk/clip.h4mk --key-file sign.pem",
]


def run(command, limit=None, ignore=True):
    """limit: bytes that a file may have; ignore: more is an error, and not a signal."""
    def prepare():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN if ignore else signal.SIG_DFL)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    return subprocess.run([TOOL, *command.split()], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          env={**os.environ, "FFMPEG": "bin/ffmpeg"}, restore_signals=False, preexec_fn=prepare)


def content():
    return {path.name: path.read_bytes() for path in pathlib.Path("disk").iterdir()}


def target(command):
    return "disk/out" if command in COMMANDS else "disk/cut.h4mk" if "cut" in command else "disk/clip.h4mk"


def reset():
    for path in pathlib.Path("disk").iterdir():
        path.unlink()
    pathlib.Path("disk/out").write_bytes(PRECIOUS)
    shutil.copy("clip.h4mk", "disk/clip.h4mk")
    shutil.copy("cut.h4mk", "disk/cut.h4mk")
    shutil.copy("clip.h4mk", "disk/film.mp4")


def size_of_output(command):
    reset()
    done = run(command)
    assert done.returncode == 0, (command, done.stderr)
    return os.path.getsize(target(command))


def expect_refused(command, reason, **how):
    before = content()
    done = run(command, **how)
    said = done.stderr.decode()
    assert done.returncode == (1 if command.startswith(("build", "video")) else 2), (command, how, done.returncode, said)  # 1 as the first programs
    assert reason in said and target(command) in said, (command, how, said)
    after = content()
    assert after == before, (command, how, [name for name in {**after, **before} if after.get(name) != before.get(name)])


def test_limits():
    for command in COMMANDS + IN_PLACE:
        size = size_of_output(command)
        reset()
        old = 0 if command in COMMANDS else os.path.getsize(target(command))
        for limit in {old, (old + size) // 2, size - 1}:
            reset()
            expect_refused(command, TOO_LARGE, limit=limit)


def test_signal():
    """A program that does not ignore SIGXFSZ is ended by it."""
    for command in COMMANDS:
        reset()
        before = content()
        assert run(command, limit=1, ignore=False).returncode == -signal.SIGXFSZ, command
        assert content() == before, command


def fill(leave):
    """All of the disk but for so many bytes."""
    with open("disk/filler", "wb", buffering=0) as file:
        free = os.statvfs("disk").f_bavail * os.statvfs("disk").f_frsize
        file.write(bytes(max(0, free - leave)))


def test_full_disk():
    for command in COMMANDS + IN_PLACE:
        size = size_of_output(command)
        for leave in {0, size // 2 if command in COMMANDS else 0}:
            reset()
            fill(leave)
            expect_refused(command, NO_SPACE)


def test_read_only():
    reset()
    subprocess.run(["mount", "-o", "remount,ro", "disk"], check=True)
    for command in COMMANDS + IN_PLACE:
        expect_refused(command, READ_ONLY)
    subprocess.run(["mount", "-o", "remount,rw", "disk"], check=True)


def make_inputs():
    for kind in ("clip", "film"):
        subprocess.run([MAKE_FILE, kind, kind + ".h4mk"], check=True)
    os.umask(0o077)
    subprocess.run("openssl genpkey -algorithm ed25519 -out sign.pem".split(), check=True)
    assert run("sign clip.h4mk --key-file sign.pem -o signed.h4mk").returncode == 0
    data = pathlib.Path("clip.h4mk").read_bytes()
    chunks = subprocess.run([TOOL, "list", "--chunks", "clip.h4mk"], stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")
    pathlib.Path("cut.h4mk").write_bytes(data[:int(next(row.split()[0] for row in chunks if " TSEK" in row))])
    pathlib.Path("clip.256").write_bytes(data[:len(data) // 256 * 256])
    assert run("export clip.256 -o aligned.h4mk --block_size 4096").returncode == 0
    assert run("export --to transport clip.256 -o old.h4mk").returncode == 0
    pathlib.Path("media.mp4").write_bytes(b"as ffmpeg would read it")
    with wave.open("sound.wav", "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(range(256)) * 100)
    make_programs()


def make_programs():
    """In the place of ffmpeg and ffprobe."""
    rows = subprocess.run([TOOL, "list", "-t", "1", "clip.h4mk"], stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")[1:-1]
    packets = "".join(f"packet|stream_index=0|size={row.split()[-1]}|pos={row.split()[0]}\n" for row in rows)
    os.mkdir("bin")
    pathlib.Path("bin/ffprobe").write_text(f"#!/bin/sh\ncat <<E\n{packets}E\n")
    pathlib.Path("bin/ffmpeg").write_text("#!/bin/sh\ncat clip.h4mk\n")
    for name in ("bin/ffprobe", "bin/ffmpeg"):
        os.chmod(name, 0o755)


if not CAN_MOUNT and subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], stderr=subprocess.DEVNULL).returncode == 0:
    os.execvp("unshare", ["unshare", "-rm", sys.executable, *sys.argv, "--can-mount"])
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("disk")
    make_inputs()
    tests = [test_limits, test_signal]
    if CAN_MOUNT:
        subprocess.run("mount -t tmpfs -o size=4m tmpfs disk".split(), check=True)
        tests += [test_full_disk, test_read_only]
    else:
        print("no disk can be mounted here: only limits of file sizes are tested")
    try:
        for test in tests:
            test()
    finally:
        os.chdir("/")
        if CAN_MOUNT:
            subprocess.run(["umount", folder + "/disk"], check=True)
print("ok")
