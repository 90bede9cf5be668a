"""What others were asked to take, and did not."""

import pytest

from workers.jobs import asked
from workers.jobs.asked import Asked


class Clock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(asked, "time", made)
    return made


def test_what_stays_untaken_is_overdue_in_the_end_and_what_was_taken_is_asked_anew(clock: Clock) -> None:
    them = Asked()
    assert them.overdue({"a", "b"}, 3.0) == set()
    clock.now = 2.9
    assert them.overdue({"a", "c"}, 3.0) == set()
    clock.now = 3.0
    assert them.overdue({"a", "b", "c"}, 3.0) == {"a"}
    clock.now = 5.9
    assert them.overdue({"b", "c"}, 3.0) == {"c"}
    clock.now = 6.0
    assert them.overdue({"b", "c"}, 3.0) == {"b", "c"}
