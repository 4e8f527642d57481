# SPDX-License-Identifier: MIT
"""The search for the lowest good rung of a ladder, where a try is expensive."""


def next_rung(reached, n_rungs, start, beyond):
    """The rung to try next, or None if the lowest good one is known or all allowed ones are bad.

    `reached`: rung -> whether it was good. The search begins at `start`. If that is good, the rungs
    below are bisected, as if no rung below a bad one were good; if not, those above are climbed, at
    most `beyond` of them.
    """
    if not reached:
        return start
    good = [rung for rung, fine in reached.items() if fine]
    if not good:
        rung = max(reached) + 1
        return rung if rung <= min(start + beyond, n_rungs - 1) else None
    below = max((rung for rung in reached if rung < min(good)), default=-1)
    middle = (below + min(good)) // 2
    return middle if below < middle < min(good) else None
