"""What the operations context refuses."""

from collections.abc import Collection

from app.kernel.errors import Refusal, excerpt


class UnknownConsumer(Refusal):
    """No view or policy of this name can be asked for this."""

    def __init__(self, name: str, known: Collection[str]) -> None:
        super().__init__(
            f"There is no {excerpt(name)} here. Choose from: {', '.join(sorted(known))}.", field="consumer"
        )
        self.name = name
