"""Averages the weights of runs that went on from one another: `... A.safetensors B.safetensors`.

Wortsman et al. (2022), "Model soups: averaging weights of multiple fine-tuned models".
"""

import argparse
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from models.training.budget_trainer import as_stored


def average(files: list[Path], out: Path) -> None:
    """Writes the mean of every floating-point tensor of files, which must be of one network."""
    loaded = [load_file(file) for file in files]
    mean = {
        name: as_stored(torch.stack([each[name].float() for each in loaded]).mean(0))
        if value.is_floating_point()
        else value
        for name, value in loaded[-1].items()
    }
    save_file(mean, out)


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    average(arguments.files, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
