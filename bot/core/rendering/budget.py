"""Bounds work that grows faster than its input, such as nested variables."""


class BudgetExceededError(Exception):
    """The work takes too much time or memory."""


class Budget:
    """What is left of an amount of work. Callers define its unit."""

    def __init__(self, amount: int) -> None:
        self._left = amount

    def take(self, amount: int) -> None:
        """Use up some of it, before the work. Raises BudgetExceededError."""
        self._left -= amount
        if self._left < 0:
            raise BudgetExceededError
