#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tool writes files in a folder that others can write to, as root too, and leaves nothing behind: shared_folder.py TOOL MAKE_FILE

Other users are made up by chown, which takes root; without root those tests are left out."""
import os, signal, stat, subprocess, sys, tempfile, time

tool, make_file = map(os.path.abspath, sys.argv[1:3])
OTHER = 12345  # a user


def run(*arguments):
    done = subprocess.run([tool, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode, done.stderr.decode()


def mode(name):
    return stat.S_IMODE(os.stat(name).st_mode)


def test_modes():
    """A new file has the mode of a new file, one's own file keeps its mode, and nobody gets a program of root's."""
    os.umask(0o022)
    assert run("block", "-t", "1", "-i", "0", "clip.h4mk")[0] == 0 and mode("block.bin") == 0o644
    os.chmod("block.bin", 0o600)
    assert run("block", "-y", "-t", "1", "-i", "0", "clip.h4mk")[0] == 0 and mode("block.bin") == 0o600
    os.chmod("block.bin", 0o6755)
    assert run("block", "-y", "-t", "1", "-i", "0", "clip.h4mk")[0] == 0 and mode("block.bin") == 0o755


def test_files_of_others():
    """A file that somebody else prepared: its mode is not taken over."""
    for owner, group in ((OTHER, 0), (0, OTHER), (OTHER, OTHER)):
        with open("prepared.bin", "w"):
            pass
        os.chown("prepared.bin", owner, group)
        os.chmod("prepared.bin", 0o6777)
        assert run("block", "-y", "-t", "1", "-i", "0", "clip.h4mk", "-o", "prepared.bin")[0] == 0
        info = os.stat("prepared.bin")
        assert mode("prepared.bin") == 0o644 and (info.st_uid, info.st_gid) == (0, 0), oct(mode("prepared.bin"))
        os.remove("prepared.bin")


def test_links_of_others():
    """Links that somebody else made are not followed, neither as the last name nor on the way; one's own are."""
    os.mkdir("target")
    os.symlink("target", "way")
    os.symlink("target/end.bin", "end.bin")
    for path, link in (("way/file.bin", "way"), ("end.bin", "end.bin")):
        os.chown(link, OTHER, OTHER, follow_symlinks=False)
        code, message = run("block", "-y", "-t", "1", "-i", "0", "clip.h4mk", "-o", path)
        assert code == 2 and "somebody else" in message, message
        assert os.listdir("target") == []
        os.chown(link, 0, 0, follow_symlinks=False)
        code, message = run("block", "-y", "-t", "1", "-i", "0", "clip.h4mk", "-o", path)
        assert code == 0, message
        os.remove("target/" + os.path.basename(path))
    # Nor is a folder made behind one.
    os.chown("way", OTHER, OTHER, follow_symlinks=False)
    code, message = run("extract", "--attachments", "clip.h4mk", "-o", "way/new/")
    assert code == 2 and "somebody else" in message, message
    assert os.listdir("target") == []
    # Changes in place go through the same door.
    subprocess.run(["cp", "clip.h4mk", "target/clip.h4mk"], check=True)
    before = open("target/clip.h4mk", "rb").read()
    os.symlink("target/clip.h4mk", "theirs.h4mk")
    os.chown("theirs.h4mk", OTHER, OTHER, follow_symlinks=False)
    for command in (["edit", "theirs.h4mk", "--tag", "a=b"], ["index", "theirs.h4mk"], ["index", "--front", "theirs.h4mk"]):
        code, message = run(*command)
        assert code == 2 and "somebody else" in message, (command, message)
    assert open("target/clip.h4mk", "rb").read() == before


def test_inputs_that_others_chose():
    """With -r a link of somebody else is not read: it may lead to what only the caller can read."""
    os.mkdir("shelf")
    for name in ("film.h4mk", "film.mp4"):
        os.symlink("../clip.h4mk", "shelf/" + name)
        os.chown("shelf/" + name, OTHER, OTHER, follow_symlinks=False)
    code, message = run("convert", "-r", "shelf", "-o", "copies/")
    assert code == 2 and "no file there" in message and not os.path.exists("copies"), message
    done = subprocess.run([tool, "import", "-r", "shelf", "-o", "copies/"], capture_output=True, text=True)
    assert done.returncode == 2 and "film.mp4: a link that somebody else made" in done.stdout, done
    os.chown("shelf/film.h4mk", 0, 0, follow_symlinks=False)
    assert run("convert", "-r", "shelf", "-o", "copies/") == (0, "") and os.listdir("copies") == ["film.h4mk"]


def test_pipes_of_others():
    """A named pipe that somebody else put where a file is expected gets nothing."""
    os.mkfifo("pipe.bin")
    os.chown("pipe.bin", OTHER, OTHER)
    reader = os.open("pipe.bin", os.O_RDONLY | os.O_NONBLOCK)
    code, message = run("block", "-y", "-t", "1", "-i", "0", "clip.h4mk", "-o", "pipe.bin")
    assert code == 2 and "somebody else" in message, message
    assert os.read(reader, 1) == b""
    os.close(reader)
    code, message = run("block", "-y", "-t", "1", "-i", "0", "clip.h4mk", "-o", "pipe.bin")  # nobody reads: it is not waited for
    assert code == 2 and "somebody else" in message, message


def test_signals():
    """A program that is ended leaves no file, nor a program that worked for it."""
    os.mkdir("ended")
    with open("slow", "w") as file:
        file.write("#!/bin/sh\necho $$ >pid\ncat clip.h4mk\nexec sleep 60\n")
    os.chmod("slow", 0o755)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        child = subprocess.Popen([tool, "export", "--packets", "clip.h4mk", "-o", "ended/out.h4mk"], env={**os.environ, "FFMPEG": "./slow"})
        size = os.path.getsize("clip.h4mk")
        while not any(os.path.getsize("ended/" + name) == size for name in os.listdir("ended")):
            time.sleep(0.01)
        child.send_signal(number)
        assert child.wait() == -number, child.returncode
        assert os.listdir("ended") == [], os.listdir("ended")
        while os.path.exists(f"/proc/{int(open('pid').read())}"):
            time.sleep(0.01)


def test_beside():
    """What a sidecar names is a regular file in its folder, or is not opened: no standard input, no link, nothing that waits."""
    data = open("clip.h4mk", "rb").read()
    with open("film.mp4", "wb") as file:
        file.write(data)
    os.mkdir("bin")
    rows = subprocess.run([tool, "list", "-t", "1", "clip.h4mk"], stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")[1:-1]
    with open("bin/ffprobe", "w") as file:
        file.write("#!/bin/sh\ncat <<'E'\n" + "".join(f"packet|stream_index=0|size={r.split()[-1]}|pos={r.split()[0]}\n" for r in rows) + "E\n")
    with open("bin/ffmpeg", "w") as file:
        file.write("#!/bin/sh\ncat clip.h4mk\n")
    for name in ("bin/ffprobe", "bin/ffmpeg"):
        os.chmod(name, 0o755)
    assert run("sidecar", "film.mp4", "-o", "side.h4mk", "--ffmpeg", "bin/ffmpeg") == (0, "")
    assert run("verify", "side.h4mk") == (0, "")
    os.rename("film.mp4", "real.mp4")
    os.symlink("real.mp4", "film.mp4")
    code, message = run("verify", "side.h4mk")
    assert code == 1 and "it is a link" in message, message
    os.remove("film.mp4")
    os.mkfifo("film.mp4")
    code, message = run("verify", "side.h4mk")
    assert code == 1 and "no regular file" in message, message
    os.remove("film.mp4")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    subprocess.run([make_file, "clip", "clip.h4mk"], check=True)
    tests = [test_modes, test_signals, test_beside]
    if os.geteuid() == 0:
        tests += [test_files_of_others, test_links_of_others, test_inputs_that_others_chose, test_pipes_of_others]
    else:
        print("not root: no files of other users")
    for test in tests:
        test()
print("ok")
