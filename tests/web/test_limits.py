"""Limits on requests, how clients are distinguished, and who may read the details."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from changeflow.web.clients import Buckets, Clients, Limits, Quota, Rate, Windows, address_key, networks
from tests.builders import a_folder
from tests.stored import store_once
from tests.web.asking import ANSWER, CHOOSE, NOW, asking, assert_is_guarded, at_once, title


class TestLimits:
    @pytest.mark.slow
    def test_requests_of_a_link_are_limited(self, linked: str):
        ask = asking(linked, limits=Limits(per_link=Rate(burst=3, per_second=0.001)))
        assert [ask("GET", f"/a/{ANSWER}").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = ask("GET", f"/a/{ANSWER}")
        assert 1 <= int(refused.headers["retry-after"]) <= 1000
        assert title(refused) == "Too many requests"
        assert ask("GET", f"/u/{CHOOSE}").status_code == 200, "another link is not affected"

    @pytest.mark.slow
    def test_requests_of_an_address_are_limited_exactly_when_many_come_at_once(self, linked: str):
        limits = Limits(per_address=Rate(burst=20, per_second=0.001), per_link=Rate(burst=99, per_second=1))
        statuses = [r.status_code for r in at_once(linked, 50, "GET", f"/u/{CHOOSE}", options={"limits": limits})]
        assert (statuses.count(200), statuses.count(429)) == (20, 30)

    @pytest.mark.slow
    def test_too_many_requests_at_once_are_refused(self, linked: str):
        answers_ = at_once(linked, 30, "GET", f"/u/{CHOOSE}", options={"limits": Limits(at_once=5)})
        statuses = [r.status_code for r in answers_]
        assert statuses.count(200) >= 5
        assert statuses.count(503) > 0
        assert set(statuses) == {200, 503}
        assert all("retry-after" in r.headers for r in answers_ if r.status_code == 503)

    def test_a_bucket_refills_with_time(self):
        clock = [0.0]
        buckets = Buckets(Rate(burst=2, per_second=0.5), clock=lambda: clock[0])
        assert [buckets.take("x") for _ in range(3)] == [0, 0, 2]
        clock[0] = 1.9
        assert buckets.take("x") == 1
        clock[0] = 2.0
        assert [buckets.take("x"), buckets.take("x")] == [0, 2]
        clock[0] = 1000
        assert [buckets.take("x") for _ in range(3)] == [0, 0, 2], "never more than the burst"

    @pytest.mark.slow
    def test_a_bucket_is_exact_between_threads(self):
        buckets = Buckets(Rate(burst=500, per_second=1e-9))
        with ThreadPoolExecutor(16) as pool:
            waits = list(pool.map(lambda _: buckets.take("x"), range(2_000)))
        assert waits.count(0) == 500

    def test_the_number_of_buckets_is_bounded(self):
        buckets = Buckets(Rate(burst=1, per_second=1), most=10)
        for n in range(100):
            buckets.take(str(n))
        assert len(buckets) == 10

    def test_an_ipv6_network_is_one_client(self):
        assert address_key("2001:db8::1") == address_key("2001:db8::ffff:2")
        assert address_key("2001:db8::1") != address_key("2001:db8:0:1::1")
        assert address_key("::ffff:192.0.2.1") == address_key("192.0.2.1")

    @pytest.mark.parametrize("size", [20_001, 1_000_000])
    def test_the_size_of_a_form_is_limited(self, linked: str, size: int):
        ask = asking(linked)
        large = ask("POST", f"/a/{ANSWER}", data={"answer": "blocked", "text": "x" * size})
        assert (large.status_code, title(large)) == (413, "Your answer is too long")

        async def pieces() -> Any:
            for _ in range(0, size, 1000):
                yield b"x" * 1000

        form = {"content-type": "application/x-www-form-urlencoded"}
        assert ask("POST", f"/a/{ANSWER}", content=pieces(), headers=form).status_code == 413
        assert ask("POST", f"/a/{ANSWER}", data={"answer": "acknowledged"}).status_code == 200

    def test_the_number_of_fields_is_limited(self, linked: str):
        for path in (f"/a/{ANSWER}", f"/u/{CHOOSE}", f"/u/{CHOOSE}/calendar"):
            assert asking(linked)("POST", path, data={f"f{n}": "1" for n in range(60)}).status_code == 413

    def test_the_length_of_an_address_is_limited(self, linked: str):
        assert asking(linked)("GET", "/a/" + "x" * 3000).status_code == 414
        assert asking(linked)("GET", f"/a/{ANSWER}?" + "x" * 3000).status_code == 414

    def test_the_size_of_headers_is_limited(self, linked: str):
        answer = asking(linked)("GET", f"/a/{ANSWER}", headers={"cookie": "x" * 20_000})
        assert answer.status_code == 431
        assert_is_guarded(answer)

    def test_a_form_that_never_ends_is_cut_off(self, linked: str):
        async def drops() -> Any:
            yield b"answer="
            await asyncio.Event().wait()

        form = {"content-type": "application/x-www-form-urlencoded"}
        ask = asking(linked, limits=Limits(body_seconds=0.05))
        slow = ask("POST", f"/a/{ANSWER}", content=drops(), headers=form)
        assert (slow.status_code, title(slow)) == (408, "The form took too long to arrive")
        assert slow.headers["connection"] == "close"


class TestQuotas:
    def test_a_client_gets_its_quota_in_any_hour_and_no_more(self):
        clock = [0.0]
        windows, allowed = Windows(Quota(most=20, seconds=3600), clock=lambda: clock[0]), list[float]()
        for _ in range(4 * 360):
            if windows.take("a") == 0:
                allowed.append(clock[0])
            clock[0] += 10
        assert len(allowed) == 80
        assert all(later - first >= 3600 for first, later in zip(allowed, allowed[20:], strict=False))

    def test_a_refusal_says_when_to_try_again(self):
        clock = [0.0]
        windows = Windows(Quota(most=1, seconds=60), clock=lambda: clock[0])
        assert windows.take("a") == 0
        clock[0] = 12.5
        assert (windows.take("a"), windows.take("b")) == (48, 0)
        clock[0] = 60
        assert windows.take("a") == 0

    def test_the_quota_is_exact_among_fifty_requests_at_once(self):
        windows = Windows(Quota(most=20, seconds=3600))
        with ThreadPoolExecutor(50) as pool:
            waits = list(pool.map(lambda _: windows.take("a"), range(500)))
        assert waits.count(0) == 20

    def test_the_least_recent_clients_are_dropped_first(self):
        windows = Windows(Quota(most=1, seconds=3600), most=2)
        assert [windows.take(key) for key in "abc"] == [0, 0, 0]
        assert windows.take("c") > 0
        assert windows.take("a") == 0


class TestWhoMaySeeTheNumbers:
    @pytest.mark.usual(12)
    @pytest.mark.parametrize(
        ("client", "headers", "may"),
        [
            ("127.0.0.1", {}, True),
            ("::1", {"host": "[::1]:8000"}, True),
            ("::ffff:127.0.0.1", {"host": "localhost"}, True),
            ("192.0.2.7", {}, False),
            ("192.0.2.7", {"authorization": "Bearer s3cret-token"}, True),
            ("192.0.2.7", {"authorization": "bearer s3cret-token"}, True),
            ("192.0.2.7", {"authorization": "Bearer wrong"}, False),
            ("192.0.2.7", {"authorization": "Bearer "}, False),
            ("192.0.2.7", {"authorization": "Basic s3cret-token"}, False),
            ("192.0.2.7", {"authorization": "Bearer \xe9"}, False),
            ("192.0.2.7", {"x-forwarded-for": "127.0.0.1"}, False),
            ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, False),
            ("127.0.0.1", {"x-forwarded-proto": "https"}, False),
            ("127.0.0.1", {"forwarded": "for=127.0.0.1"}, False),
            ("127.0.0.1", {"via": "1.1 proxy"}, False),
            ("127.0.0.1", {"x-real-ip": "127.0.0.1"}, False),
            ("127.0.0.1", {"host": "change.example.org"}, False),
            ("127.0.0.1", {"host": "localhost.evil.example"}, False),
            ("127.0.0.1", {"x-forwarded-for": "192.0.2.7", "authorization": "Bearer s3cret-token"}, True),
            ("not an address", {}, False),
        ],
    )
    @pytest.mark.parametrize("proxies", ["", "127.0.0.0/8, ::1"])
    def test_from_this_machine_or_with_the_token(
        self, sqlite: str, tmp_path: Path, client: str, headers: dict[str, str], may: bool, proxies: str
    ):
        store_once(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
        ask = asking(sqlite, clients=Clients(token="s3cret-token", proxies=networks(proxies)))
        sent = {name: value.encode("latin-1") for name, value in headers.items()}
        health, metrics = (ask("GET", path, client=client, headers=sent) for path in ("/health", "/metrics"))
        # No tick has run, and only operators may read that.
        assert (health.status_code, health.text.splitlines()[0]) == (503, "not ok")
        assert ("no tick has run" in health.text) is may
        assert metrics.status_code == (200 if may else 404)
        assert ("changeflow_messages" in metrics.text) is may

    def test_no_token_is_accepted_where_none_is_set(self, linked: str):
        for given in ("Bearer None", "Bearer ", "Bearer"):
            answer = asking(linked)("GET", "/metrics", client="192.0.2.7", headers={"authorization": given})
            assert answer.status_code == 404

    @pytest.mark.slow
    def test_a_forwarded_address_counts_only_from_a_named_proxy(self, linked: str):
        one = Limits(per_address=Rate(burst=1, per_second=0.001))

        def statuses(proxies: str, *forwarded: str) -> list[int]:
            ask = asking(linked, limits=one, clients=Clients(proxies=networks(proxies)))
            return [
                ask("GET", f"/u/{CHOOSE}", client="10.0.0.1", headers={"x-forwarded-for": f}).status_code
                for f in forwarded
            ]

        assert statuses("", "192.0.2.1", "192.0.2.2") == [200, 429]
        assert statuses("10.0.0.0/8", "192.0.2.1", "192.0.2.2") == [200, 200]
        # Addresses that a client adds itself are on the left, and do not make it a different client.
        assert statuses("10.0.0.0/8", "1.1.1.1, 192.0.2.1", "2.2.2.2, 192.0.2.1") == [200, 429]
        assert statuses("10.0.0.0/8", "192.0.2.1, 10.0.0.2", "192.0.2.1, 10.0.0.3") == [200, 429]
        assert statuses("10.0.0.0/8", "rubbish", "other rubbish") == [200, 429]

    def test_a_proxy_that_is_not_an_address_is_refused_and_named(self):
        from changeflow.errors import InputError

        with pytest.raises(InputError, match=r"CHANGEFLOW_PROXIES has 'proxy\.example'"):
            networks("127.0.0.1, proxy.example")
