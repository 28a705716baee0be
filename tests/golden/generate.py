"""Writes the golden files that tests/golden*.rs hold the f64 oracle against.

    python tests/golden/generate.py          (needs torch, numpy and safetensors)

Everything is computed by PyTorch in float64 on the CPU. Every case is drawn from its own seed, so that adding one
changes no other. What is in the files stands in cells.py, options.py, optimizers.py and segments.py.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file

import cells
import optimizers
import options
import segments


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    for module in [cells, options, optimizers, segments]:
        for name, tensors, document in module.files():
            # One key, so that the bytes do not depend on the order of a hash map.
            document = {"torch": torch.__version__.split("+")[0], **document}
            path = pathlib.Path(__file__).with_name(f"{name}.safetensors")
            save_file(tensors, path, metadata={"golden": json.dumps(document)})


if __name__ == "__main__":
    main()
