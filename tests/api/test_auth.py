"""Who is let in, with what, and for how long."""

import pytest
from tests.api.client import Api

from usance.actions import accounts
from usance.api import hot
from usance.store.db import Tx

UNKNOWN = "sk_test_" + "x" * 43


async def _got(api: Api, headers: dict[str, str]) -> int:
    response = await api.client.get("/api/v1/customers", headers=headers)
    return response.status_code


async def test_either_header_opens_the_account(shared_api: Api):
    key = shared_api.secret
    assert await _got(shared_api, {"Authorization": f"Bearer {key}"}) == 200
    assert await _got(shared_api, {"authorization": f"bearer  {key}"}) == 200
    assert await _got(shared_api, {"X-API-Key": key}) == 200
    assert await _got(shared_api, {"X-API-Key": key, "Authorization": f"Bearer {key}"}) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic c2s6"},
        {"Authorization": f"Bearer {UNKNOWN}"},
        {"Authorization": "Bearer sk_test_short"},
        {"Authorization": "Bearer ck_test_" + "x" * 43},
        {"Authorization": "Bearer " + "x" * 5000},
        {"X-API-Key": UNKNOWN},
        {"X-API-Key": ""},
        {"X-API-Key": "' OR 1=1 --"},
        {"X-API-Key": b"sk_test_" + b"\xc3\xa9" * 40},
    ],
    ids=lambda headers: repr(headers)[:60],
)
async def test_anything_else_is_unauthenticated(shared_api: Api, headers: dict[str, str | bytes]):
    sent = [
        (name.encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in headers.items()
    ]
    response = await shared_api.client.get("/api/v1/customers", headers=sent)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    error = response.json()["error"]
    assert error["code"] == "unauthenticated"
    assert "x" * 30 not in error["message"]  # what was shown is not repeated


async def test_two_different_keys_are_refused_though_both_are_good(api: Api, other_api: Api):
    headers = {"Authorization": f"Bearer {api.secret}", "X-API-Key": other_api.secret}
    assert await _got(api, headers) == 401
    bad = {"Authorization": f"Bearer {api.secret}", "X-API-Key": UNKNOWN}
    assert await _got(api, bad) == 401


async def test_who_asks_comes_before_what_is_asked(shared_api: Api):
    bad = {"Authorization": f"Bearer {UNKNOWN}"}
    for method, path, body in [
        ("POST", "/customers", b"{"),
        ("POST", "/customers", b'{"email": 1}'),
        ("GET", "/customers?limit=x", b""),
        ("GET", "/customers/unknown", b""),
    ]:
        assert (await shared_api.send(method, path, body, headers=bad)).status == 401


async def test_a_revoked_key_opens_nothing_from_then_on(api: Api):
    async def second(tx: Tx) -> accounts.NewKey:
        return await accounts.create_key(tx, api.account, "second")

    key = await api.db.run(second)
    assert await _got(api, {"X-API-Key": key.secret}) == 200
    await api.db.run(lambda tx: accounts.revoke_key(tx, api.account.id, key.key.id))
    assert await _got(api, {"X-API-Key": key.secret}) == 401
    assert await _got(api, {"X-API-Key": api.secret}) == 200


async def test_a_revoked_key_checks_nothing_in_the_fast_lane(api: Api):
    async def second(tx: Tx) -> accounts.NewKey:
        return await accounts.create_key(tx, api.account, "second")

    key = await api.db.run(second)
    await api.post("/customers", {"customerReferenceId": "c"})

    async def asked() -> int:
        headers = {"Authorization": f"Bearer {key.secret}"}
        return (await api.client.get("/api/v1/entitlements/c/f", headers=headers)).status_code

    assert (await asked(), await asked()) == (200, 200)
    await api.db.run(lambda tx: accounts.revoke_key(tx, api.account.id, key.key.id))
    assert await asked() == 401


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
async def test_what_is_too_long_for_a_key_is_not_kept(api: Api, header: str):
    hot._hash_of.cache_clear()
    secret = "sk_test_" + "x" * 10_000
    headers = {header: f"Bearer {secret}" if header == "Authorization" else secret}
    response = await api.client.get("/api/v1/entitlements/c/f", headers=headers)
    assert response.status_code == 401
    assert hot._hash_of.cache_info().currsize == 0


async def test_revoking_again_keeps_the_first_instant(api: Api):
    key = (await api.db.run(lambda tx: accounts.list_keys(tx, api.account.id)))[0]
    first = await api.db.run(lambda tx: accounts.revoke_key(tx, api.account.id, key.id))
    again = await api.db.run(lambda tx: accounts.revoke_key(tx, api.account.id, key.id))
    assert first == again


async def test_a_key_is_kept_as_a_hash_and_four_letters(api: Api):
    rows = await api.db.peek(lambda tx: tx.fetch("SELECT * FROM api_keys"))
    assert [row["last_four"] for row in rows] == [api.secret[-4:]]
    assert api.secret[8:20] not in str(rows)


async def test_a_key_has_256_random_bits(api: Api):
    async def keys(tx: Tx) -> set[str]:
        return {(await accounts.create_key(tx, api.account, "k")).secret for _ in range(50)}

    made = await api.db.run(keys)
    assert len(made) == 50
    assert all(len(key) == len("sk_test_") + 43 for key in made)  # 43 × log2(62) = 256.03


async def test_an_account_sees_nothing_of_another(api: Api, other_api: Api):
    await api.post("/customers", {"customerReferenceId": "mine"})
    unknown = await other_api.get("/customers/nobody")
    for method in ("GET", "PATCH", "DELETE"):
        foreign = await other_api.send(method, "/customers/mine", {})
        assert foreign.status == 404
        assert foreign.error["message"] == unknown.error["message"]
    assert (await other_api.get("/customers")).body["pagination"]["total"] == 0
    assert (await other_api.post("/customers", {"customerReferenceId": "mine"})).status == 201


async def test_a_test_accounts_clock_is_seen_at_once(api: Api):
    await api.post("/customers", {"customerReferenceId": "before"})
    year = 365 * 24 * 3600 * 1_000_000
    await api.db.run(
        lambda tx: tx.execute(
            "UPDATE accounts SET clock_offset_us = $2 WHERE account_id = $1", api.account.id, year
        )
    )
    await api.post("/customers", {"customerReferenceId": "after"})
    before, after = [
        (await api.get(f"/customers/{name}")).data["createdAt"] for name in ("before", "after")
    ]
    assert int(after[:4]) == int(before[:4]) + 1
