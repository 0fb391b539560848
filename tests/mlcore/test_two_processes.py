"""Training in two processes that average their gradients, and a stop that all of them hear: real processes, gloo,
one machine.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from mlcore.data import PackedWriter

SCRIPT = textwrap.dedent(
    """
    import json, sys
    from pathlib import Path
    import numpy as np, torch
    from torch import distributed
    from mlcore.recipes.dcgan import Dcgan, DcganSettings
    from mlcore.run_settings import RunSettings
    from mlcore.trainer import Trainer

    class Noise:
        pixels = np.random.default_rng(5).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
        seen = []
        def __len__(self): return 40
        def images(self, indices):
            self.seen.extend(int(i) for i in indices)
            return self.pixels[indices]

    sys.modules["torch.utils.tensorboard"] = None  # slow to import and not what is tried here
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    torch.manual_seed(rank)  # each starts elsewhere: the first one's start is shared
    data = Noise()
    settings = DcganSettings(image_size=8, latent_size=4, width=4, head_width=4, norm="none")
    folder = Path(sys.argv[1]) / "run"
    trainer = Trainer(Dcgan(settings), data, folder, RunSettings(steps=5, batch=4, save_every=5), device="cpu")
    trainer.train()
    state = {k: v for k, v in trainer.recipe.networks.state_dict().items() if "running" not in k and "tracked" not in k}
    torch.save(state, Path(sys.argv[1]) / f"{rank}.pt")
    (Path(sys.argv[1]) / f"{rank}.json").write_text(json.dumps(data.seen))
    distributed.destroy_process_group()
    """
)
PRESET = """
about = "tiny"
recipe = "dcgan"
[run]
steps = 1000000
batch = 4
log_every = 1
[settings]
image_size = 8
latent_size = 4
width = 4
head_width = 4
"""
ENDING = 90.0  # seconds until a process that was told to stop has saved and left


def places(count):
    """The environment of each of several processes, as torchrun gives it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path.cwd()),
    }
    return [{**os.environ, **common, "RANK": str(rank)} for rank in range(count)]


@pytest.mark.slow
def test_two_processes_stay_one_model_and_share_the_data(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    workers = [
        subprocess.Popen(
            [sys.executable, str(script), str(tmp_path)],
            env=place,
            stderr=subprocess.PIPE,
        )
        for place in places(2)
    ]
    for worker in workers:
        _, errors = worker.communicate(timeout=240)
        assert worker.returncode == 0, errors.decode()[-2000:]
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    seen = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert not set(seen[0]) & set(seen[1])  # one pass over forty pictures, half of it each
    assert sorted(seen[0] + seen[1]) == list(range(40))
    assert (tmp_path / "run" / "state.pt").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "count"), [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGTERM, 2)], ids=str
)
def test_a_signal_to_the_command_saves_and_ends_well(tmp_path, number, count):
    """Told to one process alone, as when one machine of several goes away: none waits for the others for ever."""
    with PackedWriter(tmp_path / "packed", 8) as writer:
        for index in range(8):
            writer.add(np.full((8, 8, 3), 30 * index, np.uint8), {"file": f"{index}.png", "source": "made"})
        writer.close(["train"] * 8, kind="packed")
    preset = tmp_path / "tiny.toml"
    preset.write_text(PRESET)
    words = ["-m", "mlcore", "train", str(preset), "--data", str(tmp_path / "packed"), "--device", "cpu"]
    words += ["--out", str(tmp_path / "run")]
    launched = {"TORCHELASTIC_RUN_ID": "together"} if count > 1 else {}
    workers = [
        subprocess.Popen(
            [sys.executable, *words], env=place | launched, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for place in places(count)
    ]
    try:
        began = time.monotonic()
        while not (tmp_path / "run" / "log.jsonl").exists():
            assert all(worker.poll() is None for worker in workers), workers[0].communicate()
            assert time.monotonic() - began < ENDING
            time.sleep(0.05)
        workers[-1].send_signal(number)
        ended = [worker.communicate(timeout=ENDING) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.returncode for worker in workers] == [0] * count, ended
    step = torch.load(tmp_path / "run" / "state.pt", weights_only=True)["step"]
    assert f"Stopped at step {step:,} of 1,000,000; the same call goes on." in ended[0][0].decode()
