"""The database alone: an event as one transaction of pgbench, and a customer's row read by its key."""

from uuid import UUID

from bench.scene import METERED
from bench.servers import Connection

# The event that the product recorded is written again, but for what differs from event to event.
_TEMPLATE = f"""
    SELECT (jsonb_each_text(to_jsonb(e))).*
      FROM (SELECT * FROM usage_events WHERE feature_key = '{METERED}' ORDER BY event_id LIMIT 1) e
"""

_TYPES = """
    SELECT attname AS name, format_type(atttypid, atttypmod) AS kind
      FROM pg_attribute
     WHERE attrelid = 'usage_events'::regclass AND attnum > 0 AND NOT attisdropped
     ORDER BY attnum
"""

_FRESH = {
    "account_id": "of_account",
    "customer_id": "who.customer_id",
    "event_id": "id",
    "recorded_at": "at",
    "occurred_at": "at",
    "key": "id::text",
    "subscription_id": "counted.subscription_id",
    "seq": "counted.seq",
    "version_id": "counted.version_id",
    "window": 'counted."window"',
}

_FUNCTION = """
    CREATE FUNCTION bench_record(of_account uuid, of_reference text) RETURNS uuid
    LANGUAGE plpgsql AS $$
    DECLARE
        who record;
        counted record;
        id uuid := uuidv7();
        at timestamptz := clock_timestamp();
    BEGIN
        SELECT c.customer_id, c.revision INTO STRICT who
          FROM customers c
          JOIN customer_references r USING (account_id, customer_id)
         WHERE r.account_id = of_account AND r.reference = of_reference
           FOR UPDATE OF c;
        INSERT INTO event_keys (account_id, customer_id, key, event_id, recorded_at, fingerprint)
        VALUES (of_account, who.customer_id, id::text, id, at, sha256(id::text::bytea));
        UPDATE counters
           SET units = units + 1, events = events + 1
         WHERE account_id = of_account AND customer_id = who.customer_id AND feature_key = '{feature}'
        RETURNING subscription_id, seq, version_id, "window" INTO STRICT counted;
        UPDATE customers
           SET decided_at = greatest(decided_at, at), revision = revision + 1
         WHERE account_id = of_account AND customer_id = who.customer_id;
        INSERT INTO usage_events ({columns})
        VALUES ({values});
        RETURN id;
    END $$
"""

RECORD = """
\\set n random(1, :customers)
SELECT bench_record(:account::uuid, 'bench_' || :n::text);
"""

READ = """
\\set n random(1, :customers)
SELECT c.customer_id, c.reference, c.email, c.name, c.metadata, c.decided_at, c.revision
  FROM customers c
  JOIN customer_references r USING (account_id, customer_id)
 WHERE r.account_id = :account::uuid AND r.reference = 'bench_' || :n::text;
"""


async def prepare(connection: Connection) -> None:
    """Make the function that records an event in one call: lock, key, counter, revision, event."""
    values = {row["key"]: row["value"] for row in await connection.fetch(_TEMPLATE)}
    kinds = {row["name"]: row["kind"] for row in await connection.fetch(_TYPES)}
    written = [
        _FRESH.get(name) or f"{_literal(values[name])}::{kind}" for name, kind in kinds.items()
    ]
    columns = ", ".join(f'"{name}"' for name in kinds)
    await connection.execute(
        _FUNCTION.format(columns=columns, values=", ".join(written), feature=METERED)
    )


async def record(connection: Connection, account_id: UUID, reference: str) -> UUID:
    """Record an event as pgbench does, and return its id."""
    made = await connection.fetchval("SELECT bench_record($1, $2)", account_id, reference)
    assert isinstance(made, UUID), "the function returns an id"
    return made


def _literal(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
