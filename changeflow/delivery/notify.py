"""GOV.UK Notify: one template with a subject and a body of headings and bullets, for its templates know no tables.

Its client is not thread-safe (its own docstring): each channel has one, and a flow run has one channel. Notify does not
drop a repeat by its reference, but can be asked by it: that settles what may have gone.
"""

from typing import Any

from changeflow.delivery.channels import DELIVERED, TIMEOUT_SECONDS, Receipt, Sent
from changeflow.delivery.message import Message
from changeflow.errors import InputError

DAILY_LIMIT = "TooManyRequestsError"
"""Notify's word for a service's daily limit; RateLimitError is the one for a minute."""


class NotifyChannel:
    """Sends by GOV.UK Notify: a key, and the id of a template that has ((subject)) and ((body))."""

    name, may_repeat, overwrites, leaves_the_house = "notify", False, False, True

    def __init__(
        self, key: str, template: str, *, base_url: str | None = None, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        # Loaded here: it brings an HTTP library that nobody else needs.
        from notifications_python_client.notifications import NotificationsAPIClient

        self.template = template
        where: dict[str, Any] = {"base_url": base_url} if base_url else {}
        try:
            self._client: Any = NotificationsAPIClient(key, timeout=timeout, **where)  # type: ignore[no-untyped-call]
        except (AssertionError, ValueError):
            raise InputError(
                "CHANGEFLOW_NOTIFY_KEY is no key of GOV.UK Notify. Make one under API integration."
            ) from None

    def send(self, message: Message) -> Receipt:
        reference = message.message_id.strip("<>")
        if message.may_have_gone and self._knows(reference):
            return DELIVERED
        return self._asked(
            lambda: self._client.send_email_notification(
                email_address=message.to_address,
                template_id=self.template,
                personalisation={"subject": message.subject, "body": message.text},
                reference=reference,
                one_click_unsubscribe_url=message.unsubscribe,
            )
        )

    def _knows(self, reference: str) -> bool:
        found = self._client.get_all_notifications(reference=reference)
        return bool(found["notifications"])

    def _asked(self, ask: Any) -> Receipt:  # noqa: ANN401
        import requests
        from notifications_python_client.errors import HTTPError, TokenError

        try:
            ask()
        except HTTPError as error:
            return _refused(error.status_code, str(error.message))
        except TokenError:
            return Receipt(Sent.LATER, "GOV.UK Notify refused the key: is this machine's clock right?")
        except requests.ConnectTimeout:
            return Receipt(Sent.LATER, "no connection to GOV.UK Notify")
        except requests.ConnectionError as error:
            refused = "refused" in str(error).lower() or "resolve" in str(error).lower()
            return Receipt(Sent.LATER if refused else Sent.MAYBE, "no answer from GOV.UK Notify")
        except requests.RequestException as error:
            return Receipt(Sent.MAYBE, f"no answer from GOV.UK Notify: {type(error).__name__}")
        return DELIVERED


def _refused(code: int, message: str) -> Receipt:
    """Sort Notify's documented errors: limits and its own failures pass, what is wrong with the message does not."""
    if code == 429:
        if DAILY_LIMIT in message:
            return Receipt(Sent.LATER, "GOV.UK Notify: the daily limit is reached", stop_today=True)
        return Receipt(Sent.LATER, "GOV.UK Notify: too many in a minute")
    if code >= 500 or code == 403:
        return Receipt(Sent.LATER, f"GOV.UK Notify answered {code}")
    if "team" in message and code == 400:
        return Receipt(Sent.LATER, "GOV.UK Notify: a trial service sends to its team and guest list alone")
    return Receipt(Sent.NEVER, f"GOV.UK Notify refused the message ({code})")
