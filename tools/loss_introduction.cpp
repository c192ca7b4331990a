#include "tools/loss_pages.h"

namespace facet {

std::string_view losses_introduction() {
    return R"(# The losses

One page a loss, made by `make docs` from the text in the loss's own file: the page
and the code cannot say different things. `facet losses NAME` prints the same text; `facet verify`
compares every gradient below with ones that know nothing of its derivation.
[How to add a loss](../add-a-loss.md).

## Conventions

| sign | meaning |
| --- | --- |
| `x` (B, D), `w` (C, D) | raw embeddings and proxies (class weights), B samples, C classes |
| `xh = x/\|x\|`, `wh = w/\|w\|` | the same, of length 1 |
| `c_ij = <xh_i, wh_j> = cos(theta_ij)` | the cosines; on a page the row `i` is left out: `c_j` |
| `y`, `c_y`, `theta_y` | the class of the sample, its cosine and angle; `j` are the others |
| `S_uv = <xh_u, xh_v>` | cosines between rows of the batch (pair losses) |
| `[v]_+`, `[a > b]` | max(v, 0); 1 where the statement holds, else 0 |
| `p` | the softmax of the logits `z`, so `p_y` is the probability of the right class |
| `softplus(v)`, `sigmoid(v)` | log(1 + e^v), 1 / (1 + e^-v) |

A value on a page is one sample's; the loss is the mean over the samples with a label (a row with
label -1 does not count) unless the page says otherwise. Gradients are by the raw arrays,
normalisation included.

## The gradient that most losses share

Cross-entropy on logits `z_j(c_j)`, one function of one cosine each, is `L = log sum_k e^{z_k} - z_y`.
Its derivative by a logit is `p_j - [j = y]`, so

```text
dL/dc_j = p_j z'_j  (j != y),        dL/dc_y = -(1 - p_y) z'_y,        z' = dz/dc
```

and a margin loss is told by its logits and their slopes alone. `1 - p_y` is not formed by
subtraction, which leaves no digits on easy samples, but as the sum of the other probabilities.

## From cosines to vectors

With `G = dL/dc` (B, C), of the mean:

```text
dxh = G wh          dx = (dxh - <dxh, xh> xh) / |x|
dwh = G^T xh        dw = (dwh - <dwh, wh> wh) / |w|
```

The length of `x` changes no cosine, so the part of `dxh` along `xh` falls away: `<x, dx> = 0` for
every loss of cosines alone. A loss that reads the norm `a = |x|` too adds `(dL/da) xh`. For a pair
loss every `S_uv` is a variable: `dxh = (dS + dS^T) xh`.

## Cone points: theta = 0 and 180 degrees

An angular margin has `d cos(theta + m)/dc = sin(theta + m)/sin(theta)`, which is infinite where `x`
points along its proxy, while the cosine itself does not move there: `|dc/dxh| = sin(theta)`. Their
product is bounded. So the target's gradient is never formed from `dL/dc_y`, but as

```text
dxh = dL/dtheta_y * (unit tangent at xh, away from wh_y),        dL/dtheta_y = -sin(theta_y) dL/dc_y
```

with `sin(theta)` computed from the vectors, not as the root of 1 - c^2. At the point itself the
value has a cone: the direction is not defined and the gradient is taken as 0. Code that
differentiates `acos` or `sqrt(1 - c^2)` automatically returns NaN there; most public code does, some
of it also where the cosine of another class is 1. Cosines that rounding carries past 1 are clipped.

## Detached, and why it matters

Comparisons (masks, top-k sets, mining) are piecewise constant: their derivative is 0 in any
framework. A real-valued statistic is another matter: a margin, a scale or a weight computed from
the batch may be differentiated or be held constant, and public code differs. Where a page says
*held constant*, the gradient is what the authors' code computes and is **not** the derivative of
the value. The parameter `grad` switches where both are of use: `exact` is the derivative of the
value, `detached` what released code backpropagates.

## The pictures

Left the value, right its derivative by the angle, `dL/dtheta`: the strength with which the sample
is pulled towards its proxy (positive: a smaller angle is better). They are computed by the loss
itself in float64; the slope comes from the gradient by the vector that turns, so for a detached
loss it is not the slope of the curve on the left.

## All of them
)";
}

}  // namespace facet
