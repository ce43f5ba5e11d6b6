"""A real identity provider for tests, on a port of this machine, with discovery, keys, single-use codes and PKCE."""

import base64
import hashlib
import hmac
import json
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.waiting import PATIENCE, wait_until

CLIENT, SECRET = "changeflow", "a secret: with/signs"


@dataclass
class IdentityProvider:
    """The provider, and what it does wrong if a test says so."""

    now: datetime
    issuer: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    """The claims about the person who signs in."""
    changed: dict[str, Any] = field(default_factory=dict)
    """Claims of a token to change; None removes a claim."""
    alg: str = "RS256"
    is_down: bool = False
    answers: dict[str, bytes] = field(default_factory=dict)
    """Responses to send instead, by path."""
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: _new_key("first"))
    published: list[RSAKey] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.published = [self.key]

    def rotate(self, kid: str = "second", *, publish: bool = True) -> None:
        self.key = _new_key(kid)
        if publish:
            self.published = [self.key]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.asked.append(scope["path"])
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode()))
        status, more, content = self._answer(scope["path"], query, dict(parse_qsl(body.decode())), headers)
        await send({"type": "http.response.start", "status": status, "headers": more})
        await send({"type": "http.response.body", "body": content})

    def _answer(
        self, path: str, query: dict[str, str], form: dict[str, str], headers: Mapping[str, str]
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if self.is_down:
            return 500, [], b"down"
        if path in self.answers:
            return 200, [], self.answers[path]
        if path == "/authorize":
            return self._authorize(query)
        known = {"/.well-known/openid-configuration": self._metadata, "/jwks": self._jwks}
        if path == "/token":
            status, found = self._token(form, headers)
        else:
            status, found = (200, known[path]()) if path in known else (404, {})
        return status, [(b"content-type", b"application/json")], json.dumps(found).encode()

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }

    def _jwks(self) -> dict[str, Any]:
        return dict(KeySet(self.published).as_dict(private=False))

    def _authorize(self, query: dict[str, str]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(24)
        self.codes[code] = query
        where = f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"
        return 302, [(b"location", where.encode())], b""

    def _token(self, form: dict[str, str], headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        given = base64.b64decode(headers.get("authorization", "").removeprefix("Basic ")).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = _encoded(digest)
        if given != f"{CLIENT}:{SECRET}":
            return 401, {"error": "invalid_client"}
        if asked is None or challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self._identity(asked["nonce"])}

    def _identity(self, nonce: str) -> str:
        at = int(self.now.timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": nonce, **self.person}
        claims = {k: v for k, v in {**claims, **self.changed}.items() if v is not None}
        if self.alg in ("none", "HS256"):
            parts = ({"alg": self.alg, "kid": self.key.kid}, claims)
            text = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
            # The old trick: use the public key as a shared secret. The library refuses to sign like that.
            made = hmac.digest(self.key.as_pem(private=False), text.encode(), "sha256")
            return f"{text}.{_encoded(made) if self.alg == 'HS256' else ''}"
        return jwt.encode({"alg": self.alg, "kid": self.key.kid}, claims, self.key)

    def sign_in(self, where: str) -> str:
        """Sign in as a browser that was sent here would; return the path that it is sent back to."""
        answer = httpx.get(where)
        assert answer.status_code == 302, answer.text
        parts = urlsplit(answer.headers["location"])
        return f"{parts.path}?{parts.query}"


def state_in(path: str) -> str:
    return parse_qs(urlsplit(path).query)["state"][0]


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@contextmanager
def providing(now: datetime) -> Iterator[IdentityProvider]:
    """Run a provider."""
    provider = IdentityProvider(now)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        provider.issuer = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(provider, log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started, what="the provider", failed=lambda: "" if thread.is_alive() else "it ended")
        yield provider
        server.should_exit = True
        thread.join(PATIENCE)
