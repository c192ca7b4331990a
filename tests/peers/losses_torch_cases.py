"""The losses with their modes, and the inputs on which facet and the references are compared."""
import itertools

import numpy as np

from losses_torch_class import *
from losses_torch_pair import *


def modes(**choices):
    """All combinations; a value that is a list is a choice."""
    lists = [v if isinstance(v, list) else [v] for v in choices.values()]
    return [dict(zip(choices, v)) for v in itertools.product(*lists)]


YES_NO = ["false", "true"]
BOTH = ["exact", "detached"]
MAG = dict(la=10, ua=110, lm=0.45, um=0.8, lg=35)

# name: (reference, modes). A name holds every parameter that the reference reads.
CLASS = {
    "softmax": (softmax, modes(bias=YES_NO)),
    "normface": (normface, modes(s=[32, 7.5])),
    "cosface": (cosface, modes(s=64, m=0.35) + modes(s=20, m=0)),
    "arcface": (arcface, modes(s=64, m=0.5, beyond=["linear", "none", "easy", "clip"], grad=BOTH)
                + modes(s=16, m=1.1, beyond="linear", grad="exact")),
    "combined": (combined, modes(s=64, m1=1, m2=0.3, m3=0.2) + modes(s=32, m1=0.9, m2=0.4, m3=0.15)),
    "sphereface": (sphereface, modes(m=[4, 1, 2, 3], base=1000, gamma=0.12, power=1, lam_min=5)
                   + modes(m=4, base=1000, gamma=0.12, power=1, lam_min=5, lam=[0, 0.5])
                   + modes(m=4, base=10, gamma=0.3, power=2, lam_min=0.1)),
    "sphereface-r": (sphereface_r, modes(version=["v0", "v1", "v2"], s=30, m=1.5, lw=1, grad=BOTH)
                     + modes(version=["v0", "v2"], s=60, m=1.4, lw=50, grad="exact")),
    "sphereface2": (sphereface2, modes(kind=["C", "A"], lam=0.7, r=40, m=0.4, t=3, lw=1, grad=BOTH)
                    + modes(kind="M", lam=0.7, r=40, m=1.5, t=3, lw=1, grad=BOTH)
                    + modes(kind=["C", "A", "M"], lam=0.5, r=12, m=1.2, t=1.5, lw=50, grad="exact")),
    "adacos": (adacos, modes(dynamic=YES_NO)),
    "curricularface": (curricularface, modes(s=64, m=0.5, beta=[0.01, 0.7])),
    "magface": (magface, modes(s=64, **MAG, easy=YES_NO)),
    "adaface": (adaface, modes(s=64, m=0.4, h=0.333, t_alpha=[0.01, 1], eps=1e-3)
                + modes(s=32, m=0.3, h=1, t_alpha=0.5, eps=0.01)),
    "elasticface": (elasticface, modes(kind=["arc", "cos"], s=64, m=0.5, sigma=[0.05, 0], plus=YES_NO)),
    "circle": (circle, modes(m=0.25, gamma=256) + modes(m=0.4, gamma=32)),
    "focal": (focal, modes(s=32, gamma=[2, 0, 1.5])),
    "hm-softmax": (hm_softmax, modes(s=32, save_rate=[0.9, 0.3, 1])),
    "arcneg": (arcneg, modes(s=64, m=0.5, alpha=1.2, sigma=2) + modes(s=20, m=0.3, alpha=0.9, sigma=0.5)),
    "uniface": (uniface, modes(s=64, m=0.4, l=1) + modes(s=30, m=0.1, l=0.3)),
    "sv-softmax": (sv_softmax, modes(s=30, t=1.2, m=0.35, margin=["none", "am", "arc"], easy=YES_NO)),
    "mv-softmax": (mv_softmax, modes(s=32, t=0.2, m=0.35, margin=["am", "arc"],
                                     mode=["adaptive", "fixed"], easy=YES_NO)),
    "npcface": (npcface, modes(s=64, t=1.1, alpha=0.25, m0=0.4, m1=0.2, easy=YES_NO,
                               avg=["raw", "modulated"], grad=BOTH)
                + modes(s=32, t=1.1, alpha=0.2, m0=0.4, m1=0.2, mask_margin=0.5, easy="true",
                        avg="raw", grad=BOTH)),
    "npt": (npt, modes(delta=1, r=[1, 2], k=[1, 3, 0], own="exclude")
            + modes(delta=[1, 0.3], r=1, k=[2, 9, 0], own="zero")),
    "npt-lse": (npt_lse, modes(m=0.5, tau=64, k=[0, 1, 3])),
    "unpg": (unpg, modes(base=["cos", "arc", "norm"], s=64, m=0.5, wisk=[1.5, 0],
                         scope=["batch", "anchor"])
             + modes(base="mag", s=64, wisk=1.5, scope=["batch", "anchor"], **MAG)
             + modes(base="cos", s=32, m=0.2, wisk=0.3, scope=["batch", "anchor"])),
    "proxy-nca": (proxy_nca, [{}]),
    "proxy-nca-pp": (proxy_nca_pp, modes(T=[0.1111, 1])),
    "proxy-anchor": (proxy_anchor, modes(alpha=32, delta=0.1) + modes(alpha=8, delta=0)),
    "center": (center, modes(alpha=[0.5, 1])),
}
PAIR = {
    "contrastive": (contrastive, modes(margin=[1, 3])),
    "triplet": (triplet, modes(margin=0.2, mining=["all", "hard", "semihard"], squared=YES_NO,
                               soft=YES_NO)),
    "npair": (npair, modes(reg=[0.002, 0])),
    "infonce": (infonce, modes(tau=[0.07, 0.5])),
    "supcon": (supcon, modes(tau=[0.1, 0.5])),
    "circle-pair": (circle_pair, modes(m=0.25, gamma=80) + modes(m=0.4, gamma=32)),
    "multi-similarity": (multi_similarity, modes(alpha=2, beta=50, base=0.5, eps=0.1, mine=YES_NO)),
}
REFERENCES = {**CLASS, **PAIR}
RAW = {"softmax", "sphereface", "center", "contrastive", "npair"}  # lengths enter the logits

# The state after a call is compared for these.
STATES = {"adacos", "curricularface", "adaface", "sphereface", "softmax", "sphereface2", "uniface",
          "center"}


def states(name, p, rng, B, C, D):
    """States to start from: none, and one given."""
    given = {"adacos": {"s": 9.25}, "curricularface": {"t": 0.3}, "adaface": {"mean": 3.0, "std": 1.5},
             "sphereface": {"it": 400}, "softmax": {"b": list(rng.standard_normal(C))},
             "sphereface2": {"b": -3.5}, "uniface": {"b": 2.5},
             "elasticface": {"E": list(0.5 + 0.05 * rng.standard_normal(B))},
             "center": {"centers": rng.standard_normal((C, D)).tolist()}}
    keeps = name in given and p.get("bias") != "false"
    return [{}] + ([given[name]] if keeps else [])


def regions(rng, dtype, quick, paired):
    """Yields (region, x, w, y)."""
    r = rng.standard_normal

    def random(B, C, D):
        return r((B, D)), r((C, D)), rng.integers(0, C, B)

    sizes = [(9, 5, 4), (1, 3, 2), (5, 2, 3), (4, 1, 6), (13, 11, 17), (33, 29, 31)]
    for B, C, D in sizes[:4] if quick else sizes:
        yield (f"B={B} C={C} D={D}", *random(B, C, D))
    if not quick:
        yield ("C=1000 D=512", *random(10, 1000, 512))
    x, W, y = random(6, 5, 7)
    y[:4] = [0, 3, 3, 0]
    yield "far apart", x, W, np.arange(6) % 5  # one pair only
    yield "one class", x, W, y * 0 + 2
    yield "no pair", x[:5], W, np.arange(5)
    yield "easy", W[y] + 0.3 * x, W, y
    yield "saturated", W[y] + 1e-2 * x, W, y
    yield "hard", W[(y + 1) % 5] + 0.1 * x, W, y
    yield "beyond pi-m", -W[y] + 0.1 * x, W, y
    yield "theta 1e-3", W[y] + 1e-3 * x, W, y
    yield "theta pi-1e-3", -W[y] + 1e-3 * x, W, y
    if dtype == "f64":  # float32 cannot hold such angles
        yield "theta 1e-7", W[y] + 1e-7 * x, W, y
        yield "theta pi-1e-7", -W[y] + 1e-7 * x, W, y
        yield "negative theta 1e-7", W[(y + 1) % 5] + 1e-7 * x, W, y
    yield "cos=1", 2 * W[y], W, y
    yield "cos=-1", -0.5 * W[y], W, y
    yield "negative cos=1", 4 * W[(y + 2) % 5], W, y
    yield "negative cos=-1", -W[(y + 2) % 5], W, y
    V = x.copy()
    V[3] = V[0]
    yield "equal x, same label", V, W, y
    V = x.copy()
    V[1], V[5] = V[0], 2 * V[3]
    yield "equal x, other label", V, W, np.array([0, 3, 3, 0, 1, 2])
    V = W.copy()
    V[4], V[1] = V[2], 2 * V[0]
    yield "equal proxies", x, V, y
    yield "ignored", x, W, np.array([0, -1, 3, 3, -1, 0])
    yield "one counted", x, W, np.array([-1, -1, 3, -1, -1, -1])
    yield "all ignored", x, W, y * 0 - 1
    V, U = x.copy(), W.copy()
    V[1] = 0
    if not paired:
        U[3] = 0
    yield "zero vectors", V, U, y
    sized = x / np.sqrt((x * x).sum(1))[:, None]
    yield "norms 5..200", sized * np.array([5, 9.9, 10.1, 60, 109.9, 200])[:, None], W, y
    yield "norms 105..115", sized * np.array([105, 110.1, 109.9, 107, 111, 115])[:, None], W, y
    big = 1e120 if dtype == "f64" else 1e15
    yield "huge x, tiny w", big * x, W / big, y
    yield "tiny x, huge w", x / big, big * W, y
