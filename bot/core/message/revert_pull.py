"""What the channel reads of a revert pull request: one card, kept current."""

from bot.core.message import LINK, wording
from bot.core.message.blocks import (
    Message,
    actions,
    button,
    clip,
    header,
    link,
    message,
    paragraph,
    person,
    rich,
    words,
)
from bot.core.revert_pull import RevertPull


def card(pull: RevertPull) -> Message:
    """The pull request's one message in the channel, as it should read now."""
    title = clip(pull.title, 200)
    touched = f" for {wording.listed(pull.applications, 5)}" if pull.applications else ""
    match pull.state:
        case "merged":
            by = f" by {clip(pull.merged_by, 60)}" if pull.merged_by else ""
            headline, ending = f"✅ Revert merged: #{pull.number}", f" It was merged{by}; its rollout has its own card."
        case "closed":
            headline, ending = f"⛔ Revert closed: #{pull.number}", " It was closed without a merge; nothing changed."
        case _:
            headline, ending = f"↩️ Revert to review: #{pull.number}", " Nothing changes until somebody merges it."
    text = f"Revert pull request #{pull.number}{touched} is {pull.state}: {title}.{ending}"
    lead = [link(pull.url, f"#{pull.number} {title}"), words("\nasked for by "), person(pull.by)]
    lead.append(words(f" with /gitops revert {clip(pull.what, 80)}{touched}.{ending}"))
    blocks = [header(headline), rich(paragraph(*lead))]
    if pull.state == "open":
        blocks.append(actions(button(f"Review #{pull.number}", LINK, url=pull.url, style="primary")))
    return message(text, *blocks)
