"""Reads a .safetensors file (https://github.com/huggingface/safetensors#format) into PyTorch."""

import json
import struct

import numpy
import torch

TYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "|u1"}


def read(path):
    """The tensors by name, and the metadata."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        array = numpy.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors, metadata


def check_with_package(path, tensors):
    """Reads the file again with the safetensors package: the same names and bits.

    Returns the version of the package, or None where it is not installed.
    """
    try:
        import safetensors
        import safetensors.numpy
    except ImportError:
        return None
    theirs = safetensors.numpy.load_file(path)
    assert theirs.keys() == tensors.keys(), f"{path}: {set(theirs) ^ set(tensors)} differ"
    for name, tensor in tensors.items():
        same = numpy.array_equal(theirs[name], tensor.numpy())
        assert same, f"{path}: {name} differs"
    return safetensors.__version__
