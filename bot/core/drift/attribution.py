"""Who wrote a value, and whether that makes a difference drift: the rules of docs/drift.md, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from bot.core.drift.exclusions import DELETION, is_controller_label, is_label, is_restart_stamp, is_shared_mark
from bot.core.objects.managed_fields import Ownership, Writer
from bot.core.objects.path import Path, Segment
from bot.i18n.catalogue import reason as reasons
from bot.i18n.catalogue import set_aside as texts
from bot.i18n.language import LocalizedText, Text

DROPPED: Final = LocalizedText(texts.DROPPED)
RESTART: Final = LocalizedText(texts.RESTART)
_DEPLOYERS_MARK: Final = LocalizedText(texts.TRACKING_METADATA)
_SCALED: Final = LocalizedText(texts.SCALED)
_NOBODYS: Final = LocalizedText(texts.NO_MANAGER)


@dataclass(slots=True)  # not frozen: creating those takes three times as long
class Verdict:
    """Whether one difference is drift or set aside, the rule that decided it, and who wrote the live value."""

    is_drift: bool
    reason: Text
    writer: Writer | None = None


class Attribution:
    """Judges the differences of one object.

    `controlled` has the paths where a controller may set another value than git declares, each with the reason.
    `trusted_managers` are patterns of field managers whose values an ignore rule sets aside, each with the reason.
    `has_autoscaler`: the number of replicas has a range, so a person's is drift even if git doesn't declare one.
    """

    def __init__(
        self,
        ownership: Ownership,
        controlled: Mapping[Path, Text],
        trusted_managers: Sequence[tuple[str, Text]],
        *,
        has_autoscaler: bool = False,
    ) -> None:
        self._ownership = ownership
        self._controlled = controlled
        self._trusted_managers = trusted_managers
        self._has_autoscaler = has_autoscaler

    def changed(self, path: Sequence[Segment]) -> Verdict:
        """Git declares one value, and the cluster has another."""
        writer = self.likely_writer(path)
        if is_restart_stamp(path):
            return Verdict(is_drift=False, reason=RESTART, writer=writer)
        if reason := self._controlled.get(tuple(path)):
            return Verdict(is_drift=False, reason=reason, writer=writer)
        if writer is not None and is_shared_mark(path) and writer.manager.startswith("argocd"):
            return Verdict(is_drift=False, reason=_DEPLOYERS_MARK, writer=writer)
        return Verdict(is_drift=True, reason=self._why_changed(writer), writer=writer)

    def removed(self, path: Sequence[Segment]) -> Verdict:
        """Git declares a value, and the cluster has none."""
        if is_restart_stamp(path):
            return Verdict(is_drift=False, reason=RESTART)
        if tuple(path) == DELETION:
            return Verdict(is_drift=False, reason=DROPPED)
        if reason := self._controlled.get(tuple(path)):
            return Verdict(is_drift=False, reason=reason)
        return Verdict(is_drift=True, reason=LocalizedText(reasons.REMOVED))

    def added(self, path: Path, *, is_described: bool) -> Verdict:
        """The cluster has a value that git does not declare and that is not a default.

        It may still be a default if no schema describes it.
        """
        if path == DELETION:
            return Verdict(is_drift=True, reason=LocalizedText(reasons.DELETING))
        owners = self._ownership.owners(path)
        person = next((owner for owner in owners if self._ownership.is_person(owner)), None)
        writer = person or next(iter(owners), None)
        if is_restart_stamp(path):
            return Verdict(is_drift=False, reason=RESTART, writer=writer)
        if reason := self._controlled.get(path):
            return Verdict(is_drift=False, reason=reason, writer=writer)
        is_scaled = path == ("spec", "replicas") and any(owner.subresource == "scale" for owner in owners)
        if is_scaled and not self._has_autoscaler:
            return Verdict(is_drift=False, reason=_SCALED, writer=writer)
        if person is None and is_shared_mark(path):
            return Verdict(is_drift=False, reason=_DEPLOYERS_MARK, writer=writer)
        if self._ownership.is_in_last_applied(path) or self._ownership.has_lost_last_applied(path):
            return Verdict(is_drift=True, reason=LocalizedText(reasons.NOT_PRUNED), writer=writer)
        if person is not None:
            return Verdict(
                is_drift=True, reason=LocalizedText(reasons.ADDED_BY_HAND, manager=person.manager), writer=person
            )
        deployer = next((owner for owner in owners if self._ownership.is_deployer(owner)), None)
        if deployer is not None:
            return Verdict(is_drift=True, reason=LocalizedText(reasons.NOT_IN_GIT), writer=deployer)
        if self._is_untracked(path, is_described=is_described):
            return Verdict(is_drift=True, reason=LocalizedText(reasons.UNTRACKED))
        return self._left_alone(writer)

    def added_in_list(self, live_path: Path, list_path: Sequence[Segment], *, is_described: bool) -> Verdict | None:
        """The same inside a list that is compared and owned as a whole. `is_described`: a schema describes it.

        `live_path` has the indexes of the live object, as the last-applied annotation has.

        None if a person or the deployer wrote the list, which then counts as changed. Otherwise the value comes from a
        webhook, or is a default that is missing from the schema.
        """
        writer = self.likely_writer(list_path)
        if self._ownership.is_in_last_applied(live_path):
            return None
        if self._ownership.has_lost_last_applied(tuple(list_path)):
            return None
        if writer and (self._ownership.is_person(writer) or (is_described and self._ownership.is_deployer(writer))):
            return None
        return self._left_alone(writer)

    def likely_writer(self, path: Sequence[Segment]) -> Writer | None:
        """Who most likely wrote a declared value: a person if one owns it, else any owner but the deployer."""
        owners = self._ownership.owners(tuple(path))
        return next(
            (owner for owner in owners if self._ownership.is_person(owner)),
            next((owner for owner in owners if not self._ownership.is_deployer(owner)), owners[0] if owners else None),
        )

    def trusted(self, path: Path) -> Text:
        """The ignore rule that trusts an owner of the value; "" if there is none."""
        owned_by = partial(self._ownership.is_owned_by, path)
        return next((reason for pattern, reason in self._trusted_managers if owned_by(pattern)), "")

    def _why_changed(self, writer: Writer | None) -> Text:
        if writer is None:
            return LocalizedText(reasons.DIFFERS)
        if self._ownership.is_person(writer):
            return LocalizedText(reasons.CHANGED_BY_HAND, manager=writer.manager)
        if self._ownership.is_client_side_apply(writer) or self._ownership.is_deployer(writer):
            return LocalizedText(reasons.APPLIED)
        return LocalizedText(reasons.WRITTEN, manager=writer.manager)

    def _is_untracked(self, path: Path, *, is_described: bool) -> bool:
        """Whether someone must have set this value of an object without `managedFields`.

        An object has none if it was created with only a name, or if someone removed them. The API server then does not
        record later updates either.
        https://github.com/kubernetes/apimachinery/blob/master/pkg/util/managedfields/internal/skipnonapplied.go
        """
        if self._ownership.writers:
            return False
        if is_label(path):  # labels have no default
            return not is_controller_label(path)
        return is_described and not self._ownership.is_placeholder

    @staticmethod
    def _left_alone(writer: Writer | None) -> Verdict:
        """The verdict on a value without a recorded writer, or from a tool that people don't use by hand."""
        return Verdict(is_drift=False, reason=written_by(writer.manager) if writer else _NOBODYS, writer=writer)


@lru_cache(maxsize=256)
def written_by(manager: str) -> LocalizedText:
    """Why a value that git does not declare is set aside if people don't use its field manager by hand."""
    return LocalizedText(texts.WRITTEN, manager=manager)
