#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The package's annotations are complete and hold: mypy in its strict mode."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

if shutil.which("mypy") is None:
    print("no mypy here")
    sys.exit(77)
package = pathlib.Path(os.environ["H4MK_SOURCE_DIR"], "tools/python/h4mk")
with tempfile.TemporaryDirectory() as cache:
    # cffi and what it makes have no types.
    command = ["mypy", "--strict", "--cache-dir", cache, "--ignore-missing-imports", "--no-warn-return-any", str(package)]
    sys.exit(subprocess.run(command, check=False).returncode)
