#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files change their places between the moment when the tool looks and the one when it opens: meanwhile_test.py TOOL MAKE_FILE LIBRARY

What was not looked at is neither written to nor replaced, and what was looked at is not taken for something else. LIBRARY, of meanwhile.c,
lets a command run just before a step of the tool."""
import os, pathlib, subprocess, sys, tempfile, unittest

TOOL, MAKE_FILE, LIBRARY = map(os.path.abspath, sys.argv[1:4])
PRECIOUS = b"precious\n" * 10
BLOCK = "block -t 1 -i 0 clip.h4mk -o out.bin"


def run(command, step=None, meanwhile=None):
    environment = {} if step is None else {"LD_PRELOAD": LIBRARY, "MEANWHILE_STEP": step, "MEANWHILE": meanwhile}
    done = subprocess.run([TOOL, *command.split()], capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, **environment})
    return done.returncode, done.stdout + done.stderr


class MeanwhileTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.chdir(folder.name)
        self.addCleanup(os.chdir, "/")
        for kind in ("clip", "pcm"):
            subprocess.run([MAKE_FILE, kind, kind + ".h4mk"], check=True)
        pathlib.Path("precious").write_bytes(PRECIOUS)
        run(BLOCK.replace("out.bin", "block.bin"))
        self.block = pathlib.Path("block.bin").read_bytes()

    def refused(self, command, step, meanwhile, why):
        code, said = run(command, step, meanwhile)
        self.assertEqual(code, 2, said)
        self.assertIn(why, said)
        self.assertEqual([name for name in os.listdir() if name.startswith(".h4mk-")], [])

    # ---- a new file

    def test_a_pipe_becomes_a_file(self):
        os.mkfifo("out.bin")
        self.refused(BLOCK + " -y", "write", "ln -f precious out.bin", "replaced")
        self.assertEqual(pathlib.Path("precious").read_bytes(), PRECIOUS)

    def test_a_name_is_taken(self):
        self.refused(BLOCK, "rename", "cp precious out.bin", "exists by now")
        self.assertEqual(pathlib.Path("out.bin").read_bytes(), PRECIOUS)

    def test_a_file_becomes_a_link(self):
        pathlib.Path("out.bin").write_bytes(b"old")
        self.assertEqual(run(BLOCK + " -y", "rename", "ln -sf precious out.bin")[0], 0)
        self.assertEqual(pathlib.Path("precious").read_bytes(), PRECIOUS)
        self.assertFalse(os.path.islink("out.bin"))
        self.assertEqual(pathlib.Path("out.bin").read_bytes(), self.block)

    def test_a_folder_becomes_a_link(self):
        os.mkdir("folder")
        os.mkdir("elsewhere")
        command = BLOCK.replace("out.bin", "folder/out.bin")
        self.assertEqual(run(command, "rename", "mv folder first && ln -s elsewhere folder")[0], 0)
        self.assertEqual(os.listdir("elsewhere"), [])
        self.assertEqual(pathlib.Path("first/out.bin").read_bytes(), self.block)

    # ---- a file that is changed

    def test_who_waited_for_the_lock_has_the_file_of_before(self):
        before = pathlib.Path("pcm.h4mk").read_bytes()
        for command in ("edit clip.h4mk --tag a=b", "index clip.h4mk"):
            self.refused(command, "lock", "cp pcm.h4mk new && mv new clip.h4mk", "replaced")
            self.assertEqual(pathlib.Path("clip.h4mk").read_bytes(), before)
            subprocess.run([MAKE_FILE, "clip", "clip.h4mk"], check=True)

    # It has other tracks: what is written is the new file, with its own.
    def test_another_file_is_there_when_blocks_are_copied(self):
        code, said = run("edit clip.h4mk --attach precious --tag a=b", "read", "mv pcm.h4mk clip.h4mk")
        self.assertEqual(code, 0, said)
        subprocess.run([MAKE_FILE, "pcm", "pcm.h4mk"], check=True)
        self.assertEqual(run("edit pcm.h4mk --attach precious --tag a=b")[0], 0)
        self.assertEqual(run("diff clip.h4mk pcm.h4mk")[0], 0)

    def test_what_was_not_read_is_not_replaced(self):
        subprocess.run("openssl genpkey -algorithm ed25519 -out sign.pem".split(), check=True)
        os.chmod("sign.pem", 0o600)
        for command in ("sign clip.h4mk --key-file sign.pem", "index --front clip.h4mk"):
            self.refused(command, "look", "cp precious new && mv new clip.h4mk", "replaced")
            self.assertEqual(pathlib.Path("clip.h4mk").read_bytes(), PRECIOUS)
            subprocess.run([MAKE_FILE, "clip", "clip.h4mk"], check=True)


unittest.main(argv=sys.argv[:1])
