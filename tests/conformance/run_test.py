#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py finds what is wrong: a reader that says what must be said passes, and each member that is changed is found."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
FILE = "valid/one-page"

# Says what is in the expectation, after `change` was done to it.
READER = """
import json, pathlib, sys
entry = json.loads(pathlib.Path(sys.argv[-1]).with_suffix(".json").read_text())
said = entry["expect"]
if "--pipe" in sys.argv:
    said |= entry.get("pipe", {{}})
for question in entry.get("ask", ()):
    if " ".join(question.pop("options")) in " ".join(sys.argv):
        said |= question
{change}
print(json.dumps(said))
"""


def run(change="pass", *options, only=FILE):
    with tempfile.TemporaryDirectory() as folder:
        reader = pathlib.Path(folder) / "reader.py"
        reader.write_text(READER.format(change=change))
        return subprocess.run([sys.executable, HERE / "run.py", "--reader", f"{sys.executable} {reader}", "--only", only, *options],
                              capture_output=True, text=True)


class RunTest(unittest.TestCase):
    def assert_found(self, text, change, *options, only=FILE):
        done = run(change, *options, only=only)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(text, done.stdout)

    def assert_passes(self, change="pass", *options, only=FILE):
        done = run(change, *options, only=only)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_what_must_be_said_passes(self):
        self.assert_passes()

    def test_each_member_is_compared(self):
        entry = json.loads((HERE / FILE).with_suffix(".json").read_text())
        for member in entry["expect"]:
            with self.subTest(member):
                self.assert_found(f"{member}: ", f"said[{member!r}] = 'changed'")

    def test_members_of_blocks_are_compared(self):
        for member in ("track", "ordinal", "type", "flags", "pts", "dts", "duration", "size", "sha256"):
            with self.subTest(member):
                self.assert_found(f"blocks: [3] {member}: ", f"said['blocks'][3][{member!r}] = 77")

    def test_missing_and_doubled_blocks(self):
        self.assert_found("blocks: missing", "said['blocks'].pop()")
        self.assert_found("blocks: too many", "said['blocks'].append(said['blocks'][0])")

    def test_members_that_cannot_be_left_out(self):
        self.assert_passes("said.pop('index')")
        self.assert_found("blocks: ", "said.pop('blocks')")

    def test_answers(self):
        self.assert_found("--seek 1 25: seek: ", "if 'seek' in said: said['seek'] = {'found': [1, 1]}", "-v")

    def test_pipe(self):
        self.assert_found("from a pipe: closed", "if '--pipe' in sys.argv: said['closed'] = False")
        self.assert_passes("if '--pipe' in sys.argv: said['closed'] = False", "--without", "pipe")

    def test_problems(self):
        damaged = "invalid/data-damaged"
        self.assert_passes(only=damaged)
        self.assert_found("problems: ", "said['problems'] = []", only=damaged)
        self.assert_found("problems: ", "said['problems'] = []", "--kinds", "any", only=damaged)
        self.assert_passes("said['problems'] = [{'kind': 'said'}]", "--kinds", "any", only=damaged)
        self.assert_found("problems: ", "said['problems'] = [{'kind': 'said'}]", "--kinds", "any")

    def test_refused(self):
        refused = "invalid/version-3"
        self.assert_passes(only=refused)
        self.assert_found("error: ", "said['error']['kind'] = 'corrupt'", only=refused)
        self.assert_found("outcome: ", "said = {'outcome': 'read', 'blocks': [], 'problems': []}", only=refused)

    def test_a_reader_that_says_nothing(self):
        self.assert_found("no JSON, status 3", "sys.exit(3)")


if __name__ == "__main__":
    unittest.main()
