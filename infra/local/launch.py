"""Become another program that dies with the one that started it.

Run as a script, by path, before anything else: `launch.py PARENT SIGNAL ACCOUNT program args…`.
ACCOUNT is `-` (stay who we are) or `uid:gid`, with `+` at its end to keep the right to pass
through folders closed to that account.  Standard library only, so that it starts in milliseconds.
"""

import ctypes
import os
import sys

# linux/prctl.h, linux/capability.h
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522


def main(argv: list[str]) -> None:
    """Change account when told, ask to be signalled when the parent dies, then exec."""
    parent, death_signal, account, *program = argv
    if account != "-":
        _switch(account)
    # After the switch: changing credentials clears the death signal.
    if sys.platform == "linux" and int(death_signal):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != int(parent):  # it died before we asked
            sys.exit(1)
    try:
        os.execvp(program[0], program)  # noqa: S606 - the point of this file
    except OSError as failed:
        sys.exit(f"{program[0]}: {failed.strerror}")


def _switch(account: str) -> None:
    uid, gid = (int(part) for part in account.rstrip("+").split(":"))
    keep = account.endswith("+")
    if keep:
        ctypes.CDLL(None).prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if keep:
        _keep_passage()


def _keep_passage() -> None:
    """Keep the weakest capability we have that lets a path lead through a closed folder.

    Nothing on disk is opened to anybody for it.  Where neither capability is to be had (some
    containers), the program itself will say that it cannot reach its files.
    """
    libc = ctypes.CDLL(None)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        # Two sets of (effective, permitted, inheritable): capabilities 0-31, then 32-63.
        sets = (ctypes.c_uint32 * 6)(*[1 << capability] * 3, 0, 0, 0)
        if libc.capset(header, sets) == 0:
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)
            return


if __name__ == "__main__":
    main(sys.argv[1:])
