"""Signing in with an organisation's account, at a real provider on this machine, and attacks on it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from changeflow import settings
from changeflow.cli import app
from changeflow.errors import InputError
from changeflow.settings import ProviderSettings
from changeflow.usecases import accounts
from changeflow.web.provider import KEYS_AGAIN_SECONDS, LARGEST, Provider
from changeflow.web.provider_flow import FLOW, begin_flow, resume_flow
from changeflow.web.security import SESSION
from tests.every_role import NOW, World
from tests.web.identity_provider import CLIENT, SECRET, IdentityProvider, providing, state_in
from tests.web.visiting import Browser, heading, signed_in, text_of


@pytest.fixture(scope="module")
def running() -> Iterator[IdentityProvider]:
    with providing(NOW) as provider:
        yield provider


@pytest.fixture
def provider(running: IdentityProvider) -> IdentityProvider:
    """A new provider, at which the chief is signed in."""
    issuer = running.issuer
    running.__dict__.update(IdentityProvider(NOW).__dict__)
    running.issuer = issuer
    running.person = {"sub": "chief-1", "email": "chief@example.org", "email_verified": True}
    return running


def chosen(provider: IdentityProvider, **more: str) -> ProviderSettings:
    return ProviderSettings(**{"issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, **more})


def a_browser(world: World, provider: IdentityProvider, **options: Any) -> Browser:
    return Browser(world.db, provider=Provider(chosen(provider)), **options)


def begin(browser: Browser, wanted: str = "/p/small") -> str:
    """Go to the provider; return its address."""
    answer = browser.get(f"/sign-in/provider?next={wanted}")
    assert answer.status_code == 303
    return answer.headers["location"]


def sign_in(browser: Browser, provider: IdentityProvider) -> httpx.Response:
    return browser.get(provider.sign_in(begin(browser)))


def is_refused(answer: httpx.Response, browser: Browser) -> bool:
    return (answer.status_code, heading(answer)) == (403, "You are not signed in") and SESSION not in browser.cookies


@pytest.mark.slow
def test_a_person_signs_in_and_is_back_at_the_page_they_wanted(own_world: World, provider: IdentityProvider):
    browser = a_browser(own_world, provider)
    assert "Sign in with your organisation’s account" in text_of(browser.get("/sign-in?next=/p/small"))
    answer = sign_in(browser, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/p/small")
    assert any(c.startswith(f'{FLOW}=""; ') and "Max-Age=0" in c for c in answer.headers.get_list("set-cookie"))
    assert "Chief Executive" in browser.get("/p/small").text
    assert ("chief", "sign-in", "provider") in own_world.audited()


@pytest.mark.slow
def test_an_account_is_known_by_the_providers_name_for_it_not_by_its_address(
    own_world: World, provider: IdentityProvider
):
    """The mailbox was handed on: the next person who has it is not the chief."""
    sign_in(a_browser(own_world, provider), provider)
    provider.person["sub"] = "someone-else"
    browser = a_browser(own_world, provider)
    answer = sign_in(browser, provider)
    assert is_refused(answer, browser)
    assert "ask an admin of the programme to release it" in text_of(answer)
    assert own_world.audited()[-1] == ("chief", "refused", "sign-in")


@pytest.mark.usual(4)
@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"aud": None},
        {"iss": "https://elsewhere.example.org"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 300},
        {"exp": int(NOW.timestamp()) - 61},
        {"exp": None},
        {"exp": "soon"},
        {"iat": int(NOW.timestamp()) + 61},
        {"iat": int(NOW.timestamp()) - 661},
        {"iat": None},
        {"nbf": int(NOW.timestamp()) + 61},
        {"at_hash": "another"},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    changed: dict[str, Any], own_world: World, provider: IdentityProvider
):
    provider.changed = changed
    browser = a_browser(own_world, provider)
    assert is_refused(sign_in(browser, provider), browser)


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_a_token_without_the_providers_signature_is_refused(alg: str, own_world: World, provider: IdentityProvider):
    provider.alg = alg
    browser = a_browser(own_world, provider)
    assert is_refused(sign_in(browser, provider), browser)


@pytest.mark.slow
def test_a_token_signed_with_a_key_that_is_not_published_is_refused(own_world: World, provider: IdentityProvider):
    provider.rotate("first", publish=False)
    browser = a_browser(own_world, provider)
    assert is_refused(sign_in(browser, provider), browser)


@pytest.mark.slow
def test_a_new_key_is_found_and_unknown_keys_are_not_looked_for_at_every_request(
    own_world: World, provider: IdentityProvider
):
    seconds = [0.0]
    browser = Browser(own_world.db, provider=Provider(chosen(provider), ticks=lambda: seconds[0]))
    assert sign_in(browser, provider).status_code == 303
    provider.rotate()
    browser.cookies.pop(SESSION)
    assert is_refused(sign_in(browser, provider), browser)
    before = provider.asked.count("/jwks")
    seconds[0] += KEYS_AGAIN_SECONDS
    assert sign_in(browser, provider).status_code == 303
    assert provider.asked.count("/jwks") == before + 1
    assert provider.asked.count("/.well-known/openid-configuration") == 1


@pytest.mark.slow
def test_the_state_of_another_browser_does_not_work(own_world: World, provider: IdentityProvider):
    """Someone who sends a colleague the last step of their own sign-in does not sign the colleague in as themselves."""
    attacker, victim = a_browser(own_world, provider), a_browser(own_world, provider)
    path = provider.sign_in(begin(attacker))
    begin(victim)
    for browser in (victim, a_browser(own_world, provider)):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?why=again")
        assert SESSION not in browser.cookies
    assert "Please start again" in text_of(victim.get("/sign-in?why=again"))


@pytest.mark.slow
def test_a_code_of_another_browser_does_not_work_with_ones_own_state(own_world: World, provider: IdentityProvider):
    attacker, victim = a_browser(own_world, provider), a_browser(own_world, provider)
    stolen = provider.sign_in(begin(victim))
    own = provider.sign_in(begin(attacker))
    answer = attacker.get(stolen.replace(state_in(stolen), state_in(own)))
    assert is_refused(answer, attacker)


@pytest.mark.slow
def test_a_code_works_once(own_world: World, provider: IdentityProvider):
    browser = a_browser(own_world, provider)
    path = provider.sign_in(begin(browser))
    cookie = browser.cookies[FLOW]
    assert browser.get(path).status_code == 303
    browser.cookies = {FLOW: cookie}
    assert is_refused(browser.get(path), browser)


@pytest.mark.slow
def test_a_sign_in_that_takes_too_long_begins_again(own_world: World, provider: IdentityProvider):
    browser = a_browser(own_world, provider)
    path = provider.sign_in(begin(browser))
    late = a_browser(own_world, provider, now=NOW + timedelta(minutes=10))
    late.cookies = browser.cookies
    assert late.get(path).headers["location"] == "/sign-in?why=again"


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "?state=x", "?code=x&state=x", "?code=x&state=" + "9" * 12 + "." + "0" * 64])
def test_an_answer_that_no_one_asked_for_is_not_taken(query: str, world: World, provider: IdentityProvider):
    browser = a_browser(world, provider)
    begin(browser)
    assert browser.get(f"/sign-in/provider/back{query}").headers["location"] == "/sign-in?why=again"
    browser.cookies[FLOW] = "not ours"
    assert browser.get(f"/sign-in/provider/back{query}").headers["location"] == "/sign-in?why=again"


@pytest.mark.slow
def test_the_answer_of_another_provider_is_refused(own_world: World, provider: IdentityProvider):
    browser = a_browser(own_world, provider)
    path = provider.sign_in(begin(browser)).split("&iss=")[0]
    assert is_refused(browser.get(f"{path}&iss=https%3A%2F%2Felsewhere.example.org"), browser)


@pytest.mark.slow
def test_a_refusal_at_the_provider_is_no_sign_in(own_world: World, provider: IdentityProvider):
    browser = a_browser(own_world, provider)
    state = state_in(provider.sign_in(begin(browser)))
    assert is_refused(browser.get(f"/sign-in/provider/back?error=access_denied&state={state}"), browser)


@pytest.mark.slow
def test_a_wrong_secret_is_refused(own_world: World, provider: IdentityProvider):
    browser = Browser(own_world.db, provider=Provider(chosen(provider, client_secret="wrong")))
    assert is_refused(sign_in(browser, provider), browser)


UNCONFIRMED: list[dict[str, Any]] = [
    {"email_verified": False},
    {"email_verified": None},
    {"email": None},
    {"email": "no-one@example.org"},
    {"email": ["chief@example.org"]},
]


@pytest.mark.usual(3)
@pytest.mark.slow
@pytest.mark.parametrize("person", UNCONFIRMED, ids=str)
def test_an_address_that_is_not_confirmed_or_not_known_does_not_come_in(
    person: dict[str, Any], own_world: World, provider: IdentityProvider
):
    provider.changed = person
    browser = a_browser(own_world, provider)
    assert is_refused(sign_in(browser, provider), browser)


@pytest.mark.slow
def test_if_the_provider_is_down_the_page_says_so(own_world: World, provider: IdentityProvider):
    provider.is_down = True
    answer = a_browser(own_world, provider).get("/sign-in/provider")
    assert (answer.status_code, heading(answer)) == (503, "Signing in is not possible at the moment")
    assert answer.headers["retry-after"] == "60"


@pytest.mark.slow
def test_if_the_provider_goes_down_in_between_the_page_says_so(own_world: World, provider: IdentityProvider):
    browser = a_browser(own_world, provider)
    path = provider.sign_in(begin(browser))
    provider.is_down = True
    assert browser.get(path).status_code == 503
    assert SESSION not in browser.cookies


@pytest.mark.usual(4)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/.well-known/openid-configuration", b"<html>"),
        ("/.well-known/openid-configuration", b"[]"),
        ("/.well-known/openid-configuration", b'{"issuer": "https://elsewhere.example.org"}'),
        ("/.well-known/openid-configuration", b'{"x": "' + b"x" * LARGEST + b'"}'),
        ("/.well-known/openid-configuration", b"[" * 100_000),
        ("/token", b"{}"),
        ("/jwks", b"{}"),
        ("/jwks", b'{"keys": []}'),
        ("/jwks", b'{"keys": [{"kty": "RSA"}]}'),
    ],
)
def test_an_answer_that_is_none_counts_as_down(path: str, content: bytes, own_world: World, provider: IdentityProvider):
    provider.answers[path] = content
    browser = a_browser(own_world, provider)
    answer = browser.get("/sign-in/provider")
    if answer.status_code == 303:
        answer = browser.get(provider.sign_in(answer.headers["location"]))
    assert answer.status_code == 503
    assert SESSION not in browser.cookies


@pytest.mark.slow
def test_an_endpoint_without_encryption_is_not_used(own_world: World, provider: IdentityProvider):
    text = f'{{"issuer": "{provider.issuer}", "authorization_endpoint": "http://elsewhere.example.org/"}}'
    provider.answers["/.well-known/openid-configuration"] = text.encode()
    assert a_browser(own_world, provider).get("/sign-in/provider").status_code == 503


def test_without_a_provider_there_is_no_such_page(world: World):
    browser = Browser(world.db)
    assert browser.get("/sign-in/provider").status_code == 404
    assert browser.get("/sign-in/provider/back").status_code == 404
    assert "organisation’s account" not in text_of(browser.get("/sign-in")).split("If you opened")[0]


@pytest.mark.slow
def test_no_other_site_is_opened_afterwards(own_world: World, provider: IdentityProvider):
    browser = a_browser(own_world, provider)
    path = provider.sign_in(begin(browser, "//elsewhere.example.org/x"))
    assert browser.get(path).headers["location"] == "/"


def test_a_flow_is_its_own_browsers_and_its_own_sites():
    flow = begin_flow(b"one", "/p/small?a=b", now=NOW)
    again = resume_flow(b"one", flow.cookie, flow.state, now=NOW)
    assert again == flow
    assert len({flow.nonce, flow.verifier, flow.token, flow.state}) == 4
    assert resume_flow(b"two", flow.cookie, flow.state, now=NOW) is None
    later = replace(flow, until=flow.until + 1)
    assert resume_flow(b"one", flow.cookie, flow.state.replace(str(flow.until), str(later.until)), now=NOW) is None
    assert begin_flow(b"one", "/", now=NOW).nonce != flow.nonce


TENANT = "11111111-2222-3333-4444-555555555555"
ENTRA, GOOGLE = f"https://login.microsoftonline.com/{TENANT}/v2.0", "https://accounts.google.com"


@pytest.mark.parametrize(
    ("issuer", "claims", "email"),
    [
        (ENTRA, {"email": "a@x.org", "xms_edov": True}, "a@x.org"),
        (ENTRA, {"email": "a@x.org", "xms_edov": "1"}, "a@x.org"),
        (ENTRA, {"email": "a@x.org", "email_verified": True}, ""),
        (ENTRA, {"email": "a@x.org", "xms_edov": False}, ""),
        (ENTRA, {"preferred_username": "a@x.org", "xms_edov": True}, ""),
        (GOOGLE, {"email": "a@x.org", "email_verified": True, "hd": "x.org"}, "a@x.org"),
        (GOOGLE, {"email": "a@x.org", "email_verified": True}, ""),
        (GOOGLE, {"email": "a@gmail.com", "email_verified": True}, "a@gmail.com"),
        (GOOGLE, {"email": "a@gmail.com"}, ""),
        ("https://id.example.org", {"email": "a@x.org", "email_verified": True}, "a@x.org"),
        ("https://id.example.org", {"email": "a@x.org", "xms_edov": True}, ""),
    ],
)
def test_which_address_each_provider_has_verified(issuer: str, claims: dict[str, Any], email: str):
    provider = Provider(ProviderSettings(issuer=issuer, client_id=CLIENT))
    assert provider._email(claims) == email


def test_microsofts_accounts_are_known_by_tenant_and_object():
    provider = Provider(ProviderSettings(issuer=ENTRA, client_id=CLIENT))
    assert provider._subject({"sub": "pairwise", "tid": TENANT, "oid": "me"}) == f"{TENANT}:me"
    for claims in ({"tid": "another", "oid": "me"}, {"tid": "v2.0/", "oid": "me"}, {"tid": TENANT, "oid": None}):
        with pytest.raises(ValueError, match="tenant"):
            provider._subject({"sub": "x", **claims})


def settings_with(monkeypatch: pytest.MonkeyPatch, **values: str) -> Callable[[], ProviderSettings | None]:
    for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "NAME"):
        monkeypatch.delenv(f"CHANGEFLOW_OIDC_{name}", raising=False)
    for name, value in values.items():
        monkeypatch.setenv(f"CHANGEFLOW_OIDC_{name}", value)
    return lambda: settings.settings().provider


def test_the_settings_are_read_and_the_secret_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Any):
    (tmp_path / "secret").write_text("s\n")
    read = settings_with(
        monkeypatch, ISSUER=ENTRA, CLIENT_ID="c", CLIENT_SECRET_FILE=str(tmp_path / "secret"), NAME="Sign in with Ash"
    )
    assert read() == ProviderSettings(issuer=ENTRA, client_id="c", client_secret="s", name="Sign in with Ash")
    assert "'s'" not in repr(read())
    assert settings_with(monkeypatch)() is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ISSUER": ENTRA}, "belong together"),
        ({"CLIENT_ID": "c"}, "belong together"),
        ({"ISSUER": "http://id.example.org", "CLIENT_ID": "c"}, "with https://"),
        ({"ISSUER": "id.example.org", "CLIENT_ID": "c"}, "with https://"),
        ({"ISSUER": "https://login.microsoftonline.com/common/v2.0", "CLIENT_ID": "c"}, "any organisation"),
        ({"ISSUER": "https://login.microsoftonline.com/Organizations/v2.0", "CLIENT_ID": "c"}, "any organisation"),
        ({"ISSUER": "https://login.microsoftonline.com/consumers/v2.0", "CLIENT_ID": "c"}, "any organisation"),
    ],
)
def test_an_unsafe_setting_is_refused(values: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match=message):
        settings_with(monkeypatch, **values)()


def test_a_link_for_the_first_start_is_not_printed_once_there_is_a_provider(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    settings_with(monkeypatch, ISSUER=ENTRA, CLIENT_ID="c")
    result = CliRunner().invoke(app, ["serve", "--setup", "--db", world.db])
    assert result.exit_code == 4
    assert "--setup is for the first start" in result.stderr


@pytest.mark.slow
def test_sessions_of_the_machine_end_once_people_sign_in_with_a_provider(own_world: World):
    fresh = accounts.sign_in_here("small", "admin", accounts.SignIn.MACHINE, kind="", db=own_world.db, now=NOW)
    other = signed_in(own_world.db, "chief")
    browser = Browser(own_world.db)
    browser.cookies[SESSION] = fresh.token
    assert browser.get("/p/small").status_code == 200
    accounts.end_machine_sessions(db=own_world.db, now=NOW)
    assert browser.get("/p/small").status_code == 303
    assert other.get("/p/small").status_code == 200
