"""Peaks are of processes of their own, and a process that keeps its images is seen to grow."""

import json

import pytest

from tests.benchmarks import sampling_memory


@pytest.mark.slow
def test_peaks_are_written_for_few_and_for_many(tmp_path, capsys):
    out = tmp_path / "memory.json"
    sampling_memory.main([str(out), "--few", "2", "--many", "40", "--size", "8", "--width", "8"])
    found = json.loads(out.read_text())
    assert set(found["peak_mb"]) == {"2", "40"} and min(found["peak_mb"].values()) > 50
    assert abs(found["peak_mb"]["40"] - found["peak_mb"]["2"]) < 20


@pytest.mark.slow
def test_images_that_are_kept_show(tmp_path, monkeypatch):
    path = sampling_memory.small_pair(tmp_path, 128, 4)
    few = sampling_memory.peak(path, 16)
    keeping = sampling_memory.PEAK.replace(
        "        written.add",
        "        written.hoard = [*getattr(written, 'hoard', []), image]\n        written.add",
    )
    assert keeping != sampling_memory.PEAK
    monkeypatch.setattr(sampling_memory, "PEAK", keeping)
    assert sampling_memory.peak(path, 640) > few + 20
