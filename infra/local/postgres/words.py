"""Turn what went wrong into one sentence with a remedy.  Decides nothing else."""

import errno
from pathlib import Path

from shared.errors import ConfigError


def cannot(sentence: str) -> ConfigError:
    """Return the error that says *sentence*."""
    return ConfigError([sentence])


def blame(home: Path, log: str) -> str:
    """Turn what a program of PostgreSQL said into one sentence with a remedy."""
    if "No space left on device" in log:
        return f"The disk under {home} is full: free some space, or set CRM_GMAIL_DATA_DIR to another disk"
    if "Permission denied" in log:
        return (
            f"PostgreSQL may not enter {home} or its own programs: set CRM_GMAIL_DATA_DIR to a folder that "
            "every account may pass through, or set DATABASE_URL"
        )
    lines = [line for line in log.splitlines() if "FATAL" in line or "error" in line] or log.splitlines()[-1:]
    said = lines[-1].strip() if lines else "it said nothing"
    return f"PostgreSQL did not start in {home}: {said}"


def explain(home: Path, failed: OSError) -> str:
    """Turn a refusal of the operating system into one sentence with a remedy."""
    if failed.errno == errno.ENOSPC:
        return blame(home, "No space left on device")
    if isinstance(failed, PermissionError):
        return (
            f"{home} belongs to another account: "
            "set CRM_GMAIL_DATA_DIR to a folder of yours, or set DATABASE_URL"
        )
    return f"PostgreSQL did not start in {home}: {failed.strerror or failed}"
