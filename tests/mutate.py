#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the tests notice when a check is broken?

    tests/mutate.py --build DIR                      300 faults, chosen by chance from a fixed seed
    tests/mutate.py --build DIR --seed 7 --only index/ --tests cluster_,file_     a part of them, by a part of the tests
    tests/mutate.py --build DIR --list               only says which faults there are

A fault is one comparison turned, one bound off by one, or one branch left out, in the code that decides what a file may
say. All faults are compiled into one copy of the library, each behind a number; the environment variable H4MK_MUTANT makes
one of them real. So nothing is compiled again for a fault. A test only runs for the faults that it comes across.

What no test notices is printed with its place, and the exit status is 1, unless mutants.txt beside this script names the line and why
no test can: a check that is there twice, say. Timings do not matter here, so DIR can be kept: only what has changed is compiled again.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENDLESS = 600  # seconds by the clock
FOLDERS = ["chunk", "cluster", "index", "file", "reader", "maintain", "crypto", "protect", "pipeline", "legacy"]
ACCEPTED = ROOT / "tests" / "mutants.txt"

SUPPORT = """\
// Which fault is real, and which ones a program has come across.
#pragma once
#ifdef __cplusplus
namespace h4mk_mutants { bool IsActive(int number); }
#define H4MK_MUTANT(number) (::h4mk_mutants::IsActive(number))
#endif
"""
SUPPORT_SOURCE = """\
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>
namespace h4mk_mutants {
namespace {
struct State {
  int active = -1;
  const char* record = std::getenv("H4MK_MUTANTS_SEEN");
  std::vector<char> seen = std::vector<char>(100000);
  State() { if (const char* text = std::getenv("H4MK_MUTANT")) active = std::atoi(text); }
  ~State() {
    std::FILE* file = record == nullptr ? nullptr : std::fopen(record, "a");
    if (file == nullptr) return;
    for (size_t i = 0; i < seen.size(); ++i) if (seen[i]) std::fprintf(file, "%zu\\n", i);
    std::fclose(file);
  }
};
State& TheState() { static State state; return state; }
}
bool IsActive(int number);
bool IsActive(int number) {
  State& state = TheState();
  if (state.record != nullptr) state.seen[static_cast<size_t>(number)] = 1;
  return state.active == number;
}
}
"""


@dataclass
class Fault:
    path: pathlib.Path  # below the root
    begin: int          # of the condition in the text
    end: int
    changed: str        # what stands there instead
    what: str
    line: int
    text: str           # of the line

    @property
    def name(self):
        return f"{self.path}:{self.line}: {self.what}: {self.text}"


# ---------------------------------------------------------------------------------------------------------------- finding faults

OPERATORS = [(" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > "), (" == ", " != "), (" != ", " == "), (" && ", " || "),
             (" || ", " && "), (" + 1", " + 0"), (" - 1", " - 0")]


def blank(text):
    """The text with comments and literals as blanks of the same length, so that places stay."""
    return re.sub(r'//[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def closing(text, opening):
    """Where the parenthesis that opens here is closed."""
    depth = 0
    for i in range(opening, len(text)):
        depth += (text[i] in "({[") - (text[i] in ")}]")
        if depth == 0:
            return i
    raise ValueError("a parenthesis is not closed")


def last_part(code, begin, end):
    """Of `if (declaration; condition)` the condition."""
    depth, start = 0, begin
    for i in range(begin, end):
        depth += (code[i] in "({[") - (code[i] in ")}]")
        if code[i] == ";" and depth == 0:
            start = i + 1
    return start


def constant_parts(code):
    """Functions that may run while the compiler does: they cannot ask which fault is real."""
    return [(m.start(), code.find("\n}", m.start())) for m in re.finditer(r"^\s*(?:inline )?(?:static )?(?:constexpr|consteval)\b[^;=]*\) (?:const )?\{", code, re.M)]


def is_comparison(expression):
    """Whether an expression compares at its outermost level: what it hands to a function is none that is returned."""
    outermost = expression
    while (inner := re.sub(r"\([^()]*\)", "", outermost)) != outermost:
        outermost = inner
    return re.search(r" (?:<|<=|>|>=|==|!=|&&|\|\|) ", outermost) is not None


def conditions(code):
    """(begin, end, whether it is an if) of every condition of an if and every comparison that is returned."""
    for match in re.finditer(r"\bif \(", code):
        end = closing(code, match.end() - 1)
        begin = last_part(code, match.end(), end)
        if re.match(r"\s*(?:const )?[\w:<>*&]+ \*?&?\w+ = ", code[begin:end]):
            continue  # declares what it tests
        yield begin, end, True
    for match in re.finditer(r"\breturn ([^;{}?]*);", code):
        if is_comparison(match[1]) and "[" not in match[1]:
            yield match.start(1), match.end(1), False


def faults_of(path):
    text = (ROOT / path).read_text()
    code = blank(text)
    constant = constant_parts(code)
    for begin, end, is_if in conditions(code):
        if any(a <= begin < b for a, b in constant):
            continue
        line = text.count("\n", 0, begin + len(text[begin:end]) - len(text[begin:end].lstrip())) + 1
        shown = text.splitlines()[line - 1].strip()
        found = [("branch left out", "false")] if is_if else []
        for old, new in OPERATORS:
            for match in re.finditer(re.escape(old), code[begin:end]):
                at = begin + match.start()
                found.append((f"{old.strip()} is {new.strip()}", text[begin:at] + new + text[at + len(old):end]))
        for what, changed in found:
            yield Fault(path, begin, end, changed, what, line, shown)


def all_faults():
    paths = sorted(p.relative_to(ROOT) for f in FOLDERS for p in (ROOT / "libh4mk/src" / f).rglob("*.cc"))
    return [fault for path in paths for fault in faults_of(path)]


def chosen(faults, count, seed):
    """At most one fault for a condition: two would have to stand inside of each other. A change of other lines changes nothing
    about whether a line is chosen."""
    seen, by_chance = collections.Counter(), []
    for fault in faults:
        key = f"{seed}|{fault.path}|{fault.text}|{fault.what}"
        seen[key] += 1
        by_chance.append((hashlib.sha256(f"{key}|{seen[key]}".encode()).digest(), fault))
    taken, places = [], set()
    for _, fault in sorted(by_chance, key=lambda row: row[0]):
        if len(taken) < count and (fault.path, fault.begin) not in places:
            overlapping = any(p == fault.path and a < fault.end and fault.begin < b for p, a, b in ((t.path, t.begin, t.end) for t in taken))
            if not overlapping:
                places.add((fault.path, fault.begin))
                taken.append(fault)
    return sorted(taken, key=lambda f: (str(f.path), f.begin))


# -------------------------------------------------------------------------------------------------------------------- the copy

def planted(path, faults):
    """The text of a file with its faults in it."""
    text = (ROOT / path).read_text()
    for number, fault in sorted(faults, key=lambda f: -f[1].begin):
        now = text[fault.begin:fault.end]
        both = f"(H4MK_MUTANT({number}) ? static_cast<bool>({fault.changed}) : static_cast<bool>({now}))"
        text = text[:fault.begin] + both + text[fault.end:]
    return text


def write_if_changed(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def make_copy(build, faults):
    """The sources in build/source, with all faults."""
    source = build / "source"
    by_path = {}
    for number, fault in enumerate(faults):
        by_path.setdefault(fault.path, []).append((number, fault))
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        path = pathlib.Path(name)
        if path in by_path:
            write_if_changed(source / path, planted(path, by_path[path]))
        elif path.name != "CMakeLists.txt" and (ROOT / path).is_file() and (not (source / path).exists() or (ROOT / path).read_bytes() != (source / path).read_bytes()):
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, source / path, follow_symlinks=False)
    write_if_changed(build / "mutants.h", SUPPORT)
    write_if_changed(source / "libh4mk/src/base/mutants.cc", SUPPORT_SOURCE)
    for path in listed.stdout.splitlines():
        if path.endswith("CMakeLists.txt"):
            text = (ROOT / path).read_text().replace("  src/base/crc32.cc", "  src/base/mutants.cc\n  src/base/crc32.cc")
            if path == "tests/CMakeLists.txt":
                text = "add_compile_options(-O0)\n" + text  # compiled in half of the time
            write_if_changed(source / path, text)
    return source


def compile_copy(build, source, targets, jobs):
    flags = f"-O1 -include {build / 'mutants.h'}"
    with open(build / "build.log", "w") as log:
        for command in (["cmake", "-S", source, "-B", build / "objects", "-DCMAKE_BUILD_TYPE=None", f"-DCMAKE_CXX_FLAGS={flags}",
                         "-DH4MK_BUILD_TOOLS=OFF", "-DH4MK_BUILD_FRAMES=OFF"],
                        ["cmake", "--build", build / "objects", "-j", str(jobs), "--target", *targets]):
            if subprocess.run(command, stdout=log, stderr=subprocess.STDOUT).returncode != 0:
                sys.exit(f"mutate.py: the copy cannot be built, {log.name} says why")


# --------------------------------------------------------------------------------------------------------------------- the tests

FOLDERS_OF_TESTS = ["base", "cluster", "file", "capi", "decode", "protect", "legacy"]
LEFT_OUT = {"capi_small_test"}  # of the library without its parts


def tests_of(build):
    """Name of each test, which is that of its program, and how it is started."""
    files = (p.relative_to(ROOT / "tests") for f in FOLDERS_OF_TESTS for p in sorted((ROOT / "tests" / f).glob("*_test.c*")))
    programs = [f"{p.parent}_{p.stem}" for p in files]
    tests = {name: [build / "objects/tests" / name, "--gtest_brief=1", "--gtest_fail_fast"] for name in programs if name not in LEFT_OUT}
    reader = "conformance_with_libh4mk"
    tests[reader] = [sys.executable, build / "source/tests/conformance/run.py", "--reader", build / "objects/tests" / reader,
                     "--without", "stored", "--kinds", "any", "--skip", "embedded-cut-in-block-same-salt"]
    return tests


@dataclass
class Run:
    passed: bool
    seconds: float       # of processor time: how much else the machine does makes no difference
    is_endless: bool


def run(build, command, environment, seconds):
    """Runs a test, which may take so many seconds of processor time. A fault can make it wait for nothing, so time by the clock has an
    end as well."""
    process = subprocess.Popen(command, env={**os.environ, "H4MK_SOURCE_DIR": str(ROOT), **environment}, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=build,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds)))
    stop = threading.Timer(ENDLESS, process.kill)
    stop.start()
    _, status, usage = os.wait4(process.pid, 0)
    stop.cancel()
    stop.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(process.returncode == 0, usage.ru_utime + usage.ru_stime, process.returncode == -signal.SIGKILL)


def baseline(build, name, command):
    """Seconds that a test takes, and the numbers of the faults that it comes across. Both are kept until its program changes."""
    seen, seconds = build / f"seen.{name}", build / f"seconds.{name}"
    if not seconds.exists() or seconds.stat().st_mtime < (build / "objects/tests" / name).stat().st_mtime:
        seen.write_text("")
        done = run(build, command, {"H4MK_MUTANTS_SEEN": str(seen)}, 600)
        if not done.passed:
            sys.exit(f"mutate.py: {name} fails without any fault")
        seconds.write_text(str(done.seconds))
    return float(seconds.read_text()), {int(line) for line in seen.read_text().split()}


def noticed_by(build, number, tests):
    """The name of the first test that fails, or None. tests: name, command, seconds without a fault."""
    for name, command, seconds in tests:
        done = run(build, command, {"H4MK_MUTANT": str(number)}, 5 + 5 * round(seconds))
        if not done.passed:
            return name + (", which does not end" if done.is_endless else "")
    return None


def accepted():
    """Lines of mutants.txt: PATH | TEXT OF THE LINE | FAULT | WHY."""
    if not ACCEPTED.exists():
        return {}
    rows = [line.split(" | ") for line in ACCEPTED.read_text().splitlines() if line and not line.startswith("#")]
    return {(path, text, what): why for path, text, what, why in rows}


def is_explained(fault, reasons):
    return (str(fault.path), fault.text, fault.what) in reasons


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=lambda p: pathlib.Path(p).resolve(), help="a folder for the copy and what is built of it")
    parser.add_argument("--count", type=int, default=300, help="how many faults (300)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("--only", default="", help="of these, those in files whose path has this in it; nothing is compiled again")
    parser.add_argument("--tests", default="", help="only tests whose names begin with one of these, with commas between them")
    parser.add_argument("--slowest", type=float, default=60, help="tests that take more seconds than this are left out (60)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="compilers and tests at the same time (all cores)")
    parser.add_argument("--json", type=pathlib.Path, help="writes what became of each fault so far")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    faults = all_faults()
    picked = chosen(faults, arguments.count, arguments.seed)
    numbers = [number for number, fault in enumerate(picked) if arguments.only in str(fault.path)]
    known = {(str(fault.path), fault.text, fault.what) for fault in faults}
    gone = [" | ".join(key) for key in accepted() if key not in known]
    if gone:
        sys.exit("mutate.py: mutants.txt explains what is no fault:\n" + "\n".join(gone))
    if arguments.list or not arguments.build:
        print("\n".join(picked[number].name for number in numbers))
        print(f"{len(numbers)} of {len(faults)}")
        return 0
    arguments.build.mkdir(parents=True, exist_ok=True)
    tests = {name: command for name, command in tests_of(arguments.build).items() if name.startswith(tuple(arguments.tests.split(",")))}
    compile_copy(arguments.build, make_copy(arguments.build, picked), tests, arguments.jobs)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        times = dict(zip(tests, pool.map(lambda name: baseline(arguments.build, name, tests[name]), tests)))
        used = sorted((name for name in tests if times[name][0] <= arguments.slowest), key=lambda name: times[name][0])
        left_out = sorted(set(tests) - set(used))
        if left_out:
            print("too slow, left out:", ", ".join(left_out))

        reasons = accepted()
        successes = collections.defaultdict(collections.Counter)  # of a test, in a file

        def judge(number):
            fault = picked[number]
            of_file = successes[fault.path]
            reached = sorted(((name, tests[name], times[name][0]) for name in used if number in times[name][1]),
                             key=lambda test: test[2] / (1 + of_file[test[0]]) ** 2)
            by = noticed_by(arguments.build, number, reached)
            of_file[by] += 1
            if by is None and not is_explained(fault, reasons):
                print(f"not noticed{'' if reached else ', no test comes there'}: {fault.name}", flush=True)
            if sys.stderr.isatty():
                print(f"\r{numbers.index(number)} of {len(numbers)}", end="", file=sys.stderr)
            return by, bool(reached)

        results = []
        for result in pool.map(judge, numbers):
            results.append(result)
            if arguments.json:  # each time, so that an interrupted run has figures as well
                rows = [{"number": n, "fault": picked[n].name, "noticed_by": by, "reached": reached} for n, (by, reached) in zip(numbers, results)]
                arguments.json.write_text(json.dumps(rows, indent=1))
    picked = [picked[number] for number in numbers]
    survivors = [f for f, (by, _) in zip(picked, results) if by is None]
    unexplained = [f for f in survivors if not is_explained(f, reasons)]
    noticed = len(picked) - len(survivors)
    print(f"{noticed} of {len(picked)} faults are noticed ({100 * noticed / max(1, len(picked)):.1f} %), "
          f"{len(survivors) - len(unexplained)} others are explained in mutants.txt")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
