"""What was measured, what it is to be compared with, and how that is shown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """One subject's figures in one case, one for each round."""

    case: str
    subject: str
    unit: str
    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        """The figure that counts."""
        return statistics.median(self.samples)


@dataclass(frozen=True, slots=True)
class Target:
    """What `subject` should be in `case`, as a multiple of what `baseline` is."""

    case: str
    subject: str
    baseline: str
    wording: str  # such as ">= 0.70", empty where the figure is only to be known


def ratio(subject: Series, baseline: Series) -> float:
    """Returns the median of the ratios of each round: both sides of one were measured within seconds."""
    pairs = zip(subject.samples, baseline.samples, strict=True)
    return statistics.median(one / other for one, other in pairs)


def find(series: Sequence[Series], case: str, subject: str) -> Series | None:
    """Returns a subject's series in a case, None when it was not measured."""
    return next((one for one in series if one.case == case and one.subject == subject), None)


def table(series: Sequence[Series], targets: Sequence[Target]) -> str:
    """Returns all series as text, each case with the ratios that have a target."""
    lines = [f"{'':26}{'median':>12}{'lowest':>12}{'highest':>12}"]
    for case in dict.fromkeys(one.case for one in series):
        lines += ["", case]
        for one in series:
            if one.case == case:
                figures = (one.median, min(one.samples), max(one.samples))
                columns = "".join(f"{figure:12.2f}" for figure in figures)
                lines.append(f"  {one.subject:24}{columns}  {one.unit}")
        lines += [_comparison(series, target) for target in targets if target.case == case]
    return "\n".join(lines)


def _comparison(series: Sequence[Series], target: Target) -> str:
    name = f"{target.subject} / {target.baseline}"
    subject = find(series, target.case, target.subject)
    baseline = find(series, target.case, target.baseline)
    figure = f"{ratio(subject, baseline):.2f}" if subject and baseline else "skipped"
    return f"  {name:24}{figure:>12}{target.wording and f'  target {target.wording}'}"


def as_json(series: Sequence[Series], targets: Sequence[Target]) -> dict[str, object]:
    """Returns the same for a machine: every sample, and each ratio with its target."""
    ratios = []
    for target in targets:
        subject = find(series, target.case, target.subject)
        baseline = find(series, target.case, target.baseline)
        ratios.append(
            {
                "case": target.case,
                "subject": target.subject,
                "baseline": target.baseline,
                "ratio": ratio(subject, baseline) if subject and baseline else None,
                "target": target.wording,
            }
        )
    figures = [
        {
            "case": one.case,
            "subject": one.subject,
            "unit": one.unit,
            "median": one.median,
            "samples": list(one.samples),
        }
        for one in series
    ]
    return {"series": figures, "ratios": ratios}
