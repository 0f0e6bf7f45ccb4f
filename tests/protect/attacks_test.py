#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every test that protection.md names in its table of attacks is there."""
import os, pathlib, re, sys

root = pathlib.Path(os.environ["H4MK_SOURCE_DIR"])
text = (root / "libh4mk/spec/protection.md").read_text()
table = text[text.index("### Attacks"):text.index("### Cost")]
sources = "".join(path.read_text() for path in (root / "tests/protect").glob("*_test.cc"))
tests = set(re.findall(r"\bTEST(?:_F|_P)?\((\w+),\s*(\w+)\)", sources))
suites = {suite for suite, _ in tests}

missing, named = [], 0
for row in table.splitlines():
    if not row.startswith("| ") or row.startswith(("| attack", "| ---")):
        continue
    suite, names = "", re.findall(r"`([^`]+)`", row.split("|")[-2])
    if not names:
        missing.append("a test in: " + row)
    for name in names:
        named += 1
        if "." not in name:  # a fuzz target, a program of its own, or a file of the conformance suite
            if not any((root / "tests" / file).exists()
                       for file in (f"fuzz/{name}_fuzz.cc", f"fuzz/{name}.py", f"conformance/invalid/{name}.h4mk")):
                missing.append(f"the fuzz target or file {name}")
            continue
        suite, test = name.split(".") if not name.startswith(".") else (suite, name[1:])
        if (suite not in suites) if test == "*" else ((suite, test) not in tests):
            missing.append(f"{suite}.{test}")
print("\n".join(missing) or f"{named} names, all there")
sys.exit(1 if missing or named == 0 else 0)
