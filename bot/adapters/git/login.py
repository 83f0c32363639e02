"""How git says who it is."""

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Login:
    """A secret for git over HTTP: the password of `user`, or a bearer token where there is no user."""

    secret: str = field(repr=False)
    user: str | None = None

    @property
    def header(self) -> str:
        """The Authorization header's value."""
        return f"Bearer {self.secret}" if self.user is None else f"Basic {self._encoded()}"

    @property
    def words(self) -> tuple[str, ...]:
        """What may stand in no output, the longest first."""
        return tuple(filter(None, (self._encoded(), f"{self.user}:{self.secret}", self.secret)))

    def _encoded(self) -> str:
        return base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
