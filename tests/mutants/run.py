#!/usr/bin/env python3
"""Plants faults into the product, one at a time, and asks whether the tests notice.

    make test-mutants MUTANTS_ARGS="[--only PATTERN] ..."

A fault is a paragraph of tests/mutants/*.txt:

    fault  compare-first-seed-only           a name
    in     tools/lab/compare/runs.cpp            the file it is planted into
    from   config.seed = seeds[seed];        text that is there exactly once, within a line
    to     config.seed = seeds[0];           what takes its place; may be empty
    tests  CompareRuns.Each*                 which tests must fail: a GoogleTest filter
    why    every run has the first seed      what it would do to a user

`tests` may begin with another program of the build folder: "gpusim/race-tests Geometry*". Each fault
is planted into a copy of the working tree whose objects are those of the build folder, so that only
what changed is compiled. It is found if a test that is named fails, crashes or hangs. A fault that
does not compile is not found, and neither is one whose text has gone: mend the list then.

The last line is "N found, N not found"; the status is 0 if at least --least percent were found.
"""
import argparse
import fnmatch
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import threading

KEYS = ["fault", "in", "from", "to", "tests", "why"]
NOT_COPIED = {".git", "build", "runs", "mutants-trees", "__pycache__"}
HANGS_AFTER = 900  # seconds; whole groups of tests take a minute


class ListError(Exception):
    """Something is wrong with the list, not with the tests."""


def read_faults(folder):
    faults, names = [], set()
    for file in sorted(folder.glob("*.txt")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            key, _, value = line.partition(" ")
            if key not in KEYS:
                raise ListError(f"{file}:{number}: '{key}' is none of {', '.join(KEYS)}")
            if key == "fault":
                faults.append({"at": f"{file}:{number}"})
            if not faults or key in faults[-1]:
                raise ListError(f"{file}:{number}: a second '{key}'; a fault begins with 'fault'")
            faults[-1][key] = value.strip()
    for fault in faults:
        missing = [key for key in KEYS if key not in fault]
        if missing:
            raise ListError(f"{fault['at']}: {', '.join(missing)} is missing")
        if fault["fault"] in names:
            raise ListError(f"{fault['at']}: the name {fault['fault']} is taken")
        names.add(fault["fault"])
        program, _, tests = fault["tests"].rpartition(" ")
        fault["program"], fault["tests"] = program or "facet-tests", tests
    return faults


def planted(text, fault):
    """The text of the file with the fault in it."""
    count = text.count(fault["from"])
    if count != 1:
        raise ListError(f"{fault['at']}: {fault['in']} holds '{fault['from']}' {count} times, expected once")
    return text.replace(fault["from"], fault["to"])


def same(a, b):
    """By size and time: copies keep both."""
    return a.st_size == b.st_size and a.st_mtime_ns == b.st_mtime_ns


def mirror(source, target, skip=()):
    """Makes `target` what `source` is; what is the same already is left alone."""
    target.mkdir(parents=True, exist_ok=True)
    wanted = {entry.name: entry for entry in os.scandir(source) if entry.name not in skip}
    for entry in list(os.scandir(target)):
        if entry.name in skip or entry.name in wanted:
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
    for name, entry in wanted.items():
        to = target / name
        if entry.is_dir(follow_symlinks=False):
            mirror(pathlib.Path(entry.path), to)
        elif entry.is_symlink():
            if not to.is_symlink():
                to.symlink_to(os.readlink(entry.path))
        elif not to.exists() or not same(entry.stat(), to.stat()):
            shutil.copy2(entry.path, to)


def announced(output):
    found = re.search(r"Running (\d+) tests? from", output)
    return int(found.group(1)) if found else 0


class Tree:
    """A copy of the working tree in which one fault at a time is planted."""

    def __init__(self, root, build, number):
        self.root, self.build = root, build
        self.path = root / build / "mutants-trees" / str(number)

    def restore(self):
        mirror(self.root, self.path, NOT_COPIED)
        mirror(self.root / self.build, self.path / self.build, {"mutants-trees", "test-logs", "asan"})

    def make(self, program):
        flags = re.sub(r"(^| )(-?j\d*|--jobserver-\S+|-w|w)(?= |$)", " ", os.environ.get("MAKEFLAGS", ""))
        environment = {**os.environ, "MAKEFLAGS": flags, "MAKELEVEL": "1"}
        targets = {f"{self.build}/facet", f"{self.build}/{program}"}
        command = [os.environ.get("MAKE", "make"), "--no-print-directory", "-j1", f"BUILD={self.build}",
                   "DEPS=skip", *sorted(targets)]
        return subprocess.run(command, cwd=self.path, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, program, tests):
        """(whether all tests passed, what they printed)"""
        environment = {**os.environ, "FACET_BINARY": str(self.path / self.build / "facet"),
                       "OMP_WAIT_POLICY": "passive"}
        command = [str(self.path / self.build / program), "--gtest_color=no", "--gtest_fail_fast",
                   f"--gtest_filter={tests}"]
        try:
            done = subprocess.run(command, cwd=self.path, env=environment, text=True, errors="replace",
                                  timeout=HANGS_AFTER, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired:
            return False, "Running 1 test from a group that hangs"
        return done.returncode == 0, done.stdout

    def try_fault(self, fault):
        """None if it was found, else in a line why not."""
        self.restore()
        file = self.path / fault["in"]
        file.write_text(planted(file.read_text(), fault))
        built = self.make(fault["program"])
        if built.returncode != 0:
            errors = [line for line in built.stdout.splitlines() if "error" in line]
            return "does not compile: " + (errors or built.stdout.splitlines() or ["?"])[0]
        passed, output = self.run(fault["program"], fault["tests"])
        if announced(output) == 0:
            return f"no test is called {fault['tests']}" if passed else None  # it dies at the start
        return f"{fault['tests']} passed" if passed else None


def check_without_faults(tree, faults):
    """The tests named must pass as the product is."""
    tree.restore()
    for program in sorted({fault["program"] for fault in faults}):
        tests = ":".join(sorted({f["tests"] for f in faults if f["program"] == program}))
        passed, output = tree.run(program, tests)
        if not passed:
            failures = [line for line in output.splitlines() if "FAILED" in line]
            raise ListError(f"{program} fails without a fault: {' '.join(failures[:3])}")
        if announced(output) == 0:
            raise ListError(f"{program} has no test called {tests}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="build folder, as `make` names it")
    parser.add_argument("--only", action="append", metavar="PATTERN",
                        help="faults whose name or file it matches (a shell pattern); may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="faults at a time")
    parser.add_argument("--least", type=float, default=95, metavar="PERCENT", help="to be found")
    parser.add_argument("--list", action="store_true", help="check and print the list, plant nothing")
    parser.add_argument("--unchecked", action="store_true", help="do not run the tests without a fault first")
    arguments = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    faults = read_faults(root / "tests/mutants")
    if arguments.only:
        faults = [f for f in faults if any(fnmatch.fnmatch(f[key], p) for p in arguments.only
                                           for key in ("fault", "in"))]
    stale = []
    for fault in faults:
        try:
            planted((root / fault["in"]).read_text(), fault)
        except (ListError, OSError) as error:
            stale.append(f"[ NOT FOUND ] {fault['fault']}: {error}")
            fault["stale"] = True
        if arguments.list:
            print(f"{fault['fault']:40} {fault['in']}")
    print("\n".join(stale), end="\n" if stale else "", flush=True)
    if arguments.list:
        print(f"{len(faults)} faults, {len(stale)} that no longer apply")
        return 1 if stale else 0

    waiting = queue.Queue()
    for fault in faults:
        if "stale" not in fault:
            waiting.put(fault)
    trees = [Tree(root, arguments.build, i) for i in range(max(1, min(arguments.jobs, waiting.qsize())))]
    if not arguments.unchecked and waiting.qsize():
        check_without_faults(trees[0], list(waiting.queue))
    found, lock = [], threading.Lock()

    def work(tree):
        while True:
            try:
                fault = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                why_not = tree.try_fault(fault)
            except Exception as error:  # of the runner itself: never a find
                why_not = f"{type(error).__name__}: {error}"
            with lock:
                if why_not is None:
                    found.append(fault)
                mark = "[   FOUND   ]" if why_not is None else "[ NOT FOUND ]"
                print(f"{mark} {fault['fault']} ({fault['in']}): {why_not or fault['why']}", flush=True)

    workers = [threading.Thread(target=work, args=(tree,)) for tree in trees]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(f"{len(found)} found, {len(faults) - len(found)} not found")
    return 0 if faults and 100 * len(found) >= arguments.least * len(faults) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ListError as error:
        print(f"tests/mutants: {error}", file=sys.stderr)
        sys.exit(2)
