"""An identity provider, through OpenID Connect: where to sign in, and what it confirms about a person.

Authorization code flow with PKCE (RFC 7636) and a confidential client. Its addresses and keys are kept for an hour.
What it sends is limited in size and time, and redirects are not followed.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from changeflow.errors import ChangeflowError
from changeflow.logs import log
from changeflow.settings import ProviderSettings, is_safe_address
from changeflow.usecases.accounts import SignInRefusedError
from changeflow.values.sentences import sentence

ALGORITHMS = ("RS256", "PS256", "ES256")
"""Signatures that are accepted: with a private key of the provider's, never `none` and never a shared secret."""
KEPT_SECONDS, KEYS_AGAIN_SECONDS = 3600, 60
"""How long addresses and keys are kept, and how soon unknown keys are looked for again."""
TIMEOUT_SECONDS, LONGEST_SECONDS = 5.0, 15.0
"""The longest wait for each step of a response, and for the whole of it."""
LARGEST = 200_000
"""The largest response, in bytes."""
LEEWAY_SECONDS = 60
"""How far the provider's clock may be from ours."""
OLDEST_SECONDS = 600
"""The greatest age of an identity that is accepted: as long as a sign-in may take."""
LONGEST_SUBJECT = 255
"""OpenID Connect Core 1.0, 2."""
MICROSOFT = ("login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn")
GOOGLE = "accounts.google.com"
NOT_CONFIRMED = sentence("Your organisation’s account could not be confirmed. Please start again.")
NO_ADDRESS = sentence(
    "Your organisation’s account does not confirm your email address, so we cannot tell who you are in the programme. "
    "Ask the people who look after your accounts, or ask the programme office for a sign-in link."
)


class ProviderDownError(ChangeflowError):
    """The provider does not respond, or not as it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedPerson:
    """A person with an identity and an address that the provider has verified."""

    issuer: str
    subject: str
    email: str


class Provider:
    """One provider, as an application registered with it."""

    def __init__(self, chosen: ProviderSettings, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self.chosen, self.ticks = chosen, ticks
        self._lock = threading.Lock()
        self._found: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def address(self, back: str, *, state: str, nonce: str, verifier: str) -> str:
        """Return the address at which the person signs in; afterwards the provider sends them `back`."""
        return str(
            prepare_grant_uri(
                _endpoint(self._metadata(), "authorization_endpoint"),
                self.chosen.client_id,
                "code",
                redirect_uri=back,
                scope="openid email",
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        )

    def check(self) -> None:
        """Fetch the provider's description and keys; raise `ProviderDownError` if they cannot be used."""
        metadata = self._metadata()
        for name in ("authorization_endpoint", "token_endpoint"):
            _endpoint(metadata, name)
        self._key_set()

    def identify(self, code: str, back: str, *, nonce: str, verifier: str, now: datetime) -> ConfirmedPerson:
        """Exchange a code for the person's identity, and check it."""
        given = self._exchange(code, back, verifier)
        token = given.get("id_token")
        if not isinstance(token, str):
            raise ProviderDownError("The provider sent no identity.")
        try:
            claims, header = self._verified(token)
            checked = CodeIDToken(claims, header, {}, {"nonce": nonce, "client_id": self.chosen.client_id,
                                                       "access_token": given.get("access_token")})  # fmt: skip
            checked.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
            self._check(claims, now)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            log("refused", action="sign-in", provider=type(error).__name__)
            raise SignInRefusedError(NOT_CONFIRMED) from None
        email = self._email(claims)
        if not email:
            raise SignInRefusedError(NO_ADDRESS)
        return ConfirmedPerson(issuer=self.chosen.issuer, subject=self._subject(claims), email=email)

    def _exchange(self, code: str, back: str, verifier: str) -> Mapping[str, Any]:
        metadata = self._metadata()
        where = _endpoint(metadata, "token_endpoint")
        allowed = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if not self.chosen.client_secret:
            way = "none"
        else:
            way = "client_secret_basic" if "client_secret_basic" in allowed else "client_secret_post"
        body = prepare_token_request("authorization_code", "", back, code=code, code_verifier=verifier)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        auth = ClientAuth(self.chosen.client_id, self.chosen.client_secret, way)
        where, headers, body = auth.prepare("POST", where, headers, body)
        status, given = self._asked("POST", where, content=body, headers=headers)
        if status in (400, 401, 403):
            # A code that was used, is too old or belongs to another browser. If our secret is wrong, the log says so.
            log("refused", action="sign-in", provider=str(given.get("error", ""))[:40])
            raise SignInRefusedError(NOT_CONFIRMED)
        if status != 200:
            raise ProviderDownError(f"The provider returned {status}.")
        return given

    def _verified(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the claims and header of a token, if its signature is one of the provider's."""
        try:
            found = jwt.decode(token, self._key_set(), algorithms=list(ALGORITHMS))
        except (JoseError, ValueError, KeyError, TypeError):
            # The provider may have begun to use another key.
            found = jwt.decode(token, self._key_set(again=True), algorithms=list(ALGORITHMS))
        return dict(found.claims), dict(found.header)

    def _check(self, claims: Mapping[str, Any], now: datetime) -> None:
        """Check what Authlib leaves to its caller; raise `ValueError` for an identity that is not meant for us."""
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims["iss"] != self.chosen.issuer or self.chosen.client_id not in audience:
            raise ValueError("another issuer or audience")
        if not claims.get("nonce"):
            raise ValueError("no nonce")
        if now.timestamp() - claims["iat"] > OLDEST_SECONDS + LEEWAY_SECONDS:
            raise ValueError("too old")
        subject = self._subject(claims)
        if not isinstance(claims["sub"], str) or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise ValueError("no subject")

    def _subject(self, claims: Mapping[str, Any]) -> str:
        """Return the provider's permanent name for a person. Microsoft's `sub` differs for each application."""
        if urlsplit(self.chosen.issuer).hostname not in MICROSOFT:
            return str(claims["sub"])
        tenant, one = claims["tid"], claims["oid"]
        if not isinstance(tenant, str) or not isinstance(one, str) or f"/{tenant}/" not in f"{self.chosen.issuer}/":
            raise ValueError("another tenant")
        return f"{tenant}:{one}"

    def _email(self, claims: Mapping[str, Any]) -> str:
        """Return the address that the provider has verified; empty if it has not."""
        email, host = claims.get("email"), urlsplit(self.chosen.issuer).hostname
        if not isinstance(email, str) or "@" not in email:
            return ""
        if host in MICROSOFT:
            # Microsoft's `email` may be any text that an administrator entered; this claim says who owns its domain.
            return email if claims.get("xms_edov") in (True, "1", "true", "True") else ""
        if claims.get("email_verified") not in (True, "true"):
            return ""
        if host == GOOGLE and not claims.get("hd") and not email.lower().endswith("@gmail.com"):
            # Google verified such an address once, but another organisation owns it.
            return ""
        return email

    def _metadata(self) -> Mapping[str, Any]:
        with self._lock:
            if self._found is not None and self.ticks() - self._found[0] < KEPT_SECONDS:
                return self._found[1]
            where = get_well_known_url(self.chosen.issuer, external=True)
            found = self._document(where)
            if found.get("issuer") != self.chosen.issuer:
                raise ProviderDownError("The provider's own address differs from CHANGEFLOW_OIDC_ISSUER.")
            self._found = (self.ticks(), found)
            return found

    def _key_set(self, *, again: bool = False) -> KeySet:
        where = _endpoint(self._metadata(), "jwks_uri")
        with self._lock:
            age = self.ticks() - self._keys[0] if self._keys is not None else KEPT_SECONDS
            if self._keys is not None and age < (KEYS_AGAIN_SECONDS if again else KEPT_SECONDS):
                return self._keys[1]
            try:
                keys = KeySet.import_key_set(self._document(where))  # type: ignore[arg-type]  # it checks
            except (JoseError, ValueError, KeyError, TypeError):
                raise ProviderDownError("The provider's keys cannot be read.") from None
            self._keys = (self.ticks(), keys)
            return keys

    def _document(self, where: str) -> dict[str, Any]:
        status, found = self._asked("GET", where)
        if status != 200:
            raise ProviderDownError(f"The provider returned {status}.")
        return found

    def _asked(self, method: str, where: str, **more: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401
        """Send a request; return the status and the JSON object that came back."""
        body, ends = b"", time.monotonic() + LONGEST_SECONDS
        try:
            with httpx.stream(method, where, timeout=TIMEOUT_SECONDS, **more) as answer:
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > LARGEST or time.monotonic() > ends:
                        raise ProviderDownError("The provider's response is too large or too slow.")
                status = answer.status_code
            found = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            raise ProviderDownError(f"The provider does not respond: {type(error).__name__}.") from None
        if not isinstance(found, dict):
            raise ProviderDownError("The provider's response is not an object.")
        return status, found


def _endpoint(metadata: Mapping[str, Any], name: str) -> str:
    """Return an address from the provider's own description; refuse one that is not encrypted."""
    found = metadata.get(name)
    if not isinstance(found, str) or not is_safe_address(found):
        raise ProviderDownError(f"The provider gives no usable {name}.")
    return found
