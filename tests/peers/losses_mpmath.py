"""Compares `facet grad` with losses written anew in 80-digit arithmetic.

    python3 tests/peers/losses_mpmath.py build/facet

Every loss is written from its formula with mpmath and differentiated by central differences with
h = 1e-18, which leaves more than 30 correct digits, also on easy rows, within 1e-7 of cos = +-1, and at
a cone point, where the symmetric difference is the 0 that facet promises. Prints the worst relative
error of value, dx and dw for each loss and region in float64 and float32; exits with 1 if one is
above the bound.
"""
import itertools
import os
import subprocess
import sys
import tempfile

import mpmath as mp
import numpy as np

mp.mp.dps = 80
H = mp.mpf(10) ** -18
BOUND = {"f64": 1e-9, "f32": 2e-4}


def unit(v):
    n = mp.sqrt(sum(a * a for a in v))
    return [a / n for a in v] if n != 0 else [mp.mpf(0)] * len(v)


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def cross_entropy(target, others):
    return mp.log(1 + sum(mp.e ** (z - target) for z in others))


def clipped_angle(c):
    return mp.acos(max(mp.mpf(-1), min(mp.mpf(1), c)))


def arc(c, p):
    m, beyond = mp.mpf(p["m"]), p["beyond"]
    turned = mp.cos(clipped_angle(c) + m)
    if beyond == "none":
        return turned
    if beyond == "easy":
        return turned if c > 0 else c
    if c > mp.cos(mp.pi - m):
        return turned
    return c - m * mp.sin(m) if beyond == "linear" else mp.mpf(-1)


def row_loss(name, p, cos, y, frozen):
    """L_i from one row of cosines (or raw products). frozen: c_y at the point of differentiation."""
    cy = cos[y]
    others = [c for j, c in enumerate(cos) if j != y]
    if name == "softmax":
        return cross_entropy(cy, others)
    if name == "npt":
        r2, k = mp.mpf(p["r"]) ** 2, int(p["k"])
        m = mp.mpf(p["delta"]) / (2 * r2)
        if len(cos) == 1:
            return mp.mpf(0)
        pool = others + ([mp.mpf(0)] if p["own"] == "zero" else [])
        pool = sorted(pool, reverse=True)
        return 2 * r2 * sum(max(mp.mpf(0), c - cy + m) for c in (pool[:k] if k else pool))
    s = mp.mpf(p["s"])
    if name == "normface":
        return cross_entropy(s * cy, [s * c for c in others])
    if name == "cosface":
        return cross_entropy(s * (cy - mp.mpf(p["m"])), [s * c for c in others])
    if name == "arcface":
        target = arc(cy, p) if p["grad"] == "exact" else arc(frozen, p) + cy - frozen
        return cross_entropy(s * target, [s * c for c in others])
    if name == "sv-softmax":
        t, m = mp.mpf(p["t"]), mp.mpf(p["m"])
        f = {"none": lambda: cy, "am": lambda: cy - m,
             "arc": lambda: mp.cos(clipped_angle(cy) + m)}[p["margin"]]()
        target = cy if p["easy"] == "true" and cy <= 0 else f
        return cross_entropy(s * target, [s * (t * c + t - 1 if c > f else c) for c in others])
    raise ValueError(name)


class Reference:
    def __init__(self, name, parameters, x, w, y):
        self.name, self.p, self.y = name, parameters, [int(k) for k in y]
        self.x = [[mp.mpf(float(a)) for a in v] for v in x]
        self.w = [[mp.mpf(float(a)) for a in v] for v in w]
        self.frozen = [None if k < 0 else self.cosines(i, self.x[i])[k]
                       for i, k in enumerate(self.y)]

    def cosines(self, i, xi):
        if self.name == "softmax":
            return [dot(xi, wj) for wj in self.w]
        xh = unit(xi)
        return [dot(xh, unit(wj)) for wj in self.w]

    def row(self, i):
        if self.y[i] < 0:
            return mp.mpf(0)
        return row_loss(self.name, self.p, self.cosines(i, self.x[i]), self.y[i], self.frozen[i])

    def value(self, rows=None):
        counted = sum(k >= 0 for k in self.y)
        return sum(self.row(i) for i in (rows or range(len(self.y)))) / counted

    def by(self, array, k, d, rows=None):
        v = array[k]
        norm = mp.sqrt(dot(v, v))
        if norm == 0 and self.name != "softmax":
            return mp.mpf(0)
        keep, h = v[d], H * (norm if norm != 0 else 1)
        v[d] = keep + h
        above = self.value(rows)
        v[d] = keep - h
        below = self.value(rows)
        v[d] = keep
        return (above - below) / (2 * h)

    def gradients(self):
        D = len(self.x[0])
        dx = [[self.by(self.x, i, d, [i]) for d in range(D)] for i in range(len(self.x))]
        dw = [[self.by(self.w, j, d) for d in range(D)] for j in range(len(self.w))]
        return self.value(), dx, dw


def regions(rng, dtype):
    B, C, D = 3, 5, 4
    x = lambda: rng.standard_normal((B, D))
    w = lambda: rng.standard_normal((C, D))
    y = np.array([0, 3, 3])
    near = lambda a, b, e: a + e * b
    out = {"random": (x(), w(), y), "C=1": (x(), w()[:1], y * 0), "C=2": (x(), w()[:2], y % 2)}
    W = w()
    out["easy"] = (near(W[y], x(), 0.1), W, y)
    out["hard"] = (near(W[(y + 1) % C], x(), 0.05), W, y)
    out["beyond pi-m"] = (near(-W[y], x(), 0.1), W, y)
    out["theta 1e-4"] = (near(W[y], x(), 1e-4), W, y)
    out["theta pi-1e-4"] = (near(-W[y], x(), 1e-4), W, y)
    if dtype == "f64":  # float32 cannot hold such angles
        out["theta 1e-9"] = (near(W[y], x(), 1e-9), W, y)
        out["theta pi-1e-9"] = (near(-W[y], x(), 1e-9), W, y)
    out["cos=1"] = (2 * W[y], W, y)
    out["cos=-1"] = (-0.5 * W[y], W, y)
    other = 2 * W[(y + 2) % C]
    out["negative cos=1"] = (other, W, y)
    out["negative cos=-1"] = (-other, W, y)
    X, V = x(), w()
    X[1] = 0
    V[3] = 0
    out["zero vectors"] = (X, V, y)
    big, small = (1e120, 1e-120) if dtype == "f64" else (1e15, 1e-15)
    out["huge x, tiny w"] = (big * x(), small * w(), y)
    X, V = x(), w()
    X[2] = X[0]
    V[4] = V[2]
    out["duplicates"] = (X, V, y)
    out["ignored"] = (x(), w(), np.array([0, -1, 1]))
    return out


CASES = [("softmax", {"bias": "false"}), ("normface", {"s": 32}), ("cosface", {"s": 64, "m": 0.35})]
CASES += [("arcface", {"s": 64, "m": 0.5, "beyond": b, "grad": g})
          for b, g in itertools.product(["linear", "none", "easy", "clip"], ["exact", "detached"])]
CASES += [("sv-softmax", {"s": 30, "t": 1.2, "m": m, "margin": k, "easy": e})
          for m, k, e in [(0.35, "none", "false"), (0.35, "am", "false"), (0.35, "am", "true"),
                          (0.5, "arc", "false"), (0.5, "arc", "true")]]
CASES += [("npt", {"delta": d, "r": r, "k": k, "own": o})
          for d, r, k, o in [(1, 1, 1, "exclude"), (1, 1, 3, "exclude"), (1.5, 2, 0, "exclude"),
                             (0.3, 1, 9, "exclude"), (1, 1, 2, "zero"), (1, 1, 4, "zero"),
                             (1, 1, 0, "zero")]]


def facet(program, name, parameters, x, w, y, dtype, extra):
    with tempfile.TemporaryDirectory() as folder:
        path = lambda f: os.path.join(folder, f)
        np.save(path("x.npy"), x)
        np.save(path("w.npy"), w)
        np.save(path("y.npy"), y)
        command = [program, "grad", "--loss", name, "--x", path("x.npy"), "--w", path("w.npy"),
                   "--y", path("y.npy"), "--out", path("o"), "--dtype", dtype, "--dcos", *extra]
        for k, v in parameters.items():
            command += ["--set", f"{k}={v}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        result = [np.load(path(f"o/{f}.npy")) for f in ("value", "dx", "dw", "dcos")]
        assert np.isfinite(result[3]).all(), "dcos is not finite"
        return result[:3]


def error(found, expected):
    """Largest error relative to the largest entry of its vector, plus 1e-6 of the array's (a vector
    whose gradient vanishes by cancellation has no digits of its own)."""
    if not isinstance(expected, list):
        return float(abs(mp.mpf(float(found)) - expected) / max(abs(expected), mp.mpf(10) ** -30))
    worst = mp.mpf(0)
    scale = max(abs(q) for b in expected for q in b)
    for a, b in zip(found, expected):
        size = max(abs(q) for q in b) + scale / 10**6 + mp.mpf(10) ** -250
        worst = max(worst, max(abs(mp.mpf(float(p)) - q) for p, q in zip(a, b)) / size)
    return float(worst)


def main():
    program, failed = sys.argv[1], False
    for dtype in ("f64", "f32"):
        rng = np.random.default_rng(7)
        data = regions(rng, dtype)
        for region, (x, w, y) in data.items():
            x, w = (a.astype({"f64": np.float64, "f32": np.float32}[dtype]) for a in (x, w))
            worst = (0, "")
            for name, parameters in CASES:
                if name == "softmax" and region.startswith("huge"):
                    continue  # raw products of 1e120 and 1e-120 are covered by "random"
                if name == "npt" and region == "duplicates":
                    continue  # a tie of the nearest proxies: a kink
                value, dx, dw = Reference(name, parameters, x, w, y).gradients()
                for extra in ([], ["--head", "streamed", "--tile", "2"]):
                    got = facet(program, name, parameters, x, w, y, dtype, extra)
                    errors = [error(*pair) for pair in zip(got, (value, dx, dw))]
                    worst = max(worst, (max(errors), f"{name} {parameters} {errors}"))
                    if max(errors) > BOUND[dtype]:
                        failed = True
                        print(f"  ABOVE {BOUND[dtype]}: {dtype} {region} {name} {parameters} "
                              f"value {errors[0]:.1e} dx {errors[1]:.1e} dw {errors[2]:.1e} {extra}")
            print(f"{dtype} {region:16} worst {worst[0]:.1e}  {worst[1]}", flush=True)
    sys.exit(failed)


main()
