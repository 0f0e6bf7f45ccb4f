#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No function in libh4mk/src is there for tests alone. Clang compiles the library with every function in a section of its
own, inline ones too; the linker says which sections the public functions do not need. What is left may be used by a tool
that includes insides of the library (the list in layers_test.py), which its sources tell by name.

    unused_test.py BUILD CLANG
"""
import concurrent.futures, json, os, pathlib, re, shlex, subprocess, sys, tempfile

build, clang = pathlib.Path(sys.argv[1]), sys.argv[2]
root = pathlib.Path(os.environ["H4MK_SOURCE_DIR"])
FLAGS = ["-O0", "-g0", "-w", "-ffunction-sections", "-femit-all-decls"]
# What the compiler makes if it is not written: destructors, operators, constructors.
GENERATED = re.compile(r"::(~|operator)|::(\w+)::\2\(")


def compile_unit(number_and_entry):
    number, entry = number_and_entry
    given = shlex.split(entry["command"])[1:]
    at = given.index("-o")
    keep = [flag for flag in given[:at] + given[at + 2:] if not re.match(r"-(O|g|W|fsanitize|-coverage)", flag)]
    out = f"{folder}/{number}.o"
    done = subprocess.run([clang, *keep, *FLAGS, "-o", out], cwd=entry["directory"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{entry['file']} does not compile with Clang:\n{done.stderr}")
    return out


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def functions(objects):
    """The library's functions by the names that the linker knows; without those of the standard library."""
    symbols = sorted({line.split()[-1] for line in run("nm", "--defined-only", *objects).splitlines() if re.search(r" [TtWw] _Z", line)})
    names = run("c++filt", input="\n".join(symbols)).splitlines()
    names = [name.replace("(anonymous namespace)::", "").replace("[abi:cxx11]", "") for name in names]
    return {symbol: name for symbol, name in zip(symbols, names) if re.match(r"h4mk::[\w:]+\(", name)}


def base_name(function):
    """The last part of its name: "Find" of "h4mk::Index::Find(int) const"."""
    return function.split("(")[0].split("::")[-1]


def kept_functions(objects, roots):
    """What the linker puts into a library that shows the public functions, and the roots."""
    script, wanted = pathlib.Path(folder, "exports"), pathlib.Path(folder, "roots")
    script.write_text("{ global: h4mk_*; local: *; };")
    wanted.write_text("".join(f"-Wl,-u,{symbol}\n" for symbol in roots))  # hidden: a version script cannot name them
    run(clang, "-shared", "-fuse-ld=bfd", "-Wl,--gc-sections", f"-Wl,--version-script={script}", f"@{wanted}", "-o", f"{folder}/library.so", *objects)
    return {line.split()[-1] for line in run("nm", f"{folder}/library.so").splitlines()}


commands = json.loads((build / "compile_commands.json").read_text())
units = [entry for entry in commands if entry["file"].startswith(f"{build}/libh4mk/CMakeFiles/")]
tools = "\n".join(path.read_text() for path in sorted((root / "tools/h4mk").rglob("*.[hc]*")))
words = set(re.findall(r"\w+", tools))
with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    objects = list(pool.map(compile_unit, enumerate(units)))
    all_functions = functions(objects)
    kept = kept_functions(objects, [symbol for symbol, name in all_functions.items() if base_name(name) in words])
unused = sorted({name for symbol, name in all_functions.items() if symbol not in kept and not GENERATED.search(name)})
print("\n".join(f"{function}: no public function needs it" for function in unused) or f"{len(units)} units")
sys.exit(1 if unused or not units else 0)
