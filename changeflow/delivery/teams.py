"""Microsoft Teams: an adaptive card to a workflow "When a Teams webhook request is received".

Connectors are gone; a workflow belongs to a person and stops when they leave, so give it a second owner. A card cannot
be recognised as a repeat: what may have gone is parked.
"""

from urllib.parse import urlsplit

from changeflow.delivery.channels import DELIVERED, TIMEOUT_SECONDS, Receipt, Sent
from changeflow.delivery.message import Message
from changeflow.errors import InputError


class TeamsChannel:
    """Posts to the address of a workflow, which decides where the card goes; the recipient is named in the card."""

    name, may_repeat, overwrites, leaves_the_house = "teams", False, False, True

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError("CHANGEFLOW_TEAMS_URL is no web address. Copy the address that the workflow shows.")
        self._url, self._timeout = url, timeout

    def send(self, message: Message) -> Receipt:
        # Loaded here: most runs send no card.
        import httpx

        try:
            answer = httpx.post(self._url, json=card(message), timeout=self._timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Receipt(Sent.LATER, "no connection to Teams")
        except httpx.HTTPError as error:
            return Receipt(Sent.MAYBE, f"no answer from Teams: {type(error).__name__}")
        if answer.is_success:
            return DELIVERED
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            return Receipt(Sent.LATER, f"Teams answered {answer.status_code}")
        return Receipt(
            Sent.LATER, f"the workflow refuses: Teams answered {answer.status_code}. Is its owner still there?"
        )


def card(message: Message) -> dict[str, object]:
    """Return the adaptive card of a message: its words, and its links as they stand in the text."""
    lines = [line for line in message.text.splitlines() if line.strip() and line.strip() != "--"]
    body = [
        {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True, "text": message.subject},
        *({"type": "TextBlock", "wrap": True, "text": line} for line in lines),
    ]
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "lang": message.language,
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    return {"type": "message", "attachments": [attachment]}
