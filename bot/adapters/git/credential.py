"""The credential for git and the forges' APIs over HTTP."""

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credential:
    """The password of `user`, or a bearer token if `user` is None."""

    secret: str = field(repr=False)
    user: str | None = None

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        return f"Bearer {self.secret}" if self.user is None else f"Basic {self._encoded()}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every form of the secret that must not appear in any output, longest first."""
        return tuple(filter(None, (self._encoded(), f"{self.user}:{self.secret}", self.secret)))

    def _encoded(self) -> str:
        return base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
