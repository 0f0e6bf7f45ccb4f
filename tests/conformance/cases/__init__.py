# SPDX-License-Identifier: MIT
"""The files of the suite, by what they are about. A function is a file: its name with dashes is the file's, its comment says what it shows."""
from dataclasses import dataclass
from typing import Callable

ALL = []


@dataclass
class Entry:
    folder: str
    name: str
    section: str
    shows: str
    make: Callable


def _register(folder, section):
    def register(function):
        name = function.__name__.replace("_", "-")
        assert all(e.name != name for e in ALL), f"two files are called {name}"
        ALL.append(Entry(folder, name, section, " ".join(function.__doc__.split()), function))
        return function
    return register


def valid(section):
    """A file that must be read."""
    return _register("valid", section)


def invalid(section):
    """A file that must be refused, or of which something must be reported."""
    return _register("invalid", section)


def load():
    from . import (blocks, columns, content, damage, descriptions, edits, external, features, frames, hostile, index,
                   protection, signed)  # noqa: F401
    return ALL
