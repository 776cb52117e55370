"""A network on Fashion-MNIST in PyTorch, whose training can be killed at any moment and goes on bit for bit.

    python examples/python/train.py --run runs/mnist --steps 500 --save-every 50
    python examples/python/train.py --run runs/mnist --steps 500 --save-every 50       # after a kill: goes on

Everything that decides what comes next is in the checkpoint: the weights, the state of the optimizer and of the
scheduler, the order of the images and the position in it, and the state of the generator that dropout draws from.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path
from typing import Any

import torch
from torch import nn

import milepost

IMAGES = Path("/usr/share/datasets/fashion-mnist")  # of the Debian package dataset-fashion-mnist


def load_images(folder: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images as f32 [count, 1, 28, 28] from 0 to 1, and their labels."""

    def read(name: str, header: int) -> torch.Tensor:
        with gzip.open(folder / name) as file:
            return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)

    images = read(f"{part}-images-idx3-ubyte.gz", 16).view(-1, 1, 28, 28).float() / 255
    return images, read(f"{part}-labels-idx1-ubyte.gz", 8).long()


def make_net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(120, 10),
    )


class Training:
    """A training run and its state."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, batch: int) -> None:
        torch.manual_seed(0)
        self.images, self.labels, self.batch = images, labels, batch
        self.net = make_net()
        self.optimizer = torch.optim.AdamW(self.net.named_parameters(), lr=0.002)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, step_size=200, gamma=0.5)
        self.step = 0
        self.order = torch.randperm(len(images))
        self.position = 0
        self.loss = float("nan")

    def train_step(self) -> None:
        if self.position + self.batch > len(self.order):
            self.order, self.position = torch.randperm(len(self.images)), 0
        chosen = self.order[self.position : self.position + self.batch]
        self.position += self.batch
        loss = nn.functional.cross_entropy(self.net(self.images[chosen]), self.labels[chosen])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        self.step += 1
        self.loss = loss.item()

    def state(self) -> dict[str, Any]:
        return {
            "model": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "step": self.step,
            "loss": self.loss,
            "order": self.order,
            "position": self.position,
            "generator": torch.get_rng_state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.step, self.loss = state["step"], state["loss"]
        self.order, self.position = state["order"], state["position"]
        torch.set_rng_state(state["generator"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="the folder of the checkpoints")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--save-every", type=int, default=50)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--distributed", action="store_true", help="save folders, as ranks do together")
    parser.add_argument("--images", type=Path, default=IMAGES, help="the folder of Fashion-MNIST")
    options = parser.parse_args()

    training = Training(*load_images(options.images, "train"), options.batch)
    run = milepost.Run(options.run, keep=3, keep_best="loss")
    if (state := run.restore()) is not None:
        training.load(state)
        print(f"goes on after step {training.step}", flush=True)
    while training.step < options.steps:
        training.train_step()
        if training.step % options.save_every == 0 or training.step == options.steps:
            if options.distributed:
                run.save(training.step, training.state(), codec="planes", distributed=True)
            else:
                run.save_async(training.step, training.state(), codec="planes")  # training goes on meanwhile
            print(f"step {training.step}: loss {training.loss:.4f}", flush=True)
    run.wait()

    training.net.eval()
    images, labels = load_images(options.images, "t10k")
    with torch.no_grad():
        accuracy = (training.net(images).argmax(1) == labels).float().mean()
    print(f"accuracy {accuracy:.1%}")


if __name__ == "__main__":
    main()
