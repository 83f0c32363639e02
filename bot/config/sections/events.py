"""`events`: where to send CloudEvents."""

from typing import Annotated

from pydantic import Field, StringConstraints

from bot.config.sections.section import Section
from bot.config.values import HttpUrl

# A URI reference: https://github.com/cloudevents/spec/blob/main/cloudevents/spec.md#source-1
_Source = Annotated[str, StringConstraints(pattern=r"^[!-~]+$"), Field(description="a URI, or a name without spaces")]


class EventsConfig(Section):
    """The receiver's URL, and the `source` of the events, which distinguishes several bots."""

    url: HttpUrl = Field(repr=False)
    source: _Source = "gitops-bot"
