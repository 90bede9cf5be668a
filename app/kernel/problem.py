"""What a person must put right before Counterfoil can go on."""


class Problem(Exception):
    """A command cannot go on; the message says why and what to do, and is all that is shown."""
