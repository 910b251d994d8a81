"""The sample fund: a year of invented mail, what of it belongs to investors, and more of it without end.

It imports nothing from the pipeline and states on its own what should be captured: the demo's judge.
"""

from infra.local.fund.contacts import contacts_csv
from infra.local.fund.model import Copy, Fund, Investor, Teammate
from infra.local.fund.story import fund, live

__all__ = ["Copy", "Fund", "Investor", "Teammate", "contacts_csv", "fund", "live"]
