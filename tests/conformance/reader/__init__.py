# SPDX-License-Identifier: MIT
"""A reader of H4MK, version 2, made from libh4mk/spec/core.md alone: a second explanation of the format.

Read in this order: primitives (varints, columns, CRC), chunks (the file as a sequence of chunks, damage), description
(TRAK, META), cluster (blocks and their times), contents (data of blocks: stripes, files beside, zstd), index (pages,
top, locator), questions (seeking, frames, decode chains), report (all together).
"""
