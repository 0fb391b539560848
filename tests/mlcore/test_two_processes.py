"""Training in two processes that average their gradients: real processes, gloo, one machine."""

import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

SCRIPT = textwrap.dedent(
    """
    import json, sys
    from pathlib import Path
    import numpy as np, torch
    from torch import distributed
    from mlcore.recipes.dcgan import Dcgan, DcganSettings
    from mlcore.trainer import RunSettings, Trainer

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


@pytest.mark.slow
def test_two_processes_stay_one_model_and_share_the_data(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    workers = [
        subprocess.Popen(
            [sys.executable, str(script), str(tmp_path)],
            env={
                **os.environ,
                "RANK": str(rank),
                "WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
                "OMP_NUM_THREADS": "1",
                "PYTHONPATH": str(Path.cwd()),
            },
            stderr=subprocess.PIPE,
        )
        for rank in range(2)
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
