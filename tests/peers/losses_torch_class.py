"""Reference formulas of the losses with proxies: each maps a Batch to its value."""
import math

import torch

from losses_torch_geometry import as_if, cross_entropy, softplus


def scaled(b, target, others):
    return cross_entropy(b.number("s") * target, b.number("s") * others).mean()


def softmax(b):
    z = b.x @ b.w.T
    if b.flag("bias"):
        z = z + b.learn("b", [0.0] * b.C)
    b.logits = z
    z.retain_grad()
    return cross_entropy(z[b.own], b.others(z)).mean()


def normface(b):
    return scaled(b, b.cy, b.others(b.c))


def cosface(b):
    return scaled(b, b.cy - b.number("m"), b.others(b.c))


def linear_beyond(b, m):
    """cos(theta + m), and c - m sin m past theta = pi - m (m: number or (B))."""
    m = torch.as_tensor(m, dtype=torch.float64)
    inside = b.greater(b.cy, -torch.cos(m).detach())
    return torch.where(inside, torch.cos(b.ty + m), b.cy - m * torch.sin(m))


def arcface_target(b):
    m, beyond = b.number("m"), b.p["beyond"]
    turned = torch.cos(b.ty + m)
    if beyond == "linear":
        return linear_beyond(b, m)
    if beyond == "easy":
        return torch.where(b.greater(b.cy, torch.zeros_like(b.cy)), turned, b.cy)
    return turned if beyond == "none" else torch.cos(torch.clamp(b.ty + m, max=math.pi))


def arcface(b):
    target = arcface_target(b)
    return scaled(b, as_if(target, b.cy) if b.p["grad"] == "detached" else target, b.others(b.c))


def combined(b):
    target = torch.cos(b.number("m1") * b.ty + b.number("m2")) - b.number("m3")
    return scaled(b, target, b.others(b.c))


def psi(theta, m):
    k = torch.floor(m * theta.detach() / math.pi)
    return (1 - 2 * (k % 2)) * torch.cos(m * theta) - 2 * k


def sphereface(b):
    it = float(b.state.get("it", 0)) + 1
    b.after["it"] = it
    fall = b.number("base") * (1 + b.number("gamma") * it) ** -b.number("power")
    lam = b.number("lam") if "lam" in b.p else max(b.number("lam_min"), fall)
    target = b.norm * (lam * b.cy + psi(b.ty, b.number("m"))) / (1 + lam)
    return cross_entropy(target, b.norm[:, None] * b.others(b.c)).mean()


def sphereface_r(b):
    m, target, others = b.number("m"), b.cy, b.others(b.c)
    if b.p["version"] == "v0":
        target = psi(b.ty, m)
    elif b.p["version"] == "v1":
        target = torch.cos(torch.clamp(m * b.ty, max=math.pi))
    else:
        others = torch.cos(b.others(b.theta) / m)
    if b.p["grad"] == "detached":
        target, others = as_if(target, b.cy), as_if(others, b.others(b.c))
    return b.number("lw") * scaled(b, target, others)


def sphereface2_bias(lam, C, a_y, a_i):
    """The b that minimises the loss when every cosine is 0; a_y, a_i the logits then, without b."""
    z = lam / ((1 - lam) * (C - 1))
    e = 4 * z * math.exp(a_y - a_i)
    root = math.sqrt((1 - z) ** 2 + e)
    bracket = 1 - z + root if z < 1 else e / (root - (1 - z))  # the same number without cancelling
    return math.log(2 * z) - a_i - math.log(bracket)


def sphereface2(b):
    lam, r, m, t, kind = b.number("lam"), b.number("r"), b.number("m"), b.number("t"), b.p["kind"]
    g = lambda z: 2 * ((z + 1) / 2) ** t - 1

    def similarities(angle, cosine):  # of the target
        return {"C": lambda: g(cosine) - m,
                "A": lambda: g(torch.cos(torch.clamp(angle + m, max=math.pi))),
                "M": lambda: g(torch.cos(torch.clamp(m * angle, max=math.pi)))}[kind]()

    target, others = similarities(b.ty, b.cy), g(b.others(b.c)) + (m if kind == "C" else 0)
    right, zero = torch.tensor(math.pi / 2, dtype=torch.float64), torch.tensor(0.0).double()
    start = 0.0
    if "b" not in b.state:
        a_i = r * float(g(zero) + (m if kind == "C" else 0))
        start = sphereface2_bias(lam, b.C, r * float(similarities(right, zero)), a_i)
    bias = b.learn("b", start)
    if b.p["grad"] == "detached":
        target, others = as_if(target, b.cy), as_if(others, b.others(b.c))
    rows = lam / r * softplus(-(r * target + bias))
    rows = rows + (1 - lam) / r * softplus(r * others + bias).sum(1)
    return b.number("lw") * rows.mean()


def adacos(b):
    s = float(b.state["s"]) if "s" in b.state else math.sqrt(2) * math.log(b.C - 1)
    if b.flag("dynamic"):
        average = float(torch.exp(s * b.others(b.c.detach())).sum(1).mean())
        median = float(torch.sort(b.ty.detach()).values[(b.B - 1) // 2])
        s = math.log(average) / math.cos(min(math.pi / 4, median))
    b.after["s"] = s
    return cross_entropy(s * b.cy, s * b.others(b.c)).mean()


def curricularface(b):
    beta, m = b.number("beta"), b.number("m")
    t = beta * float(b.cy.detach().mean()) + (1 - beta) * float(b.state.get("t", 0))
    b.after["t"] = t
    c = b.others(b.c)
    hard = b.greater(c, torch.cos(b.ty + m)[:, None])
    return scaled(b, linear_beyond(b, m), torch.where(hard, c * (t + c), c))


def magface_target(b, easy):
    """(target (B), the regulariser) from the clipped lengths."""
    la, ua, lm, um = (b.number(k) for k in ("la", "ua", "lm", "um"))
    b.greater(b.norm, torch.full_like(b.norm, la), la)
    b.greater(b.norm, torch.full_like(b.norm, ua), ua)
    a = torch.clamp(b.norm, la, ua)
    m = lm + (um - lm) * (a - la) / (ua - la)
    if easy:
        target = torch.where(b.greater(b.cy, torch.zeros_like(b.cy)), torch.cos(b.ty + m), b.cy)
    else:
        target = linear_beyond(b, m)
    return target, b.number("lg") * (a / ua**2 + 1 / a).mean()


def magface(b):
    target, regulariser = magface_target(b, b.flag("easy"))
    return scaled(b, target, b.others(b.c)) + regulariser


def adaface(b):
    m, h, rate, eps = (b.number(k) for k in ("m", "h", "t_alpha", "eps"))
    n = torch.clamp(b.norm.detach(), 1e-3, 100)
    mean, std = float(b.state.get("mean", 20)), float(b.state.get("std", 100))
    if b.B >= 2:
        mean = rate * float(n.mean()) + (1 - rate) * mean
        std = rate * float(n.std(unbiased=True)) + (1 - rate) * std
    b.after.update(mean=mean, std=std)
    q = torch.clamp(h * (n - mean) / (std + eps), -1, 1)
    free = ~b.greater(b.cy.abs(), torch.full_like(b.cy, 1 - eps))
    edge = torch.acos(torch.clamp(b.cy.detach(), eps - 1, 1 - eps))
    angle = torch.where(free, b.ty, edge) - m * q
    b.greater(angle, torch.full_like(angle, eps))
    b.greater(angle, torch.full_like(angle, math.pi - eps))
    b.greater(b.c.abs(), torch.full_like(b.c, 1 - eps))
    target = torch.cos(torch.clamp(angle, eps, math.pi - eps)) - (m + m * q)
    return scaled(b, target, torch.clamp(b.others(b.c), eps - 1, 1 - eps))


def elasticface(b):
    """E: the margins, given or drawn. Drawn ones are m where sigma = 0. With plus they belong to ranks:
    the largest target cosine gets the smallest margin."""
    margins = torch.tensor(b.state["E"], dtype=torch.float64)
    if b.state.get("drawn") and b.number("sigma") == 0:
        margins = torch.full_like(margins, b.number("m"))
    if b.flag("plus"):
        order = torch.sort(b.cy.detach(), descending=True, stable=True)
        if b.B > 1:  # equal angles to different proxies: rounding ranks them
            b.gap = min(b.gap, float((order.values[:-1] - order.values[1:]).min()))
        margins = torch.zeros_like(margins).scatter_(0, order.indices, torch.sort(margins).values)
    target = torch.cos(b.ty + margins) if b.p["kind"] == "arc" else b.cy - margins
    return scaled(b, target, b.others(b.c))


def circle(b):
    m, gamma, c = b.number("m"), b.number("gamma"), b.others(b.c)
    a_p = torch.clamp(1 + m - b.cy, min=0).detach()
    a_n = torch.clamp(c + m, min=0).detach()
    b.greater(c, torch.full_like(c, -m))
    return cross_entropy(gamma * a_p * (b.cy - (1 - m)), gamma * a_n * (c - m)).mean()


def focal(b):
    s = b.number("s")
    l = cross_entropy(s * b.cy, s * b.others(b.c))
    if b.C == 1:
        return l.mean()
    return ((-torch.expm1(-l)) ** b.number("gamma") * l).mean()


def hm_softmax(b):
    s = b.number("s")
    l = cross_entropy(s * b.cy, s * b.others(b.c))
    kept = b.largest(l[None, :], max(1, int(b.number("save_rate") * b.B)), s)[0]
    return l[kept].mean()


def arcneg(b):
    target, c = linear_beyond(b, b.number("m")), b.others(b.c)
    q = b.number("alpha") * torch.exp(-((c - target[:, None]) ** 2) / b.number("sigma"))
    q = q.detach()
    return scaled(b, target, q * c + q - 1)


def uniface(b):
    s, bias = b.number("s"), b.learn("b", math.log(10 * b.C))
    rows = softplus(bias - s * (b.cy - b.number("m")))
    return (rows + b.number("l") * softplus(s * b.others(b.c) - bias).sum(1)).mean()


def easy_or(b, turned):
    if not b.flag("easy"):
        return turned
    return torch.where(b.greater(b.cy, torch.zeros_like(b.cy)), turned, b.cy)


def support_vectors(b, modulated):
    """SV and MV: `modulated` (c) replaces the cosine of negatives above the margined target."""
    m, c = b.number("m"), b.others(b.c)
    f = {"none": lambda: b.cy, "am": lambda: b.cy - m, "arc": lambda: torch.cos(b.ty + m)}
    f = f[b.p["margin"]]()
    return scaled(b, easy_or(b, f), torch.where(b.greater(c, f[:, None]), modulated(c), c))


def sv_softmax(b):
    t = b.number("t")
    return support_vectors(b, lambda c: t * c + t - 1)


def mv_softmax(b):
    t = b.number("t")
    return support_vectors(b, lambda c: c + t * (c + 1) if b.p["mode"] == "adaptive" else c + t)


def npcface(b):
    c, m0 = b.others(b.c), b.number("m0")
    mask_margin = float(b.p.get("mask_margin", m0))
    hard = b.greater(c, torch.cos(b.ty + mask_margin)[:, None])
    raised = b.number("t") * c + b.number("alpha")
    averaged = torch.where(hard, raised if b.p["avg"] == "modulated" else c, torch.zeros_like(c))
    count = hard.sum(1)
    margin = m0 + b.number("m1") * averaged.sum(1) / torch.clamp(count, min=1)
    if b.p["grad"] == "detached":
        margin = margin.detach()
    return scaled(b, easy_or(b, torch.cos(b.ty + margin)), torch.where(hard, raised, c))


def nearest(b, pool, k):
    return b.largest(pool, k if 0 < k < pool.shape[1] else pool.shape[1])


def npt(b):
    r2, c = b.number("r") ** 2, b.others(b.c)
    if b.C == 1:
        return b.cy.sum() * 0
    pool = c if b.p["own"] == "exclude" else torch.where(b.own, torch.zeros_like(b.c), b.c)
    violation = pool - b.cy[:, None] + b.number("delta") / (2 * r2)
    counted = nearest(b, pool, int(b.p["k"])) & b.greater(violation, torch.zeros_like(violation))
    return 2 * r2 * torch.where(counted, violation, torch.zeros_like(violation)).sum(1).mean()


def npt_lse(b):
    tau, c = b.number("tau"), b.others(b.c)
    if b.C == 1:
        return b.cy.sum() * 0
    kept = nearest(b, c, int(b.p["k"]))
    z = torch.where(kept, tau * (c - b.cy[:, None] + b.number("m")), torch.full_like(c, -math.inf))
    return cross_entropy(torch.zeros_like(b.cy), z).mean() / tau
