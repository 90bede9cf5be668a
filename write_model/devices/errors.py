"""What the devices context refuses."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from app.kernel.errors import Refusal


class DeviceNotFound(Refusal):
    """There is no such device, or it is at a site that the asker does not reach."""

    def __init__(self, device_id: UUID) -> None:
        super().__init__("There is no such device.", field="deviceId")
        self.device_id = device_id


class DeviceAlreadyRegistered(Refusal):
    """This device id is taken."""

    def __init__(self, device_id: UUID) -> None:
        super().__init__("This device is already registered.", field="deviceId")
        self.device_id = device_id


class DeviceAlreadyRetired(Refusal):
    """Nothing can be asked of a retired device, and nothing is taken from it."""

    def __init__(self, device_id: UUID) -> None:
        super().__init__("This device is retired.", field="deviceId")
        self.device_id = device_id


class ReadingFromTheFuture(Refusal):
    """A reading is dated later than clocks may differ."""

    def __init__(self, sequence: int, at: datetime, tolerance: timedelta) -> None:
        minutes = tolerance // timedelta(minutes=1)
        super().__init__(
            f"Reading {sequence} is dated {at.isoformat()}, more than {minutes} minutes ahead of the clock here.",
            field="readings",
        )
        self.sequence, self.at = sequence, at


class TooManyGaps(Refusal):
    """The device left out more stretches of its numbers than are kept track of."""

    def __init__(self, gaps: int, at_most: int) -> None:
        super().__init__(
            f"The numbers delivered would have {gaps:,} gaps; at most {at_most:,} are allowed. Number readings in a "
            "row, and deliver older ones first.",
            field="readings",
        )
        self.gaps, self.at_most = gaps, at_most


class TooManyMetrics(Refusal):
    """A device measures more different things than one can."""

    def __init__(self, metrics: int, at_most: int) -> None:
        super().__init__(f"The device would have {metrics} metrics; at most {at_most} are allowed.", field="readings")
        self.metrics, self.at_most = metrics, at_most


class TooManyAlarms(Refusal):
    """One batch would raise and clear alarms over and over."""

    def __init__(self, alarms: int, at_most: int) -> None:
        super().__init__(
            f"These readings would raise and clear alarms {alarms:,} times; at most {at_most:,} are allowed. Send them "
            "in smaller batches, or put more between where the rules raise and where they clear.",
            field="readings",
        )
        self.alarms, self.at_most = alarms, at_most


class RuleNotFound(Refusal):
    """There is no such rule, or it is of a site that the asker does not reach, or it was dropped."""

    def __init__(self, rule_id: UUID) -> None:
        super().__init__("There is no such rule.", field="ruleId")
        self.rule_id = rule_id


class RuleAlreadyDefined(Refusal):
    """This rule id is taken."""

    def __init__(self, rule_id: UUID) -> None:
        super().__init__("This rule is already defined.", field="ruleId")
        self.rule_id = rule_id


class ClearsBeyondRaising(Refusal):
    """An alarm must be cleared on the safe side of where it is raised, or it would be raised and over at once."""

    def __init__(self, direction: str, raise_at: Decimal, clear_at: Decimal) -> None:
        least = "at most" if direction == "ABOVE" else "at least"
        super().__init__(f"What is raised {direction} {raise_at} must be cleared at {least} that.", field="clearAt")
        self.direction, self.raise_at, self.clear_at = direction, raise_at, clear_at
