"""PyTorch's recipe "What is a state_dict": its network, its printing, its data as our LeNet takes them."""

import gzip
import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from from_milepost import load

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
SLICE = Path(__file__).parents[2] / "examples" / "lenet" / "data" / "fashion_mnist_slice.milepost"
BATCH = 64


class TheModelClass(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.view(-1, 16 * 5 * 5)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def recipe_output(model_state: dict, optimizer_state: dict) -> str:
    """The recipe's own lines, on two state_dicts; between its blocks is one empty line."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        print("Model's state_dict:")
        for param_tensor in model_state:
            print(param_tensor, "\t", model_state[param_tensor].size())
        print()
        print("Optimizer's state_dict:")
        for var_name in optimizer_state:
            print(var_name, "\t", optimizer_state[var_name])
    return printed.getvalue()


@dataclass
class Data:
    """The first training images, and where lenet finds the same ones. Batches go round in the order of the file."""

    path: Path
    inputs: torch.Tensor  # f32 [n, 3, 32, 32]
    labels: torch.Tensor  # i64 [n]
    count: int  # of all training images

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """What the step trains on, counted from 0."""
        begin = step * BATCH % self.count
        return self.inputs[begin : begin + BATCH], self.labels[begin : begin + BATCH]


def load_data(count: int) -> Data:
    """Fashion-MNIST as Debian installs it; where it is not, the slice that comes with our LeNet."""
    if FASHION_MNIST.is_dir():
        pixels = read_idx("train-images-idx3-ubyte.gz", 16, count * 28 * 28)
        labels = read_idx("train-labels-idx1-ubyte.gz", 8, count)
        return Data(FASHION_MNIST, inputs_of(pixels.reshape(-1, 28, 28)), labels.long(), 60_000)
    values = load(SLICE).values
    labels = values["train_labels"].long()
    return Data(SLICE, inputs_of(values["train_images"]), labels, len(labels))


def read_idx(name: str, header_nbytes: int, nbytes: int) -> torch.Tensor:
    with gzip.open(FASHION_MNIST / name) as file:
        return torch.frombuffer(bytearray(file.read(header_nbytes + nbytes)[header_nbytes:]), dtype=torch.uint8)


def inputs_of(pixels: torch.Tensor) -> torch.Tensor:
    return F.pad(pixels.float() / 255, (2, 2, 2, 2))[:, None].expand(-1, 3, -1, -1).contiguous()


def new_net(seed: int) -> TheModelClass:
    torch.manual_seed(seed)
    return TheModelClass()


def train(net: nn.Module, optimizer: torch.optim.Optimizer, data: Data, first: int, steps: int) -> float:
    """Trains on the batches from `first` on; returns the loss of the last one."""
    loss = torch.zeros(())
    for step in range(first, first + steps):
        images, labels = data.batch(step)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
    return loss.item()
