"""An account's work, a step at a time."""

from dataclasses import replace

from consumer.worker import attend

DUE = b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1"


def steps(world, number):
    """Do so many steps of the account's work, as a consumer that is stopped after each."""
    for _ in range(number):
        world.rows(DUE)
        turns = iter([False, False])
        attend(replace(world.deps, stopping=lambda turns=turns: next(turns, True)), world.lease())


def listed(world, address):
    """Do as many steps as it takes until the first messages are known; none of them is read yet."""
    while not world.states(address):
        steps(world, 1)


def again(world):
    """Do all that is to be done now."""
    world.rows(DUE)
    return world.work()
