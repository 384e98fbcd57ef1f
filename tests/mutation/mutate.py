#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts small faults into the code and checks that a test notices each.

  tests/mutation/mutate.py                          all faults of faults/*.txt
  tests/mutation/mutate.py --only io                those whose folder, file or text has "io"
  tests/mutation/mutate.py --sample 40 --seed 7     random ones instead: operators, constants, conditions, statements

All faults are compiled into one copy of the tree, where the environment variable LSTMLIB_FAULT switches one of them
on. So the tests are built once, and a fault takes only the time of the tests that are for it, up to the first that
fails. Results are kept as they come: a run that was ended goes on where it was. Status 0 where at least 95 % are noticed
and each that is not is explained in the list. How a line of the list looks is said in faults.py.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from faults import random_faults, read_list

TOP = pathlib.Path(__file__).resolve().parents[2]
COPIED = ("CMakeLists.txt", "cmake", "include", "examples", "tests", "benchmarks", "docs", "README.md", "LICENSE")
SOURCES = ("include/lstmlib", "examples/sentiment")
WANTED = 0.95


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="may be given several times")
    parser.add_argument("--sample", type=int, metavar="N", help="N random faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, default=TOP / "build/mutation", metavar="FOLDER")
    parser.add_argument("--again", action="store_true", help="discard stored results")
    parser.add_argument("--survivors", action="store_true", help="repeat only those that survived")
    parser.add_argument("--list", action="store_true", help="list the faults and exit")
    parser.add_argument("--patience", type=float, default=20, metavar="SECONDS",
                        help="added to four times the tests' time without a fault; after that they count as hanging")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--compiler", default=os.environ.get("CXX", "c++"))
    return parser.parse_args()


def all_faults(o):
    """Those that are compiled in: of the list always all, so that another choice builds nothing anew. And what is wrong
    with the list."""
    if o.sample:
        files = [str(path.relative_to(TOP)) for folder in SOURCES for path in sorted((TOP / folder).rglob("*"))
                 if path.suffix in (".hpp", ".inl", ".cuh", ".cpp")]
        files = [file for file in files if not o.only or any(text in file for text in o.only)]
        return random_faults(TOP, files, o.sample, o.seed), []
    faults, wrong = [], []
    for path in sorted((TOP / "tests/mutation/faults").glob("*.txt")):
        more, wrong_there = read_list(TOP, path)
        faults += more
        wrong += wrong_there
    return faults, wrong


def chosen(o, fault):
    return bool(o.sample) or not o.only or any(text in fault.name or text == fault.folder for text in o.only)


def write_if_changed(path, text):
    """Keeps the time of a file that is the same, so that nothing is built anew for it."""
    if not path.exists() or path.read_text(errors="surrogateescape") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, errors="surrogateescape")


def copy_tree(tree, faults, broken):
    """The project with all faults in it but those that do not compile."""
    by_file = {}
    for fault in faults:
        if fault.name not in broken:
            by_file.setdefault(fault.file, []).append(fault)
    for name in COPIED:
        paths = [TOP / name] if (TOP / name).is_file() else (TOP / name).rglob("*")
        for path in paths:
            if not path.is_file():
                continue
            relative = str(path.relative_to(TOP))
            if relative in by_file:
                text = path.read_text()
                for fault in sorted(by_file[relative], key=lambda fault: -fault.start):
                    text = text[: fault.start] + fault.switched() + text[fault.start + len(fault.old) :]
                write_if_changed(tree / relative, text)
            else:
                target = tree / relative
                if not target.exists() or target.read_bytes() != path.read_bytes():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)
                    shutil.copymode(path, target)


def overlapping(faults):
    """Faults that stand in the text of others, which one build cannot have."""
    places = sorted((fault.file, fault.start, fault.start + len(fault.old), fault) for fault in faults)
    for (file, _, end, one), (next_file, start, _, other) in zip(places, places[1:]):
        if file == next_file and start < end:
            yield one, other


def build(o, tree, faults):
    """Builds the tests that are needed. Returns the names of the faults that do not compile."""
    build_folder, broken = o.build / "build", set()
    while True:
        copy_tree(tree, faults, broken)
        flags = f"-w -include {tree}/tests/mutation/fault.hpp"
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        subprocess.run(["cmake", "-G", "Ninja", "-S", tree, "-B", build_folder, f"-DCMAKE_CXX_COMPILER={o.compiler}",
                        "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0", f"-DCMAKE_CXX_FLAGS={flags}",
                        "-DLSTMLIB_BUILD_TESTS=ON", "-DLSTMLIB_BUILD_EXAMPLES=ON", "-DLSTMLIB_BUILD_SENTIMENT=ON",
                        "-DLSTMLIB_CUDA=OFF", "-DLSTMLIB_CHECK_HEADERS=OFF", "-DCMAKE_UNITY_BUILD=ON", *launcher,
                        f"-DLSTMLIB_KIT_DIR={os.environ.get('LSTMLIB_KIT_DIR', '')}"],
                       check=True, stdout=subprocess.DEVNULL)
        targets = needed_targets(build_folder, {fault.tests for fault in faults if chosen(o, fault)})
        made = subprocess.run(["cmake", "--build", build_folder, "-j", str(o.jobs), "--target", *targets, "--", "-k", "0"],
                              capture_output=True, text=True)
        if made.returncode == 0:
            return broken
        places = set()
        for file, line in re.findall(r"([^\s:]+):(\d+):(?:\d+:)? (?:fatal )?error:", made.stdout):
            path = pathlib.Path(os.path.normpath(build_folder / file))
            if path.is_relative_to(tree):
                places.add((str(path.relative_to(tree)), int(line)))
        new = set()
        for file, line in places:
            near = [(line - last, fault) for fault in faults if fault.file == file and fault.name not in broken
                    for last in [fault.last_line((TOP / file).read_text())] if last - fault.old.count("\n") <= line <= last + 1]
            closest = min((max(distance, 0) for distance, _ in near), default=0)
            new |= {fault.name for distance, fault in near if max(distance, 0) == closest}
        if not new:
            sys.exit(made.stdout[-4000:] + made.stderr[-1000:] + "\nmutate: this does not compile, but no fault is at that place")
        broken |= new
        for name in sorted(new):
            print(f"does not compile: {name}", flush=True)


def entries(build_folder, tests):
    """The names of ctest entries, without slow ones."""
    shown = subprocess.run(["ctest", "--test-dir", build_folder, "-N", "-LE", "slow|gpu", "-R", tests],
                           capture_output=True, text=True, check=True).stdout
    return re.findall(r"Test +#\d+: (\S+)", shown)


def needed_targets(build_folder, all_tests):
    names = {name for tests in all_tests for name in entries(build_folder, tests)}
    if not names:
        sys.exit("mutate: no tests for these faults")
    # distributed/mpi/2 is run by test_mpi; what is in sentiment/ may start the program.
    parts = {part for name in names for part in name.split("/")[:2]}
    return sorted(({"test_" + part for part in parts} | {"sentiment"} & parts) & known_targets(build_folder))


def known_targets(build_folder):
    shown = subprocess.run(["ninja", "-C", build_folder, "-t", "targets", "all"], capture_output=True, text=True).stdout
    return set(re.findall(r"^(test_\w+|sentiment): ", shown, re.MULTILINE))


def run_tests(build_folder, tests, number, limit):
    """(name of the first test that failed, or None; seconds)."""
    start = time.monotonic()
    process = subprocess.Popen(
        ["ctest", "--test-dir", build_folder, "-R", tests, "-LE", "slow|gpu", "--stop-on-failure", "-j2"],
        env={**os.environ, "LSTMLIB_FAULT": str(number), "LSTMLIB_OFFLINE": "1"}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f"none ended in {limit:.0f} s", time.monotonic() - start
    failed = re.search(r"Test +#\d+: (\S+) \.*\** *(?:Failed|Timeout|Exception|\*\*\*)", output)
    failed = failed or re.search(r"\d+ - (\S+) \((?!Skipped)", output)
    if process.returncode != 0:
        return failed[1] if failed else output[-300:], time.monotonic() - start
    return None, time.monotonic() - start


def report(o, faults, results):
    """A table by folder. True where enough was noticed, the rest is explained, and the list has no dead lines."""
    folders, survivors, dead = {}, [], 0
    for fault in faults:
        result = results.get(fault.name)
        if not result:
            continue
        if result["what"] == "does not compile":
            dead += not o.sample
            continue
        counts = folders.setdefault(fault.folder, [0, 0])
        noticed = result["what"] == "noticed"
        if fault.survives and not noticed:
            continue  # explained
        counts[0] += noticed
        counts[1] += 1
        if not noticed:
            survivors.append(fault)
    print("\n| folder | faults | noticed |\n|---|---|---|")
    for folder, (noticed, count) in sorted(folders.items()):
        print(f"| {folder} | {count} | {noticed} |")
    noticed, count = (sum(counts[i] for counts in folders.values()) for i in (0, 1))
    rate = noticed / count if count else 0
    seconds = [result["seconds"] for result in results.values() if result["what"] != "does not compile"]
    mean = sum(seconds) / len(seconds) if seconds else 0
    print(f"| all | {count} | {noticed} ({100 * rate:.1f} %) |\n\n{mean:.1f} s a fault")
    for fault in survivors:
        print(f"survived: {fault.name}")
    if dead:
        print(f"{dead} faults of the list do not compile")
    return rate >= WANTED and not survivors and not dead


def main():
    o = options()
    faults, wrong = all_faults(o)
    for problem in wrong:
        print(problem, flush=True)
    for one, other in overlapping(faults):
        sys.exit(f"mutate: two faults at the same place:\n  {one.name}\n  {other.name}")
    if len({fault.number for fault in faults}) < len(faults):
        sys.exit("mutate: a fault is listed twice")
    picked = [fault for fault in faults if chosen(o, fault)]
    if o.list:
        print("\n".join(fault.name for fault in picked))
        print(f"{len(picked)} faults in {len({fault.folder for fault in picked})} folders")
        sys.exit(1 if wrong else 0)
    if o.sample:
        o.build /= "sample"  # other faults in other places
    o.build.mkdir(parents=True, exist_ok=True)
    kept = o.build / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() and not o.again else {}
    tree, build_folder = o.build / "tree", o.build / "build"
    broken = build(o, tree, faults)
    for name in broken:
        results[name] = {"what": "does not compile", "seconds": 0}

    clean = {}  # seconds that the tests take without a fault
    for fault in picked:
        before = results.get(fault.name)
        if fault.name in broken or (before and not (o.survivors and before["what"] == "survived")):
            continue
        if fault.tests not in clean:
            if not entries(build_folder, fault.tests):
                sys.exit(f"mutate: no test's name matches {fault.tests}")
            failed, clean[fault.tests] = run_tests(build_folder, fault.tests, 0, 3600)
            if failed:
                sys.exit(f"mutate: without any fault, {failed} fails")
        failed, seconds = run_tests(build_folder, fault.tests, fault.number, 4 * clean[fault.tests] + o.patience)
        what = "noticed" if failed else "survived"
        results[fault.name] = {"what": what, "by": failed, "seconds": round(seconds, 2)}
        kept.write_text(json.dumps(results, indent=1))
        print(f"{what:9}{seconds:6.1f} s  {fault.name}" + (f"  [{failed}]" if failed else ""), flush=True)
    kept.write_text(json.dumps(results, indent=1))
    sys.exit(0 if report(o, picked, results) and not wrong else 1)


if __name__ == "__main__":
    main()
