#!/usr/bin/python3
"""Loads a model that facet trained into PyTorch and reproduces facet's embeddings.

    facet embed --model RUN/model.safetensors --data DIR --out E.npy
    tests/peers/twin.py --model RUN/model.safetensors --data DIR --embeddings E.npy

E.npy holds raw embeddings (N, D), E.txt the names of the images, a line each. The pictures are
decoded here by Pillow, so they should be of the network's size already, and PNG or PPM: another
JPEG decoder may round otherwise, another resize filter surely does. Ends with status 1 when a
component of a unit embedding differs by more than --tolerance. Needs Debian's python3-torch and
python3-pil; where the Python package safetensors is there, the model is read by it too.
"""

import argparse
import pathlib
import sys

import numpy
import torch
from PIL import Image

import safetensors_file
from iresnet import IResNet


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--embeddings", required=True, type=pathlib.Path)
    parser.add_argument("--names", type=pathlib.Path, help="default: E.txt beside E.npy")
    parser.add_argument("--limit", type=int, default=256, help="images to compare, 0: all")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    return parser.parse_args()


def load_network(path):
    tensors, metadata = safetensors_file.read(path)
    if metadata.get("format") != "facet-model-1":
        sys.exit(f"twin.py: {path} is no model of facet: metadata {metadata}")
    network = IResNet(
        metadata["backbone"], int(metadata["image"]), int(metadata["embedding"])
    ).eval()
    missing, unexpected = network.load_state_dict(tensors, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        sys.exit(f"twin.py: {path}: missing {missing}, unexpected {unexpected}")
    version = safetensors_file.check_with_package(path, tensors)
    print(
        f"{path}: {len(tensors)} tensors, {metadata['backbone']} at {metadata['image']} px; "
        + (f"safetensors {version} reads the same" if version else "no safetensors package here")
    )
    return network, int(metadata["image"])


def load_images(folder, names, size):
    """Pictures (N, 3, size, size) in [-1, 1]."""
    images = torch.empty(len(names), 3, size, size)
    for i, name in enumerate(names):
        picture = Image.open(folder / name).convert("RGB")
        if picture.size != (size, size):
            sys.exit(f"twin.py: {folder / name} has {picture.size}, expected ({size}, {size})")
        pixels = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1)
        images[i] = (pixels.float() / 255 - 0.5) / 0.5
    return images


def main():
    options = arguments()
    network, size = load_network(options.model)
    ours = torch.from_numpy(numpy.load(options.embeddings)).float()
    names = (options.names or options.embeddings.with_suffix(".txt")).read_text().splitlines()
    if len(names) != len(ours):
        sys.exit(f"twin.py: {len(names)} names for {len(ours)} embeddings")
    if options.limit:
        ours, names = ours[: options.limit], names[: options.limit]
    images = load_images(options.data, names, size)
    with torch.no_grad():
        theirs = torch.cat([network(part) for part in images.split(32)])
    raw = ((ours - theirs).norm(dim=1) / theirs.norm(dim=1)).max().item()
    unit = torch.nn.functional.normalize
    worst = (unit(ours) - unit(theirs)).abs().max().item()
    print(
        f"{len(names)} embeddings: unit vectors differ by at most {worst:.2e}, "
        f"raw ones by at most {raw:.2e} of their length"
    )
    if not worst <= options.tolerance:
        sys.exit(f"twin.py: more than {options.tolerance:.0e}")


if __name__ == "__main__":
    main()
