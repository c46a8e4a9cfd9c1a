"""The catalogue of experiments: all that there are, and each one can be run."""

import inspect
from pathlib import Path

import benchmarks.catalog
import pytest
from benchmarks.bench import Bench
from benchmarks.catalog import EXPERIMENTS, measuring
from benchmarks.figures import Finding

FOLDER = Path(benchmarks.catalog.__file__).parent / "experiments"


def test_every_experiment_is_in_the_catalogue() -> None:
    """One that is not would never be run, and one that is no file could not be."""
    assert sorted(EXPERIMENTS) == sorted(file.stem for file in FOLDER.glob("*.py"))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_can_be_run(name: str) -> None:
    """Its module can be imported, and measures what a bench is for."""
    signature = inspect.signature(measuring(name))
    assert list(signature.parameters) == ["bench"]
    assert (signature.parameters["bench"].annotation, signature.return_annotation) == (Bench, Finding)
