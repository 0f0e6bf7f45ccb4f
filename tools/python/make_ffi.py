#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the module h4mk._ffi from the C headers: python3 make_ffi.py OUTPUT HEADER…

The headers are the only place where functions and structs are declared. The module is plain Python (cffi's ABI mode), so
that nothing has to be compiled, and one package does for all versions of Python.
"""
import pathlib
import re
import sys

from cffi import FFI

NUMBER = re.compile(r"(-?)(0[xX][0-9a-fA-F]+|\d+)[uUlL]*$")
LEFT_OUT = re.compile(r"\b(H4MK_API|H4MK_LIVING_V3_WARNING)\b")


def declarations(text, constants):
    """What cffi reads of a header; adds its numeric macros to constants."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"//[^\n]*", " ", text).replace("\\\n", " ")
    text = re.sub(r"#ifdef __cplusplus.*?#endif", " ", text, flags=re.S)
    for name, value in re.findall(r"^#define (H4MK_\w+) (\S+)\s*$", text, re.M):
        number = NUMBER.match(value)
        if number:
            constants[name] = int(number[1] + number[2], 0)
        elif value == "INT64_MIN":
            constants[name] = -(2**63)
    text = re.sub(r"^\s*#[^\n]*", " ", text, flags=re.M)
    text = LEFT_OUT.sub(" ", text)
    return re.sub(r"\bH4MK_[A-Z0-9_]+\b(?=\])", lambda use: str(constants[use[0]]), text)


def main(output, *headers):
    ffi, constants, texts = FFI(), {}, []
    for header in headers:
        texts.append(declarations(pathlib.Path(header).read_text(encoding="utf-8"), constants))
    for text in texts:
        ffi.cdef(text)
    ffi.cdef("\n".join(f"static const int64_t {name} = {value};" for name, value in constants.items() if value > -(2**63)))
    ffi.set_source("h4mk._ffi", None)
    pathlib.Path(output).parent.mkdir(parents=True, exist_ok=True)
    ffi.emit_python_code(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
