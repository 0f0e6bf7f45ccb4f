# SPDX-License-Identifier: MIT
"""A reader of H4MK, version 2, made from libh4mk/spec/core.md alone: a second explanation of the format.

Read in this order:

primitives   varints, columns, CRCs that start from the salt
chunks       the header; the file as a sequence of chunks, the damaged one as well
cluster      the index of a cluster: blocks, times, stripes, side data
contents     data that is not simply there: zstd frames, files beside
description  JSON, TRAK
decryption   the key of a file, and blocks as they were before encryption
reading      from chunks to descriptions that count, blocks that are handed out, problems
recording    what the clusters hold together: totals, and what pages have to say of them
index        pages, the top, the locator
check        which page or top counts, and whether the index says what the clusters hold
questions    seeking, frames, decode chains
verification what is signed; all else reads as zeros
report       all together, as JSON
"""
