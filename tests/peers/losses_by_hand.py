#!/usr/bin/env python3
"""Values of all losses on small batches in the plane, from the formulas of their papers.

    python3 tests/peers/losses_by_hand.py

Prints the constants of tests/losses/by_hand_test.cpp and state_by_hand_test.cpp. Needs Python alone; a
cosine is that of a difference of angles, a sum is written out, nothing is vectorised or shared with the
product. i is a row, j a class, y[i] its label, c[i][j] a cosine, t(i) the angle of row i and its proxy.
"""
from math import cos, exp, floor, log, log1p, pi, sin, sqrt

proxies, proxy_lengths = [0.1, 0.9, -1.4, 2.6], [1, 2, 0.5, 3]
C = len(proxies)
classes = range(C)


def mean(values):
    return sum(values) / len(values)


def positive(v):
    return max(v, 0)


def softplus(v):
    return log1p(exp(v)) if v < 30 else v + log1p(exp(-v))


def cross_entropy(logits, y):
    total = 0
    for z, k in zip(logits, y):
        top = max(z)
        total += top - z[k] + log(sum(exp(v - top) for v in z))
    return total / len(logits)


class Batch:
    def __init__(self, angles, lengths, y):
        self.angles, self.lengths, self.y, self.rows = angles, lengths, y, range(len(y))
        self.c = [[cos(a - b) for b in proxies] for a in angles]
        self.S = [[cos(a - b) for b in angles] for a in angles]
        self.x = [(n * cos(a), n * sin(a)) for a, n in zip(angles, lengths)]

    def theta(self, i, j):
        apart = abs(self.angles[i] - proxies[j]) % (2 * pi)
        return min(apart, 2 * pi - apart)

    def t(self, i):
        return self.theta(i, self.y[i])

    def cy(self, i):
        return self.c[i][self.y[i]]

    def others(self, i):
        return [j for j in classes if j != self.y[i]]

    def softmax(self, target, other):
        """-log softmax of the logits target(i) and other(i, j)."""
        return cross_entropy([[target(i) if j == self.y[i] else other(i, j) for j in classes]
                              for i in self.rows], self.y)

    def same(self, i):
        return [p for p in self.rows if p != i and self.y[p] == self.y[i]]

    def different(self, i):
        return [n for n in self.rows if self.y[n] != self.y[i]]


w = [(n * cos(b), n * sin(b)) for b, n in zip(proxies, proxy_lengths)]


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1]


def squared(a, b):
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2


def psi(theta, m):
    k = floor(m * theta / pi)
    return (-1) ** k * cos(m * theta) - 2 * k


def stateless(b):
    """{"loss k=v ...": value}"""
    out, c, cy, t, R = {}, b.c, b.cy, b.t, b.rows
    line = lambda i, m: cos(t(i) + m) if t(i) <= pi - m else cy(i) - m * sin(m)
    easy = lambda i, m: cos(t(i) + m) if cy(i) > 0 else cy(i)
    by = lambda s: lambda i, j: s * c[i][j]

    out["softmax"] = b.softmax(lambda i: dot(b.x[i], w[b.y[i]]), lambda i, j: dot(b.x[i], w[j]))
    for text, s in ("", 32), (" s=4", 4):
        out["normface" + text] = b.softmax(lambda i: s * cy(i), by(s))
        rows = [log(sum(exp(s * (c[i][j] - cy(i))) for j in classes)) for i in R]
        out["focal" + text] = mean([(1 - exp(-l)) ** 2 * l for l in rows])
    for text, s in ("", 64), (" s=4", 4):
        out["cosface" + text] = b.softmax(lambda i: s * (cy(i) - 0.35), by(s))
        out["arcface" + text] = b.softmax(lambda i: s * line(i, 0.5), by(s))
        out["arcface beyond=none" + text] = b.softmax(lambda i: s * cos(t(i) + 0.5), by(s))
        out["arcface beyond=easy" + text] = b.softmax(lambda i: s * easy(i, 0.5), by(s))
        out["arcface beyond=clip" + text] = b.softmax(lambda i: s * cos(min(t(i) + 0.5, pi)), by(s))
        weight = lambda i, j: 1.2 * exp(-(c[i][j] - line(i, 0.5)) ** 2 / 2)
        out["arcneg" + text] = b.softmax(lambda i: s * line(i, 0.5),
                                         lambda i, j: s * (weight(i, j) * (c[i][j] + 1) - 1))
    out["combined"] = b.softmax(lambda i: 64 * (cos(t(i) + 0.3) - 0.2), by(64))
    out["combined s=4 m1=1.1"] = b.softmax(lambda i: 4 * (cos(1.1 * t(i) + 0.3) - 0.2), by(4))

    for text, s in ("", 30), (" s=4", 4):
        out["sphereface-r version=v1" + text] = b.softmax(lambda i: s * cos(min(1.5 * t(i), pi)), by(s))
        out["sphereface-r version=v2" + text] = b.softmax(lambda i: s * cy(i),
                                                          lambda i, j: s * cos(b.theta(i, j) / 1.5))
    out["sphereface-r"] = b.softmax(lambda i: 30 * psi(t(i), 1.5), by(30))
    out["sphereface-r s=4 lw=3"] = 3 * b.softmax(lambda i: 4 * psi(t(i), 1.5), by(4))

    a = [min(max(n, 10), 110) for n in b.lengths]  # MagFace
    margin = [0.45 + (0.8 - 0.45) * (v - 10) / 100 for v in a]
    regulariser = mean([35 * (v / 110 ** 2 + 1 / v) for v in a])
    out["magface"] = b.softmax(lambda i: 64 * easy(i, margin[i]), by(64)) + regulariser
    out["magface s=4"] = b.softmax(lambda i: 4 * easy(i, margin[i]), by(4)) + regulariser
    out["magface s=4 easy=false"] = b.softmax(lambda i: 4 * line(i, margin[i]), by(4)) + regulariser

    for text, g in ("", 256), (" gamma=4", 4):
        out["circle" + text] = b.softmax(lambda i: g * positive(1.25 - cy(i)) * (cy(i) - 0.75),
                                         lambda i, j: g * positive(c[i][j] + 0.25) * (c[i][j] - 0.25))
    rows = lambda s: sorted(log(sum(exp(s * (c[i][j] - cy(i))) for j in classes)) for i in R)
    out["hm-softmax"] = mean(rows(32)[-floor(0.9 * len(R)):])
    out["hm-softmax s=4 save_rate=0.5"] = mean(rows(4)[-floor(0.5 * len(R)):])

    for text, r in ("", 40), ("r=4 ", 4):
        for kind in "CAM":
            out[f"sphereface2 {text}kind={kind}"] = sphereface2(b, kind, r)
    for text, s in ("", 64), (" s=4", 4):
        bias = log(10 * C)
        out["uniface" + text] = mean([softplus(-(s * (cy(i) - 0.4) - bias))
                                      + sum(softplus(s * c[i][j] - bias) for j in b.others(i)) for i in R])

    for margin_kind in "none", "am", "arc":
        for text, s in ("", 30), ("s=4 ", 4):
            f = {"none": cy, "am": lambda i: cy(i) - 0.35, "arc": lambda i: cos(t(i) + 0.35)}[margin_kind]
            out[f"sv-softmax {text}margin={margin_kind}"] = b.softmax(
                lambda i: s * f(i), lambda i, j: s * (c[i][j] + 0.2 * (c[i][j] + 1) * (c[i][j] > f(i))))
    for margin_kind in "am", "arc":
        for mode in "adaptive", "fixed":
            for text, s in ("", 32), ("s=4 ", 4):
                f = {"am": lambda i: cy(i) - 0.35, "arc": lambda i: cos(t(i) + 0.35)}[margin_kind]
                more = lambda v: 0.2 * (v + 1 if mode == "adaptive" else 1)
                out[f"mv-softmax {text}margin={margin_kind} mode={mode}"] = b.softmax(
                    lambda i: s * f(i), lambda i, j: s * (c[i][j] + more(c[i][j]) * (c[i][j] > f(i))))
    for average in "raw", "modulated":
        for text, s in ("", 64), ("s=4 ", 4):
            out[f"npcface {text}avg={average}"] = npcface(b, average, s)

    nearest = lambda i, k: sorted((c[i][j] for j in b.others(i)), reverse=True)[:k or None]
    npt = lambda k, delta, r: mean([2 * r * r * sum(positive(v - cy(i) + delta / (2 * r * r))
                                                    for v in nearest(i, k)) for i in R])
    for k in 0, 1, 2:
        out[f"npt k={k}"] = npt(k, 1, 1)
    out["npt k=1 r=2 delta=6"] = npt(1, 6, 2)
    for k in 0, 1:
        for text, tau in ("", 64), ("tau=4 ", 4):
            out[f"npt-lse {text}k={k}"] = mean(
                [log1p(sum(exp(tau * (v - cy(i) + 0.5)) for v in nearest(i, k))) / tau for i in R])

    pairs = [(u, v) for u in R for v in R if u < v and b.y[u] != b.y[v]]
    for base in "cos", "arc", "norm", "mag":
        for scope in "batch", "anchor":
            for text, s in ("", 64), ("s=4 ", 4):
                total = 0
                for i in R:
                    target = s * {"cos": cy(i) - 0.5, "arc": cos(t(i) + 0.5), "norm": cy(i),
                                  "mag": easy(i, margin[i])}[base]
                    z = [target] + [s * c[i][j] for j in b.others(i)]
                    z += [s * b.S[u][v] for u, v in pairs if scope == "batch" or i in (u, v)]
                    total += cross_entropy([z], [0])
                out[f"unpg {text}base={base} scope={scope} wisk=0"] = (
                    total / len(R) + (regulariser if base == "mag" else 0))

    present = sorted(set(b.y))
    for text, s in ("", 32), (" alpha=4", 4):
        out["proxy-anchor" + text] = (
            mean([log1p(sum(exp(-s * (c[i][j] - 0.1)) for i in R if b.y[i] == j)) for j in present])
            + mean([log1p(sum(exp(s * (c[i][j] + 0.1)) for i in R if b.y[i] != j)) for j in classes]))
    out["proxy-nca"] = mean([2 - 2 * cy(i) + log(sum(exp(2 * c[i][j] - 2) for j in b.others(i))) for i in R])
    out["proxy-nca-pp"] = b.softmax(lambda i: (2 * cy(i) - 2) / 0.1111,
                                    lambda i, j: (2 * c[i][j] - 2) / 0.1111)
    out["center"] = mean([squared(b.x[i], w[b.y[i]]) for i in R]) / 2
    return {**out, **pair_losses(b)}


def sphereface2(b, kind, r, lam=0.7, m=0.4, t=3):
    g = lambda v: 2 * ((v + 1) / 2) ** t - 1
    turned = lambda theta: cos(min(theta + m, pi) if kind == "A" else min(m * theta, pi))
    zy = lambda c, theta: r * (g(c) - m if kind == "C" else g(turned(theta)))
    zj = lambda c: r * (g(c) + m if kind == "C" else g(c))
    # b where the loss is least if every cosine is 0
    ay, ai, z = zy(0, pi / 2), zj(0), lam / ((1 - lam) * (C - 1))
    bias = log(2 * z) - ai - log(1 - z + sqrt((1 - z) ** 2 + 4 * z * exp(ay - ai)))
    return mean([lam / r * softplus(-zy(b.cy(i), b.t(i)) - bias)
                 + (1 - lam) / r * sum(softplus(zj(b.c[i][j]) + bias) for j in b.others(i)) for i in b.rows])


def npcface(b, average, s, t=1.1, alpha=0.25, m0=0.4, m1=0.2):
    hard = lambda i: [b.c[i][j] for j in b.others(i) if b.c[i][j] > cos(b.t(i) + m0)]

    def target(i):
        raised = [v if average == "raw" else t * v + alpha for v in hard(i)]
        m = m0 + (m1 * mean(raised) if raised else 0)
        return s * (cos(b.t(i) + m) if b.cy(i) > 0 else b.cy(i))

    return b.softmax(target, lambda i, j: s * (t * b.c[i][j] + alpha if b.c[i][j] in hard(i) else b.c[i][j]))


def pair_losses(b):
    out, R, S = {}, b.rows, b.S
    pairs = [(u, v) for u in R for v in R if u < v]
    apart = lambda u, v: sqrt(squared(b.x[u], b.x[v]))
    for text, M in ("", 1), (" margin=6", 6):
        out["contrastive" + text] = mean([apart(u, v) ** 2 / 2 if b.y[u] == b.y[v]
                                          else positive(M - apart(u, v)) ** 2 / 2 for u, v in pairs])
    anchors = [i for i in R if b.same(i) and b.different(i)]
    for mining in "all", "hard", "semihard":
        for root in False, True:
            D = lambda u, v: sqrt(2 - 2 * S[u][v]) if root else 2 - 2 * S[u][v]
            for soft in False, True:
                values = []
                for i in anchors:
                    near, far = [D(i, p) for p in b.same(i)], [D(i, n) for n in b.different(i)]
                    if mining == "all":
                        values += [p - n + 0.2 for p in near for n in far]
                    elif mining == "hard":
                        values.append(max(near) - min(far) + 0.2)
                    else:
                        values += [p - min([n for n in far if n > p], default=max(far)) + 0.2 for p in near]
                if mining == "all" and not soft:
                    values = [v for v in values if v > 0]
                name = f"triplet mining={mining} squared={str(not root).lower()} soft={str(soft).lower()}"
                out[name] = mean([(softplus if soft else positive)(v) for v in values])
    twice = [k for k in sorted(set(b.y)) if b.y.count(k) > 1]
    a = [b.y.index(k) for k in twice]
    p = [[i for i in R if b.y[i] == k][1] for k in twice]
    out["npair"] = (cross_entropy([[dot(b.x[i], b.x[q]) for q in p] for i in a], range(len(a)))
                    + 0.002 / 4 * (mean([dot(b.x[i], b.x[i]) for i in a]) + mean([dot(b.x[i], b.x[i]) for i in p])))
    for text, tau in ("", 0.07), (" tau=0.5", 0.5):
        out["infonce" + text] = mean([log1p(sum(exp((S[i][n] - S[i][p]) / tau) for n in b.different(i)))
                                      for i in R for p in b.same(i)])
    for text, tau in ("", 0.1), (" tau=0.5", 0.5):
        out["supcon" + text] = mean([mean([log(sum(exp((S[i][q] - S[i][p]) / tau) for q in R if q != i))
                                           for p in b.same(i)]) for i in R if b.same(i)])
    for text, g in ("", 80), (" gamma=4", 4):
        out["circle-pair" + text] = mean(
            [softplus(log(sum(exp(g * positive(S[i][n] + 0.25) * (S[i][n] - 0.25)) for n in b.different(i)))
                      + log(sum(exp(-g * positive(1.25 - S[i][p]) * (S[i][p] - 0.75)) for p in b.same(i))))
             for i in anchors])
    for mine in "true", "false":
        for text, beta in ("", 50), ("beta=4 ", 4):
            total = 0
            for i in R:
                P, N = [S[i][p] for p in b.same(i)], [S[i][n] for n in b.different(i)]
                if mine == "true":
                    P, N = ([v for v in P if N and v - 0.1 < max(N)], [v for v in N if P and v + 0.1 > min(P)])
                total += log1p(sum(exp(-2 * (v - 0.5)) for v in P)) / 2
                total += log1p(sum(exp(beta * (v - 0.5)) for v in N)) / beta
            out[f"multi-similarity {text}mine={mine}"] = total / len(R)
    return out


# Two calls each: [(value, state ...), ...]


def adaface(calls, t_alpha, s, m=0.4, h=0.333, eps=1e-3):
    average, deviation, out = 20, 100, []
    for b in calls:
        n = [min(max(v, 1e-3), 100) for v in b.lengths]
        unbiased = sqrt(sum((v - mean(n)) ** 2 for v in n) / (len(n) - 1))
        average = t_alpha * mean(n) + (1 - t_alpha) * average
        deviation = t_alpha * unbiased + (1 - t_alpha) * deviation
        q = [min(1, max(-1, h * (v - average) / (deviation + eps))) for v in n]
        target = lambda i: s * (cos(min(max(b.t(i) - m * q[i], eps), pi - eps)) - (m + m * q[i]))
        out.append((b.softmax(target, lambda i, j: s * b.c[i][j]), average, deviation))
    return out


def curricularface(calls, beta, s, m=0.5):
    t, out = 0, []
    for b in calls:
        t = beta * mean([b.cy(i) for i in b.rows]) + (1 - beta) * t
        hard = lambda i, j: b.c[i][j] > cos(b.t(i) + m)
        target = lambda i: s * (cos(b.t(i) + m) if b.t(i) <= pi - m else b.cy(i) - m * sin(m))
        other = lambda i, j: s * b.c[i][j] * (t + b.c[i][j] if hard(i, j) else 1)
        out.append((b.softmax(target, other), t))
    return out


def adacos(calls, dynamic=True):
    s, out = sqrt(2) * log(C - 1), []
    for b in calls:
        if dynamic:
            B_avg = mean([sum(exp(s * b.c[i][j]) for j in b.others(i)) for i in b.rows])
            median = sorted(b.t(i) for i in b.rows)[(len(b.rows) - 1) // 2]
            s = log(B_avg) / cos(min(pi / 4, median))
        out.append((b.softmax(lambda i: s * b.cy(i), lambda i, j: s * b.c[i][j]), s))
    return out


def sphereface(calls, base, gamma, power, lam_min, m=4):
    out = []
    for it, b in enumerate(calls, 1):
        lam = max(lam_min, base * (1 + gamma * it) ** -power)
        target = lambda i: b.lengths[i] * (lam * b.cy(i) + psi(b.t(i), m)) / (1 + lam)
        out.append((b.softmax(target, lambda i, j: b.lengths[i] * b.c[i][j]), lam))
    return out


def elasticface(b, E, kind, plus=False, s=64):
    if plus:  # the smallest margin to the largest cosine
        order, E, left = sorted(b.rows, key=lambda i: -b.cy(i)), list(E), sorted(E)
        for rank, i in enumerate(order):
            E[i] = left[rank]
    return b.softmax(lambda i: s * (cos(b.t(i) + E[i]) if kind == "arc" else b.cy(i) - E[i]),
                     lambda i, j: s * b.c[i][j])


if __name__ == "__main__":
    six = Batch([0.55, 1.6, 0.45, -0.9, -0.2, 1.05], [2, 5, 11, 3, 7, 12], [0, 1, 1, 3, 0, 1])
    for name, value in stateless(six).items():
        loss, *settings = name.split(" ")
        listed = ", ".join('{"%s", "%s"}' % tuple(setting.split("=")) for setting in settings)
        print(f'        {{"{loss}", {{{listed}}}, {value!r}}},')
    angles, more = [0.4, 1.45, 0.7, 1.9, -0.35], [0.5, 1.2, 1.4, 2.2, -0.1]
    y = [0, 1, 1, 3, 0]
    calls = [Batch(angles, [2, 5, 11, 3, 7], y), Batch(more, [4, 5, 6, 13, 500], y)]
    four = [Batch(angles[:4], [2, 5, 11, 3], y[:4]), Batch(more[:4], [4, 5, 6, 13], y[:4])]
    print("adaface", adaface(calls, 0.01, 64), adaface(calls, 1, 32))
    print("curricularface", curricularface(calls, 0.01, 64), curricularface(calls, 0.3, 8))
    print("adacos", adacos(calls), adacos(four), adacos(calls, dynamic=False))
    print("sphereface", sphereface(calls, 1000, 0.12, 1, 5), sphereface(calls, 10, 1, 2, 0.5))
    print("elasticface", [elasticface(calls[0], [0.4, 0.45, 0.5, 0.55, 0.6], k) for k in ("arc", "cos")],
          elasticface(calls[0], [0.6, 0.4, 0.55, 0.45, 0.5], "arc", plus=True))
