"""The card of a revert pull request."""

from bot.i18n.language import Phrase

OF = Phrase(en=" for {applications}", es=" para {applications}")
ASKED = Phrase(en=" · requested with {command}", es=" · solicitado con {command}")
ASKED_BY_BUTTON = Phrase(en=" · requested with the Revert button", es=" · solicitado con el botón Revertir")
REVIEWERS = Phrase(en="For review by {who}.", es="Para revisión de {who}.")

OPEN_HEADER = Phrase(en="↩️ Revert awaiting review: #{number}", es="↩️ Revert pendiente de revisión: #{number}")
OPEN = Phrase(
    en="The revert pull request #{number}{touched} is open: {title}. {ending}",
    es="El pull request de revert #{number}{touched} está abierto: {title}. {ending}",
)
REWRITTEN_ENDING = Phrase(
    en="The tracked branch was rewritten, so merging this pull request would bring back removed commits. Close it and "
    "request the revert again.",
    es="La rama seguida se reescribió, así que fusionar este pull request volvería a traer commits eliminados. "
    "Ciérralo y vuelve a pedir el revert.",
)
OPEN_ENDING = Phrase(en="Nothing changes until someone merges it.", es="Nada cambia hasta que alguien lo fusione.")
RETARGETED_ENDING = Phrase(
    en="Its target branch was changed from {base} to {target}, so merging it does not change {base}.",
    es="Su rama de destino se cambió de {base} a {target}, así que fusionarlo no cambia {base}.",
)

MERGED_HEADER = Phrase(en="✅ Revert merged: #{number}", es="✅ Revert fusionado: #{number}")
MERGED = Phrase(
    en="The revert pull request #{number}{touched} is merged: {title}. {ending}",
    es="El pull request de revert #{number}{touched} está fusionado: {title}. {ending}",
)
MERGED_ENDING = Phrase(en="Its rollout has its own card.", es="Su rollout tiene su propia tarjeta.")
MERGED_UNKNOWN_ENDING = Phrase(
    en="If it changes an application, the rollout has its own card.",
    es="Si cambia alguna aplicación, el rollout tiene su propia tarjeta.",
)
MERGED_ELSEWHERE_ENDING = Phrase(
    en="It was merged into {target} instead of {base}.", es="Se fusionó en {target} en lugar de {base}."
)

CLOSED_HEADER = Phrase(en="⛔ Revert closed: #{number}", es="⛔ Revert cerrado: #{number}")
CLOSED = Phrase(
    en="The revert pull request #{number}{touched} is closed: {title}. {ending}",
    es="El pull request de revert #{number}{touched} está cerrado: {title}. {ending}",
)
CLOSED_ENDING = Phrase(
    en="It was closed without merging. Nothing changed.", es="Se cerró sin fusionar. No cambió nada."
)
