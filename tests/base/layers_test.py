#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layers of libh4mk only include those below them (libh4mk/README.md), and the program h4mk includes none of them."""
import os, pathlib, re, sys

LAYERS = ["base", "crypto", "chunk", "cluster", "index", "file", "reader", "writer", "maintain", "protect", "pipeline", "legacy",
          "open", "convert", "adapters", "decode", "capi"]
# What is compiled with the annex only. All else sees of it what legacy.h declares, so that it can be left out.
ANNEX = re.compile(r"(legacy|convert)/|capi/(convert|first_ciphers|schedule)\.cc$")
# Files of tools/h4mk that still include insides of the library. The list only becomes shorter.
INSIDE = """
api.h audio_fft_track.cc audio_fft_track.h block_source.cc cmd_chain.cc cmd_convert.cc
cmd_decode.cc cmd_export.cc cmd_inspect.cc cmd_list.cc cmd_merge.cc cmd_sidecar.cc
cmd_sign.cc cmd_tokenize.cc describe.cc edit_file.h file.cc file.h
html.cc key_option.cc key_option.h media_client.cc old_clients.h old_messages.cc
output.h own_path.h plugin_option.h text.cc text.h time_option.h
track_option.h transport_client.cc transport_open.h verify_protection.cc video_client.cc
wav.h
""".split()
source = pathlib.Path(os.environ["H4MK_SOURCE_DIR"], "libh4mk/src")
wrong, seen = [], 0
for path in sorted(source.rglob("*.[hc]*")):
    layer = path.relative_to(source).parts[0]
    for line in path.read_text().splitlines():
        include = re.match(r'#include "(\w+)/', line)
        if include:
            seen += 1
            if LAYERS.index(include[1]) > LAYERS.index(layer):
                wrong.append(f"{path.relative_to(source)} includes {include[1]}/")
            name = line.split('"')[1]
            if ANNEX.match(name) and name != "legacy/legacy.h" and not ANNEX.match(str(path.relative_to(source))):
                wrong.append(f"{path.relative_to(source)} includes {name}, which small builds do not have")
        elif "#include <h4mk/adapter.h>" in line and layer in ("adapters", "decode", "capi"):
            pass  # adapters that are built in implement what plugins do
        elif "#include <h4mk/" in line and layer != "capi":
            wrong.append(f"{path.relative_to(source)} includes the C ABI")
inside = set()
tools = source.parent.parent / "tools/h4mk"
for path in sorted(tools.glob("*.[hc]*")):
    for include in re.findall(r'#include "(\w+)/', path.read_text()):
        if include in LAYERS:
            inside.add(path.name)
wrong += [f"tools/h4mk/{name} includes an inside of the library: use h4mk.h" for name in sorted(inside - set(INSIDE))]
wrong += [f"tools/h4mk/{name} is free of insides by now: take it off the list" for name in sorted(set(INSIDE) - inside)]
print("\n".join(wrong) or f"{seen} includes, all downwards")
sys.exit(1 if wrong or seen == 0 else 0)
