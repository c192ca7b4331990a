#!/usr/bin/python3
"""How fast facet trains beside PyTorch: the same network, head, batch and optimiser on this machine.

    tests/peers/step_speed.py [--facet build/facet] [--rounds 3] [--batch 64] [--threads 2] ...

Both are measured in turn, facet, PyTorch, facet, PyTorch, ..., so that a machine that slows down
does so for both; the ratio is that of the medians. Each is given the cores alone: neither runs
while the other does. Needs Debian's python3-torch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--facet", default="build/facet")
    parser.add_argument("--backbone", default="r10")
    parser.add_argument("--image", type=int, default=64)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--embedding", type=int, default=256)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=12, help="timed steps a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--channels-last", action="store_true", help="PyTorch maps as NHWC")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def facet_step_ms(options):
    command = [options.facet, "bench", "step", "--json", "--threads", str(options.threads)]
    for name in ("backbone", "image", "batch", "embedding", "classes", "steps"):
        command += [f"--{name}", str(getattr(options, name))]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        sys.exit(f"step_speed.py: {' '.join(command)} ended with status {result.returncode}")
    return json.loads(result.stdout)["step_ms"]["median"]


class PeerStep:
    """One training step in PyTorch: forward, CosFace, backward, SGD with Nesterov momentum."""

    def __init__(self, options):
        os.environ["OMP_NUM_THREADS"] = str(options.threads)
        import torch
        from iresnet import CosFace, IResNet

        torch.manual_seed(0)
        torch.set_num_threads(options.threads)
        self.torch = torch
        self.network = IResNet(options.backbone, options.image, options.embedding).train()
        self.head = CosFace(options.embedding, options.classes)
        self.images = torch.rand(options.batch, 3, options.image, options.image) * 2 - 1
        if options.channels_last:
            self.network = self.network.to(memory_format=torch.channels_last)
            self.images = self.images.to(memory_format=torch.channels_last)
        self.labels = torch.randint(0, options.classes, (options.batch,))
        trained = [p for p in self.network.parameters() if p.requires_grad]
        # No decay on vectors: normalisation, slopes and biases.
        groups = [
            {"params": [p for p in trained if p.dim() > 1] + [self.head.weight]},
            {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0},
        ]
        self.trained = trained
        self.optimiser = torch.optim.SGD(
            groups, lr=1e-4, momentum=0.9, nesterov=True, weight_decay=5e-4
        )

    def __call__(self):
        loss = self.head(self.network(self.images), self.labels)
        self.optimiser.zero_grad()
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.trained, 5.0)
        self.optimiser.step()

    def median_ms(self, steps):
        self()  # what the other measurement left in the caches is not PyTorch's fault
        times = []
        for _ in range(steps):
            start = time.perf_counter()
            self()
            times.append((time.perf_counter() - start) * 1e3)
        return statistics.median(times)


def main():
    options = arguments()
    peer = PeerStep(options)
    for _ in range(3):
        peer()
    ours, theirs = [], []
    for round_ in range(options.rounds):
        ours.append(facet_step_ms(options))
        theirs.append(peer.median_ms(options.steps))
        print(
            f"round {round_ + 1}: facet {options.batch / ours[-1] * 1e3:.1f} images/s, "
            f"PyTorch {options.batch / theirs[-1] * 1e3:.1f} images/s",
            file=sys.stderr,
        )
    facet_ms, torch_ms = statistics.median(ours), statistics.median(theirs)
    result = {
        "backbone": options.backbone,
        "image": options.image,
        "batch": options.batch,
        "threads": options.threads,
        "torch": peer.torch.__version__,
        "facet_images_per_s": options.batch / facet_ms * 1e3,
        "torch_images_per_s": options.batch / torch_ms * 1e3,
        "ratio": torch_ms / facet_ms,
    }
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print(
            f"{options.backbone} at {options.image} px, batch {options.batch}, "
            f"{options.threads} threads: facet {result['facet_images_per_s']:.1f} images/s, "
            f"PyTorch {result['torch']} {result['torch_images_per_s']:.1f} images/s, "
            f"ratio {result['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
