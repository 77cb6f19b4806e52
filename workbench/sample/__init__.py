"""A film made here, with its truth: something to try everything on, and to measure it by."""

from workbench.sample.make import Sample, make_sample
from workbench.sample.score import Score, score
from workbench.sample.truth import Truth, read_truth

__all__ = ["Sample", "Score", "Truth", "make_sample", "read_truth", "score"]
