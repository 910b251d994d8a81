"""What a bench says: one value beside its alternative."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value beside a named alternative of the same run."""

    name: str
    value: float
    unit: str
    against: str
    ratio: float | None  # value / alternative; None when there is nothing to compare with
