# SPDX-License-Identifier: MIT
"""Sidecars: a small H4MK beside a media file, whose packets are ranges of that file."""
from __future__ import annotations

import os
import shutil
import subprocess

from ._errors import Error, UnsupportedError


def index(media: str | os.PathLike[str], output: str | os.PathLike[str] | None = None, *, overwrite: bool = False,
          program: str | None = None, ffmpeg: str | None = None) -> str:
    """Makes a sidecar of a media file that FFmpeg reads (MP4, Matroska …), which is not touched, and returns its path.

    output: in the folder of the media file; its name with .h4mk at the end if None. program: the command h4mk, found in PATH if
    None. ffmpeg: one that writes H4MK; what `h4mk sidecar` takes if None. Raises Error with what the command says."""
    media = os.fspath(media)
    output = os.path.splitext(media)[0] + ".h4mk" if output is None else os.fspath(output)
    found = program or shutil.which("h4mk")
    if found is None:
        raise UnsupportedError("the command h4mk, which makes sidecars, is not in PATH")
    command = [found, "sidecar", "-o", output]
    if overwrite:
        command.append("--force")
    if ffmpeg:
        command += ["--ffmpeg", ffmpeg]
    done = subprocess.run([*command, "--", media], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Error(done.stderr.strip() or f"{found} sidecar failed")
    return output
