"""What every port raises."""


class PortError(Exception):
    """The outside did not do what was asked: one sentence for people, saying what and what to do about it."""
