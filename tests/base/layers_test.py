#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layers of libh4mk only include those below them (libh4mk/README.md), and the programs h4mk and h4mkd use what is public."""
import os, pathlib, re, sys

LAYERS = ["base", "crypto", "chunk", "cluster", "index", "file", "reader", "writer", "maintain", "protect", "pipeline", "legacy",
          "open", "convert", "adapters", "decode", "capi"]
# What is compiled with the annex only. All else sees of it what legacy.h declares, so that it can be left out.
ANNEX = re.compile(r"(legacy|convert)/|capi/(convert|first_ciphers|schedule)\.cc$")
# What tools/h4mk and tools/server may include: what every program needs, and memory for keys. All else is h4mk.h and its sisters, so that whatever these
# programs do a binding can do.
OPEN = re.compile(r"base/|crypto/secret\.h$")
# Its folder clients/ has the first programs of the annex, whose answers come from the annex itself.
CLIENTS = re.compile(r"legacy/|chunk/chunk_format\.h$")
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
tools = source.parent.parent / "tools"
for path in sorted([*tools.glob("h4mk/**/*.[hc]*"), *tools.glob("server/**/*.[hc]*")]):
    for include in re.findall(r'#include "(\w+/[^"]+)"', path.read_text()):
        is_client = path.parent.name == "clients" and CLIENTS.match(include)
        is_own = (tools / path.relative_to(tools).parts[0] / include).exists()  # h4mkd has a folder legacy/ too
        if include.split("/")[0] in LAYERS and not OPEN.match(include) and not is_client and not is_own:
            inside.add(path.relative_to(tools))
wrong += [f"tools/{name} includes an inside of the library: use h4mk.h" for name in sorted(inside)]
print("\n".join(wrong) or f"{seen} includes, all downwards")
sys.exit(1 if wrong or seen == 0 else 0)
