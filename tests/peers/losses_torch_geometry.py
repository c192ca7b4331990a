"""Cosines, angles and norms of raw vectors, and what a reference loss sees of a batch.

The geometry is computed in numpy's longdouble (64 bits of mantissa on x86-64): at an angle of 1e-7 a
direction in plain float64 keeps only nine digits. Everything else is float64 with torch's automatic
differentiation.
"""
import math

import numpy as np
import torch

CONE = 1e-17  # a sine below this is a cone point, theta = 0 or pi: no derivative goes through it


def lengths_and_units(v):
    """Lengths (n) and unit vectors (n, D) of the rows of v; the unit vector of 0 is 0."""
    v = v.detach().numpy().astype(np.longdouble)
    size = np.sqrt((v * v).sum(1))
    return size, v / np.where(size > 0, size, 1)[:, None]


class Geometry(torch.autograd.Function):
    """x (B, D), w (C, D) -> cosines (B, C), angles (B, C), lengths of x (B).

    Backwards in product form: the derivative by a cosine is k = dL/dc - dL/dtheta / sin(theta), with
    the second term 0 at cone points, and dx = sum_j k_ij (wh_j - c_ij xh_i) / |x_i| + dL/d|x_i| xh_i.
    A zero vector has cosine 0 with everything and gradient 0. `report` receives k (B, C), the
    sines, and the largest of dL/dc and dL/dtheta.
    """

    @staticmethod
    def forward(ctx, x, w, report):
        a, xh = lengths_and_units(x)
        b, wh = lengths_and_units(w)
        c = np.clip(xh @ wh.T, -1, 1)
        sine = np.stack([np.sqrt(((wh - c[i, :, None] * xh[i]) ** 2).sum(1)) for i in range(len(x))])
        sine[sine < CONE] = 0
        sine[(a[:, None] == 0) | (b[None, :] == 0)] = 1
        ctx.saved, ctx.report = (a, xh, b, wh, c, sine), report
        return tuple(torch.tensor(v.astype(np.float64)) for v in (c, np.arctan2(sine, c), a))

    @staticmethod
    def backward(ctx, dc, dtheta, da):
        a, xh, b, wh, c, sine = ctx.saved
        dc, dtheta, da = (v.numpy().astype(np.longdouble) for v in (dc, dtheta, da))
        k = dc - np.where(sine > 0, dtheta / np.where(sine > 0, sine, 1), 0)
        terms = max(np.abs(dc).max(initial=0), np.abs(dtheta).max(initial=0))
        ctx.report.update(k=k.astype(np.float64), sine=sine.astype(np.float64), terms=float(terms))
        kc = k * c
        dx = (k @ wh - kc.sum(1)[:, None] * xh) / np.where(a > 0, a, 1)[:, None]
        dx = np.where(a[:, None] > 0, dx, 0) + da[:, None] * xh
        dw = (k.T @ xh - kc.sum(0)[:, None] * wh) / np.where(b > 0, b, 1)[:, None]
        dw = np.where(b[:, None] > 0, dw, 0)
        return torch.tensor(dx.astype(np.float64)), torch.tensor(dw.astype(np.float64)), None


class Softplus(torch.autograd.Function):
    """log(1 + e^x), all digits for every x (torch's own is x above 20)."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.clamp(x, min=0) + torch.log1p(torch.exp(-x.abs()))

    @staticmethod
    def backward(ctx, grad):
        return grad * torch.sigmoid(ctx.saved_tensors[0])


softplus = Softplus.apply


class Length(torch.autograd.Function):
    """|v| over the last axis, with derivative 0 at v = 0."""

    @staticmethod
    def forward(ctx, v):
        size = v.norm(dim=-1)
        ctx.save_for_backward(v, size)
        return size

    @staticmethod
    def backward(ctx, grad):
        v, size = ctx.saved_tensors
        return grad[..., None] * v / torch.where(size > 0, size, torch.ones_like(size))[..., None]


length = Length.apply


def as_if(value, derivative_of):
    """The numbers of `value` with the derivative of `derivative_of`."""
    return derivative_of + (value - derivative_of).detach()


def cross_entropy(target, others):
    """-log softmax at the target (B), with 1 - p as the sum of the other probabilities.
    others (B, K), -inf: not there; no other logit: 0."""
    if others.shape[1] == 0:
        return target * 0
    there = (others > -math.inf).any(1)
    safe = torch.where(there[:, None], others, torch.zeros_like(others))
    l = softplus(torch.logsumexp(safe, 1) - target)
    return torch.where(there, l, target * 0)


class Batch:
    """The counted rows of a batch. p: parameters; state: given; after: the state left behind."""

    def __init__(self, p, x, w, y, state):
        self.p, self.x, self.w, self.y, self.state = p, x, w, y, state
        self.after, self.learned, self.report = {}, {}, {}
        self.tied, self.gap = False, math.inf  # distance of the nearest cosine to the boundary of a mask
        self.B, self.C = len(x), 0 if w is None else len(w)
        self.c, self.theta, self.norm = Geometry.apply(x, x if w is None else w, self.report)
        if w is None:  # (B, B) pairs of samples; self.c holds S
            self.same = (y[:, None] == y[None, :]) & ~torch.eye(self.B, dtype=torch.bool)
            self.different = y[:, None] != y[None, :]
            return
        self.own = torch.nn.functional.one_hot(y, self.C).bool()
        self.cy, self.ty = self.c[self.own], self.theta[self.own]

    def number(self, name):
        return float(self.p[name])

    def flag(self, name):
        return self.p[name] == "true"

    def others(self, v):
        """(B, C) -> (B, C-1), without the own class."""
        return v[~self.own].reshape(self.B, self.C - 1)

    def greater(self, a, b, unit=1.0):
        """a > b, remembering how near a - b came to 0 in cosines. A tie of equal vectors (`tied`) is
        decided in float64; in float32 two products of equal vectors may differ by rounding."""
        d = (a - b).detach().abs() / unit
        self.tied = self.tied or bool(((d == 0) & (a != 0)).any())
        d = d[(d > 0) & torch.isfinite(d)]
        if d.numel():
            self.gap = min(self.gap, float(d.min()))
        return a > b

    def largest(self, v, k, unit=1.0):
        """Mask of the k largest of each row, ties: the lowest index."""
        order = torch.sort(v.detach(), dim=1, descending=True, stable=True)
        mask = torch.zeros_like(v, dtype=torch.bool)
        mask.scatter_(1, order.indices[:, :k], True)
        if 0 < k < v.shape[1]:
            self.greater(order.values[:, k - 1], order.values[:, k], unit)
        return mask

    def learn(self, name, start):
        """A learned extra: the given value or `start`, with its gradient asked for."""
        given = torch.as_tensor(self.state.get(name, start), dtype=torch.float64)
        self.learned[name] = given.clone().requires_grad_(True)
        self.after[name] = given
        return self.learned[name]
