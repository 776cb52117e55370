"""A Trainer of Lightning that saves and resumes with Milepost."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

import milepost
from same import assert_same

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")
pytestmark = pytest.mark.filterwarnings("ignore")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lightning import LightningModule, Trainer
    from lightning.pytorch.callbacks import ModelCheckpoint

    from milepost.lightning import MilepostIO


class Net(LightningModule):
    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(width, 1)

    def training_step(self, batch: Any, index: int) -> Any:
        loss = self.layer(batch).square().mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=0.1)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]


def trainer(folder: Path, epochs: int) -> Any:
    return Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        plugins=[MilepostIO(codec="planes")],
        callbacks=[ModelCheckpoint(dirpath=folder, monitor="loss", save_last=True, save_top_k=1, every_n_epochs=1)],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def data() -> Any:
    torch.manual_seed(0)
    return torch.utils.data.DataLoader(torch.randn(16, 4), batch_size=4)


def test_a_trainer_resumes(tmp_path: Path) -> None:
    torch.manual_seed(1)
    straight = Net()
    trainer(tmp_path / "a", 4).fit(straight, data())

    torch.manual_seed(1)
    trainer(tmp_path / "b", 2).fit(Net(), data())
    last = tmp_path / "b" / "last.ckpt"
    loaded = milepost.load(last)
    assert loaded["epoch"] == 1
    assert loaded["hyper_parameters"] == {"width": 4}
    assert len(list((tmp_path / "b").iterdir())) == 2  # the best and the last: others were removed

    resumed = Net()
    trainer(tmp_path / "b", 4).fit(resumed, data(), ckpt_path=last)
    assert_same(dict(straight.state_dict()), dict(resumed.state_dict()))


def test_what_is_not_data_is_named(tmp_path: Path) -> None:
    io = MilepostIO(default=None)
    with pytest.raises(milepost.WrongTypeError, match="callbacks/x"):
        io.save_checkpoint({"callbacks": {"x": object()}}, tmp_path / "x" / "c.ckpt")
    io.save_checkpoint({"state_dict": {"w": torch.ones(1)}, "epoch": 1}, tmp_path / "c.ckpt", {"codec": "zstd"})
    assert io.load_checkpoint(tmp_path / "c.ckpt", map_location="cpu")["epoch"] == 1
    with pytest.raises(FileNotFoundError):
        io.load_checkpoint(tmp_path / "none.ckpt")
    with pytest.raises(milepost.InvalidArgumentError):
        io.load_checkpoint(tmp_path / "c.ckpt", map_location={"cuda:0": "cpu"})
    io.remove_checkpoint(tmp_path / "c.ckpt")
    io.remove_checkpoint(tmp_path / "c.ckpt")
    assert not (tmp_path / "c.ckpt").exists()
