"""Reference formulas of the losses on pairs of samples, and of those between the two families."""
import math

import torch

from losses_torch_class import magface_target, scaled
from losses_torch_geometry import Geometry, cross_entropy, length, softplus

NOWHERE = -math.inf


def log_sum(z, mask):
    """log sum exp over the last axis where mask; nothing there: -inf without a derivative."""
    filled = torch.where(mask, z, torch.full_like(z, NOWHERE))
    there = mask.any(-1, keepdim=True)
    safe = torch.where(there, filled, torch.zeros_like(z))
    return torch.where(there[..., 0], torch.logsumexp(safe, -1), torch.tensor(NOWHERE).double())


def mean_or_zero(b, rows):
    return rows.mean() if rows.numel() else b.x.sum() * 0


def unpg(b):
    base, regulariser = b.p["base"], 0.0
    if base == "mag":
        target, regulariser = magface_target(b, True)
    else:
        m = b.number("m")
        target = {"cos": b.cy - m, "arc": torch.cos(b.ty + m), "norm": b.cy}[base]
    others, pairs = b.others(b.c), negative_pairs(b)
    if pairs is not None:
        s_uv, u, v = pairs
        slots = s_uv[None, :].expand(b.B, -1)
        if b.p["scope"] == "anchor":
            i = torch.arange(b.B)[:, None]
            slots = torch.where((i == u) | (i == v), slots, torch.full_like(slots, NOWHERE))
        others = torch.cat([others, slots], 1)
    return scaled(b, target, others) + regulariser


def negative_pairs(b):
    """(S_uv, u, v) of the pairs u < v of different labels that pass the filter; none: None."""
    s = Geometry.apply(b.x, b.x, b.report.setdefault("pairs", {}))[0]
    u, v = torch.triu_indices(b.B, b.B, 1)
    keep = b.y[u] != b.y[v]
    u, v = u[keep], v[keep]
    s, wisk, K = s[u, v], b.number("wisk"), len(u)
    if K == 0:
        return None
    if wisk > 0:
        ascending = torch.sort(s.detach()).values
        q1, q3 = ascending[int(0.25 * K)], ascending[int(0.75 * K)]
        low, high = q1 - wisk * (q3 - q1), q3 + wisk * (q3 - q1)
        kept = ~b.greater(low, s) & ~b.greater(s, high)
        s, u, v = s[kept], u[kept], v[kept]
    return s, u, v


def proxy_nca(b):
    if b.C == 1:
        return b.cy.sum() * 0
    return (2 - 2 * b.cy + torch.logsumexp(2 * b.others(b.c) - 2, 1)).mean()


def proxy_nca_pp(b):
    z = 2 * b.c / b.number("T")
    return cross_entropy(z[b.own], b.others(z)).mean()


def proxy_anchor(b):
    alpha, delta, c = b.number("alpha"), b.number("delta"), b.c.T
    own = b.own.T
    pull = softplus(log_sum(-alpha * (c - delta), own)[own.any(1)])
    push = softplus(log_sum(alpha * (c + delta), ~own)[(~own).any(1)])
    return pull.mean() + push.sum() / b.C


def center(b):
    if "centers" in b.state:
        b.w = torch.tensor(b.state["centers"], dtype=torch.float64, requires_grad=True)
    moved, x = b.w.detach().clone(), b.x.detach()
    for j in range(b.C):
        mine = x[b.y == j]
        moved[j] -= b.number("alpha") * (moved[j] - mine).sum(0) / (1 + len(mine))
    b.after["centers"] = moved
    return ((b.x - b.w[b.y]) ** 2).sum() / (2 * b.B)


def contrastive(b):
    u, v = torch.triu_indices(b.B, b.B, 1)
    d, margin = length(b.x[u] - b.x[v]), b.number("margin")
    b.greater(d, torch.full_like(d, margin))
    far = torch.clamp(margin - d, min=0) ** 2
    return mean_or_zero(b, torch.where(b.y[u] == b.y[v], d**2, far) / 2)


def triplet(b):
    D = 2 - 2 * b.c if b.flag("squared") else 2 * torch.sin(b.theta / 2)
    v = (selected_all if b.p["mining"] == "all" else selected)(b, D)
    v = v + b.number("margin")
    if b.flag("soft"):
        return mean_or_zero(b, softplus(v))
    active = b.greater(v, torch.zeros_like(v))
    if b.p["mining"] == "all":
        return mean_or_zero(b, v[active])
    return mean_or_zero(b, torch.where(active, v, torch.zeros_like(v)))


def selected_all(b, D):
    a, p, n = torch.nonzero(b.same[:, :, None] & b.different[:, None, :], as_tuple=True)
    return D[a, p] - D[a, n]


def first_least(b, values):
    """Index of the least value, ties: the lowest; remembers how near the second came."""
    order = torch.sort(values.detach(), stable=True)
    if len(values) > 1:
        b.greater(order.values[1], order.values[0])
    return order.indices[0]


def selected(b, D):
    """Mining hard and semihard: D_ap - D_an of the triplets that were picked."""
    rows = []
    for i in range(b.B):
        P, N = b.same[i].nonzero()[:, 0], b.different[i].nonzero()[:, 0]
        if len(P) == 0 or len(N) == 0:
            continue
        if b.p["mining"] == "hard":
            rows.append(D[i, P[first_least(b, -D[i, P])]] - D[i, N[first_least(b, D[i, N])]])
            continue
        for p in P:
            farther = N[b.greater(D[i, N], D[i, p])]
            n = farther[first_least(b, D[i, farther])] if len(farther) else N[first_least(b, -D[i, N])]
            rows.append(D[i, p] - D[i, n])
    return torch.stack(rows) if rows else b.x.new_zeros(0)


def npair(b):
    couples = [(b.y == j).nonzero()[:2, 0] for j in torch.unique(b.y)]
    couples = [k for k in couples if len(k) == 2]
    if not couples:
        return b.x.sum() * 0
    a, p = (b.x[torch.stack(couples)[:, k]] for k in (0, 1))
    z, own = a @ p.T, torch.eye(len(a), dtype=torch.bool)
    entropy = cross_entropy(z[own], z[~own].reshape(len(a), len(a) - 1)).mean()
    return entropy + b.number("reg") / 4 * ((a**2).sum(1).mean() + (p**2).sum(1).mean())


def infonce(b):
    z = b.c / b.number("tau")
    i, p = b.same.nonzero(as_tuple=True)
    negatives = torch.where(b.different, z, torch.full_like(z, NOWHERE))
    return mean_or_zero(b, cross_entropy(z[i, p], negatives[i]))


def supcon(b):
    z, rows = b.c / b.number("tau"), []
    for i in range(b.B):
        losses = []
        for p in b.same[i].nonzero()[:, 0]:
            rest = [a for a in range(b.B) if a not in (i, int(p))]
            losses.append(cross_entropy(z[i, p][None], z[i, rest][None, :])[0])
        if losses:
            rows.append(torch.stack(losses).mean())
    return mean_or_zero(b, torch.stack(rows) if rows else b.x.new_zeros(0))


def circle_pair(b):
    m, gamma, s = b.number("m"), b.number("gamma"), b.c
    a_p, a_n = torch.clamp(1 + m - s, min=0).detach(), torch.clamp(s + m, min=0).detach()
    b.greater(s[b.different], torch.full_like(s[b.different], -m))
    usable = b.same.any(1) & b.different.any(1)
    t = log_sum(gamma * a_n * (s - m), b.different)[usable]
    t = t + log_sum(-gamma * a_p * (s - 1 + m), b.same)[usable]
    return mean_or_zero(b, softplus(t))


def multi_similarity(b):
    alpha, beta, base, eps = (b.number(k) for k in ("alpha", "beta", "base", "eps"))
    s, P, N = b.c, b.same, b.different
    if b.flag("mine"):
        top = torch.where(N, s, torch.full_like(s, NOWHERE)).max(1, keepdim=True).values.detach()
        low = torch.where(P, s, torch.full_like(s, math.inf)).min(1, keepdim=True).values.detach()
        s_p = torch.where(P, s, torch.full_like(s, math.inf))
        s_n = torch.where(N, s, torch.full_like(s, NOWHERE))
        P, N = P & b.greater(top, s_p - eps), N & b.greater(s_n + eps, low)
    pull = log_sum(-alpha * (s - base), P)[P.any(1)]
    push = log_sum(beta * (s - base), N)[N.any(1)]
    return (softplus(pull).sum() / alpha + softplus(push).sum() / beta) / b.B
