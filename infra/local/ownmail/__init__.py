"""A person's own mail for the demo: read from an export, and judged without the pipeline's help.

What should be captured is worked out here on its own, so that the demo can compare.
"""

from infra.local.ownmail.eml import read_eml_dir
from infra.local.ownmail.judge import correspondents, guess_account, senders, should_capture
from infra.local.ownmail.mbox import read_mbox
from infra.local.ownmail.model import OwnMail

__all__ = [
    "OwnMail",
    "correspondents",
    "guess_account",
    "read_eml_dir",
    "read_mbox",
    "senders",
    "should_capture",
]
