#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints how many blocks the complete clusters of a file have: "blocks clusters".

Independent of the library. A file is a header of 16 bytes, then chunks: tag, u32 flags, u32 length, payload, u32 CRC. A CORE
chunk with bit 30 of the flags is a cluster; its payload starts with the size of its index (a varint) and the index with the
number of blocks (a varint).
"""
import struct
import sys


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def main():
    data = open(sys.argv[1], "rb").read()
    at, blocks, clusters = 16, 0, 0
    while at + 16 <= len(data):
        tag, flags, length = struct.unpack_from("<4sII", data, at)
        if at + 16 + length > len(data):
            break
        if tag == b"CORE" and flags & 1 << 30:
            _, index = varint(data, at + 12)
            blocks += varint(data, index)[0]
            clusters += 1
        at += 16 + length
    print(blocks, clusters)


main()
