#!/usr/bin/python3
"""Compares `facet grad` with losses written anew from their formulas in PyTorch, float64.

    python3 tests/peers/losses_torch.py build/facet [--loss NAME] [--quick] [--verbose]

Needs Debian's python3-torch and python3-numpy. Every loss, mode and region of losses_torch_cases.py is
run in float64 and float32, through the dense head and through tiles. The references run in float64 on
the very inputs, rounded to float32 first where facet computes in float32. Prints the worst relative
error max|a - b| / max|b| of value, dx, dw, of dL/dcos away from cone points, of the gradient of learned
extras and of the state after the call; exits with 1 if one exceeds 1e-9 (float64) or 2e-4 (float32).
Inputs with a cosine near the boundary of a mask, 1e-6 in float64 and 2e-6 in float32, are not compared
but counted.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import zlib

import numpy as np
import torch

from losses_torch_cases import CLASS, RAW, REFERENCES, STATES, regions, states
from losses_torch_geometry import Batch

BOUND = {"f64": 1e-9, "f32": 2e-4}
NEAR_MASK = {"f64": 1e-6, "f32": 2e-6}
# A gradient that cancels has the digits of its terms, not its own: errors are relative to at least
# this part of the largest term. Below the smallest normal number nothing is relative.
CANCELLED = {"f64": 1e-6, "f32": 1e-3}
TINY = {"f64": 1e-290, "f32": 1e-30}
NUMPY = {"f64": np.float64, "f32": np.float32}


def reference(name, p, x, w, y, state):
    """Value, gradients and state after; the distance to the nearest boundary of a mask, and whether
    one is met exactly; the sizes of the terms of dx and dw."""
    counted = y >= 0
    if not counted.any():
        zero = {"value": np.zeros(()), "dx": np.zeros(x.shape)}
        if w is not None:
            zero["dw"] = np.zeros(w.shape)
        return zero, math.inf, False, {}
    X, W = (None if v is None else torch.tensor(v, dtype=torch.float64) for v in (x, w))
    rows = X[counted].clone().requires_grad_(True)
    if W is not None:
        W.requires_grad_(True)
    state = dict(state)
    if "E" in state:
        state["E"] = [e for e, there in zip(state["E"], counted) if there]
    b = Batch(p, rows, W, torch.tensor(y[counted]).long(), state)
    value = REFERENCES[name][0](b)
    value.backward()
    result = {"value": np.array(float(value)), "dx": np.zeros_like(x, dtype=float)}
    if rows.grad is not None:
        result["dx"][counted] = rows.grad.numpy()
    if W is not None:
        grad = b.w.grad if b.w.grad is not None else torch.zeros_like(W)
        result["dw"] = grad.numpy()
    floor = {}
    largest = max(r.get("terms", 0) for r in (b.report, b.report.get("pairs", {})))
    if largest > 0:
        norms = [np.linalg.norm(v.detach().numpy(), axis=1) for v in (rows, W) if v is not None]
        for key, sizes in zip(("dx", "dw"), norms):
            floor[key] = largest / sizes[sizes > 0].min(initial=1e300)
    if W is not None and name not in ("softmax", "center"):
        result["dcos"], result["smooth"] = np.zeros((len(x), len(w))), np.zeros((len(x), len(w)), bool)
        result["dcos"][counted] = b.report.get("k", 0)
        result["smooth"][counted] = b.report.get("sine", np.zeros(b.c.shape)) > 1e-2
    for key, extra in b.learned.items():
        result["grad_" + key] = extra.grad.numpy()
    if name in STATES:
        result.update({"state " + k: np.array(v, dtype=float) for k, v in b.after.items()})
    return result, b.gap, b.tied, floor


def facet(program, folder, name, p, arrays, state, dtype, head):
    """Runs `facet grad`; the arrays that it wrote, or its error message."""
    path = lambda f: os.path.join(folder, f)
    command = [program, "grad", "--loss", name, "--out", path("o"), "--dtype", dtype, *head]
    for key, v in arrays.items():
        np.save(path(key + ".npy"), v)
        command += ["--" + key, path(key + ".npy")]
    if "w" in arrays and name != "center":
        command += ["--dcos"]
    if state:
        with open(path("s.json"), "w") as f:
            json.dump(state, f)
        command += ["--state", path("s.json")]
    for k, v in p.items():
        command += ["--set", f"{k}={v}"]
    for old in os.listdir(path("o")):
        os.remove(path("o/" + old))
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=one_thread)
    if done.returncode != 0:
        return done.stderr.strip() or f"status {done.returncode}"
    found = {f[:-4]: np.load(path("o/" + f)) for f in os.listdir(path("o")) if f.endswith(".npy")}
    with open(path("o/state.json")) as f:
        for k, v in json.load(f).items():
            found[k if k.startswith("grad_") else "state " + k] = np.array(v, dtype=float)
    return found


def errors(found, expected, floor, dtype):
    """Array -> relative error; missing or wrongly shaped: infinite."""
    result = {}
    for key, b in expected.items():
        if key == "smooth":
            continue
        a = found.get(key)
        if a is None or a.size != b.size:
            result[key] = math.inf
            continue
        a, b = a.astype(float).reshape(-1), b.reshape(-1)
        if not np.isfinite(a).all():
            result[key] = math.inf
            continue
        if key == "dcos":
            a, b = a[expected["smooth"].reshape(-1)], b[expected["smooth"].reshape(-1)]
        if a.size:
            size = max(np.abs(b).max(), CANCELLED[dtype] * floor.get(key, 0), TINY[dtype])
            result[key] = float(np.abs(a - b).max() / size)
    return result


class Table:
    """The worst error of every column for each loss and dtype."""

    COLUMNS = ["value", "dx", "dw", "dcos", "grad_b", "state"]

    def __init__(self, verbose):
        self.verbose, self.failed = verbose, 0

    def start(self, name):
        self.name, self.shown = name, 0
        self.worst = {d: dict.fromkeys(self.COLUMNS) for d in BOUND}
        self.count, self.near = dict.fromkeys(BOUND, 0), dict.fromkeys(BOUND, 0)

    def complain(self, text):
        self.failed += 1
        self.shown += 1
        if self.shown <= 12 or self.verbose:
            print("  " + text, flush=True)

    def add(self, dtype, found, label):
        self.count[dtype] += 1
        for key, e in found.items():
            column = "state" if key.startswith("state") else key
            self.worst[dtype][column] = max(self.worst[dtype][column] or 0, e)
        above = [f"{k} {e:.1e}" for k, e in found.items() if not e <= BOUND[dtype]]
        if above:
            self.complain(f"ABOVE {BOUND[dtype]:.0e}: {dtype} {label}: {', '.join(above)}")

    def finish(self, modes):
        for d in BOUND:
            cells = ["-" if e is None else f"{e:.1e}" for e in self.worst[d].values()]
            print(f"{self.name:17} {modes:5} {d:5} {self.count[d]:6} {self.near[d]:5} "
                  + " ".join(f"{c:>8}" for c in cells), flush=True)


def inputs(name, p, dtype, quick):
    """(label, x, w or None, y, state), rounded to dtype."""
    rng = np.random.default_rng(zlib.crc32(f"{name}{sorted(p.items())}".encode()))
    for region, x, w, y in regions(rng, dtype, quick, name not in CLASS):
        if region.startswith(("huge", "tiny")) and name in RAW:
            continue
        if region == "C=1000 D=512" and (name not in CLASS or p != REFERENCES[name][1][0]):
            continue
        x, w = x.astype(NUMPY[dtype]), w.astype(NUMPY[dtype])
        for state in states(name, p, rng, len(x), *w.shape):
            if len(w) == 1 and (name == "adacos" or (name == "sphereface2" and not state)):
                continue  # made of log(C - 1)
            yield region, x, w if name in CLASS else None, y, state


def compare(program, folder, name, dtype, quick, table):
    for p in REFERENCES[name][1]:
        for turn, (region, x, w, y, state) in enumerate(inputs(name, p, dtype, quick)):
            label = f"{name} {p} {region}{' state' if state else ''}"
            head = []
            if w is not None and bin(turn).count("1") % 2:  # in step with nothing in the inputs
                head = ["--head", "streamed", "--tile", str((1, 2, 3, 7)[turn // 2 % 4])]
                label += f" tile {head[-1]}"
            arrays = {"x": x, "y": y.astype(np.int64)}
            if w is not None:
                arrays["w"] = w
            found = facet(program, folder, name, p, arrays, state, dtype, head)
            if isinstance(found, str):
                table.complain(f"REFUSED: {dtype} {label}: {found}")
                continue
            if name == "elasticface" and not state:  # the margins that it has drawn
                state = {"E": found["state E"].tolist(), "drawn": True}
            expected, gap, tied, floor = reference(name, p, x, w, y, state)
            if gap < NEAR_MASK[dtype] or (tied and dtype == "f32"):
                table.near[dtype] += 1
                continue
            table.add(dtype, errors(found, expected, floor, dtype), label)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--loss")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="every case above a bound")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    listing = subprocess.run([arguments.program, "losses", "--json"], check=True, capture_output=True)
    registered = {loss["name"] for loss in json.loads(listing.stdout)}
    table = Table(arguments.verbose)
    print(f"{'loss':17} {'modes':>5} {'dtype':5} {'cases':>6} {'near':>5} "
          + " ".join(f"{c:>8}" for c in Table.COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "o"))
        for name in [arguments.loss] if arguments.loss else REFERENCES:
            if name not in registered:
                print(f"{name:17} not registered, skipped")
                continue
            table.start(name)
            for dtype in BOUND:
                compare(arguments.program, folder, name, dtype, arguments.quick, table)
            table.finish(len(REFERENCES[name][1]))
    for name in sorted(registered - set(REFERENCES)):
        print(f"{name:17} has no reference here")
    print(f"{table.failed} comparisons above a bound or refused")
    sys.exit(table.failed > 0)


if __name__ == "__main__":
    main()
