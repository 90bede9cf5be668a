"""How often answers are asked for that may lack parts."""

import pytest

from app.plans.luck import Luck


def asked(lacking: list[int | None]) -> str:
    """Twenty answers: `w` for one that was asked for whole, `p` for one that was not; how many parts each of the second
    kind lacks, or None for what had changed."""
    luck, left, shown = Luck(), iter(lacking), ""
    for _ in range(20):
        if luck.is_out():
            shown += "w"
        else:
            shown += "p"
            lacks = next(left)
            luck.fail() if lacks is None else luck.note(lacks)
    return shown


@pytest.mark.parametrize(
    ("lacking", "shown"),
    [
        ([0] * 20, "p" * 20),
        ([8] * 20, "p" * 20),
        ([50] * 20, "pwpwwwpwwwwwwwpwwwww"),
        ([None] * 20, "pwpwwwpwwwwwwwpwwwww"),
        ([50, 50, *[1] * 20], "pwpwww" + "p" * 14),
        ([50, 50, 0, 50, *[0] * 20], "pwpwwwppw" + "p" * 11),
    ],
)
def test_what_never_comes_again_is_asked_for_whole_more_and_more(lacking: list[int | None], shown: str) -> None:
    assert asked(lacking) == shown
