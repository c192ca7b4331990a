#!/usr/bin/python3
"""How fast PyTorch is on this machine's GPU at what `make gpu-check` measures of facet.

    tests/peers/gpu_speed.py [--steps 20]

Prints one JSON list: training steps, forward, CosFace, backward, SGD with Nesterov momentum, in
float32, tf32 and bfloat16 (autocast, maps channels last, cuDNN choosing its fastest engines); and
the CosFace head alone, value and both gradients. Milliseconds are medians between CUDA events.
What does not fit in the GPU's memory is left out. Needs PyTorch with CUDA; not yet run on a GPU.
"""

import argparse
import contextlib
import json
import statistics

import torch
from iresnet import CosFace, IResNet

STEPS = [("r10", 64, 64), ("r10", 64, 512), ("r18", 112, 256), ("r50", 112, 256)]
PRECISIONS = ["float32", "tf32", "bfloat16"]
HEADS = [10_000, 100_000, 1_000_000]


def median_ms(work, steps):
    for _ in range(5):
        work()
    times = []
    for _ in range(steps):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times)


def set_precision(precision):
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = precision != "float32"
    torch.backends.cuda.matmul.allow_tf32 = precision != "float32"
    if precision == "bfloat16":
        return lambda: torch.autocast("cuda", torch.bfloat16)
    return contextlib.nullcontext


def step_ms(backbone, image, batch, precision, steps):
    arithmetic = set_precision(precision)
    network = IResNet(backbone, image, 256).cuda().train().to(memory_format=torch.channels_last)
    head = CosFace(256, 1000).cuda()
    images = torch.rand(batch, 3, image, image, device="cuda") * 2 - 1
    images = images.to(memory_format=torch.channels_last)
    labels = torch.randint(0, 1000, (batch,), device="cuda")
    trained = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(
        trained + [head.weight], lr=1e-4, momentum=0.9, nesterov=True, weight_decay=5e-4
    )

    def step():
        with arithmetic():
            embeddings = network(images)
        loss = head(embeddings.float(), labels)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 5.0)
        optimiser.step()

    return median_ms(step, steps)


def head_ms(classes, steps):
    set_precision("float32")
    head = CosFace(512, classes).cuda()
    x = torch.randn(256, 512, device="cuda", requires_grad=True)
    labels = torch.randint(0, classes, (256,), device="cuda")

    def call():
        x.grad = head.weight.grad = None
        head(x, labels).backward()

    return median_ms(call, steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--steps", type=int, default=20)
    steps = parser.parse_args().steps
    results = []

    def measure(what, work):
        with contextlib.suppress(torch.cuda.OutOfMemoryError):
            results.append({**what, "ms": work(), "torch": torch.__version__})
        torch.cuda.empty_cache()

    for backbone, image, batch in STEPS:
        for precision in PRECISIONS:
            what = {"backbone": backbone, "image": image, "batch": batch, "precision": precision}
            measure(what, lambda w=what: step_ms(**w, steps=steps))
    for classes in HEADS:
        what = {"loss": "cosface", "classes": classes, "batch": 256, "embedding": 512}
        measure(what, lambda c=classes: head_ms(c, steps))
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
