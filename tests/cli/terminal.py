#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What only a terminal shows, at a pseudo terminal: progress bars, and a prompt for keys that does not show what is typed,
names that would be obeyed:
terminal.py TOOL MAKE_FILE"""
import os, pty, subprocess, sys, tempfile, time

tool, make_file = map(os.path.abspath, sys.argv[1:3])
KEY = "01" + 31 * "00"  # of `make_file secret`


def read_all(fd):
    text = b""
    while True:
        try:
            got = os.read(fd, 1 << 16)
        except OSError:  # a terminal without anybody at its other end
            return text
        if not got:
            return text
        text += got


def slow_cat(stderr):
    """`h4mk cat` whose reader takes its time, so that there is something to wait for; what it wrote."""
    child = subprocess.Popen([tool, "cat", "-t", "1", "film.h4mk"], stdout=subprocess.PIPE, stderr=stderr)
    first = child.stdout.read(1)
    time.sleep(0.6)
    rest = child.stdout.read()
    assert child.wait() == 0
    return first + rest


def at_a_terminal(arguments, typed):
    """The exit status of a command at a terminal of its own, and what the terminal showed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(tool, [tool, *arguments])
    shown = b""
    if typed:
        while b": " not in shown:  # the prompt
            shown += os.read(fd, 1024)
        time.sleep(0.3)  # echo is turned off behind the prompt
        os.write(fd, typed.encode() + b"\n")
    shown += read_all(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    subprocess.run([make_file, "film", "film.h4mk"], check=True)
    subprocess.run([make_file, "secret", "secret.h4mk"], check=True)

    master, slave = pty.openpty()
    payload = slow_cat(slave)
    os.close(slave)
    shown = read_all(master).decode()
    assert "cat [" in shown and "%" in shown and " of " in shown, f"no progress bar: {shown!r}"
    assert shown.endswith("\r\x1b[K"), f"the bar is left behind: {shown!r}"
    with open("stderr", "w+b") as file:
        assert slow_cat(file) == payload
        assert os.path.getsize("stderr") == 0, "a progress bar where no terminal is"

    # Bytes are not for a terminal; text is.
    for command in (["cat", "-t", "1", "film.h4mk"], ["block", "-t", "1", "-i", "0", "-o", "-", "film.h4mk"], ["convert", "film.h4mk", "-"]):
        code, shown = at_a_terminal(command, "")
        assert code == 2 and "standard output is a terminal" in shown and len(shown) < 300, f"{code}: {shown!r}"
    code, shown = at_a_terminal(["inspect", "--html", "-", "film.h4mk"], "")
    assert code == 0 and "</html>" in shown

    code, shown = at_a_terminal(["cat", "secret.h4mk", "-o", "out"], KEY)
    assert code == 0 and "Key" in shown, f"{code}: {shown!r}"
    assert KEY not in shown, "the key is shown"
    os.umask(0o077)  # a key is nobody else's business
    with open("key", "w") as file:
        file.write(KEY)
    plain = subprocess.run([tool, "cat", "secret.h4mk", "--key-file", "key"], stdout=subprocess.PIPE, check=True).stdout
    assert len(plain) == 80000 and open("out", "rb").read() == plain
    code, shown = at_a_terminal(["cat", "secret.h4mk", "-o", "out"], "ff" + KEY)
    assert code == 2 and "key" in shown, f"{code}: {shown!r}"

    # What a file says is no command for the terminal, also in the list of the first program, which showed it as it is.
    subprocess.run([tool, "edit", "-q", "film.h4mk", "--track-name", "1=a\x1b[31mb\u202ec"], check=True)
    subprocess.run([tool, "convert", "-q", "--to", "1", "film.h4mk", "old.h4mk"], check=True)
    code, shown = at_a_terminal(["mt_list", "--in", "old.h4mk"], "")
    assert code == 0 and "[1] a\\x1b[31mb\\u{202e}c" in shown, f"{code}: {shown[:200]!r}"
print("ok")
