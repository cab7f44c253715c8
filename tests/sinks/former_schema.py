"""The steps that made a database of suppressed figures (schema 1 and 2), copied as they were."""

# ruff: noqa: E501 - SQL as it was sent

from zorgstroom.sinks.connection import Connection

_SERIES = (
    "gebied_soort LowCardinality(String), gebied LowCardinality(String), "
    "wet LowCardinality(String), product_niveau LowCardinality(String), "
    "product LowCardinality(String), periode_soort LowCardinality(String), periode Date32, "
    "maat LowCardinality(String), waarde Nullable(UInt32), status LowCardinality(String), "
    "versie UInt64, bijgewerkt_op DateTime64(3, 'UTC')"
)
_NAMES = "gebied_soort, gebied, wet, product_niveau, product, periode_soort, periode, maat, waarde, status, versie, bijgewerkt_op"
_KEY = "gebied_soort, gebied, wet, product_niveau, product, maat, periode_soort, periode"
_EMISSIONS = (
    "regio LowCardinality(String), versie UInt64, tijd DateTime64(3, 'UTC'), certificaat String"
)
_OWNERS = "gebied LowCardinality(String), epoch UInt32, eigenaar String, sinds DateTime64(3, 'UTC')"
_TIMELINESS = (
    "regio LowCardinality(String), wet LowCardinality(String), soort LowCardinality(String), "
    "label_soort LowCardinality(String), label LowCardinality(String), maand Date32, "
    "op_tijd Nullable(UInt32), te_laat Nullable(UInt32), te_vroeg Nullable(UInt32), "
    "mediaan Nullable(UInt32), p90 Nullable(UInt32), versie UInt64, "
    "bijgewerkt_op DateTime64(3, 'UTC')"
)
_TIMELINESS_NAMES = "regio, wet, soort, label_soort, label, maand, op_tijd, te_laat, te_vroeg, mediaan, p90, versie, bijgewerkt_op"
_WINDOW = "SETTINGS non_replicated_deduplication_window = 10000"

STEPS = (
    (
        "cijfers, emissies en eigenaren",
        (
            f"CREATE TABLE IF NOT EXISTS {{db}}.historie_rijen ({_SERIES}) ENGINE = ReplacingMergeTree ORDER BY ({_KEY}, versie) {_WINDOW}",
            f"CREATE TABLE IF NOT EXISTS {{db}}.laatste_rijen ({_SERIES}) ENGINE = ReplacingMergeTree(versie) ORDER BY ({_KEY}) {_WINDOW}",
            f"CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.laatste_vuller TO {{db}}.laatste_rijen AS SELECT {_NAMES} FROM {{db}}.historie_rijen",
            f"CREATE OR REPLACE VIEW {{db}}.cijfers ({_SERIES}) AS SELECT {_NAMES} FROM {{db}}.laatste_rijen FINAL",
            f"CREATE OR REPLACE VIEW {{db}}.cijfers_historie ({_SERIES}) AS SELECT {_NAMES} FROM {{db}}.historie_rijen FINAL",
            f"CREATE TABLE IF NOT EXISTS {{db}}.emissies_rijen ({_EMISSIONS}) ENGINE = ReplacingMergeTree ORDER BY (regio, versie) {_WINDOW}",
            f"CREATE OR REPLACE VIEW {{db}}.emissies ({_EMISSIONS}) AS SELECT regio, versie, tijd, certificaat FROM {{db}}.emissies_rijen FINAL",
            f"CREATE TABLE IF NOT EXISTS {{db}}.eigenaren ({_OWNERS}) ENGINE = ReplacingMergeTree ORDER BY (gebied, epoch, eigenaar) {_WINDOW}",
        ),
    ),
    (
        "tijdigheid",
        (
            f"CREATE TABLE IF NOT EXISTS {{db}}.tijdigheid_rijen ({_TIMELINESS}) ENGINE = ReplacingMergeTree(versie) ORDER BY (regio, wet, soort, label_soort, label, maand) {_WINDOW}",
            f"CREATE OR REPLACE VIEW {{db}}.tijdigheid ({_TIMELINESS}) AS SELECT {_TIMELINESS_NAMES} FROM {{db}}.tijdigheid_rijen FINAL",
        ),
    ),
)
FIGURE = (
    "INSERT INTO {db}.historie_rijen VALUES ('gemeente', '0153', 'Wmo', 'totaal', '', 'maand', "
    "'2025-06-01', 'actief', 12, 'definitief', 4294967297, '2025-10-01 08:00:00')"
)
TIMELINESS = (
    "INSERT INTO {db}.tijdigheid_rijen VALUES ('twente', 'Wmo', 'start', 'regio', 'twente', "
    "'2025-06-01', 12, 14, NULL, 3, NULL, 4294967297, '2025-10-01 08:00:00')"
)


def make_former(connection: Connection, database: str, schema: int, *rows: str) -> None:
    """Make `database` as schema 1 or 2 left it, with `rows` (statements) in it."""
    connection.run(f"CREATE DATABASE IF NOT EXISTS {database}")
    connection.run(
        f"CREATE TABLE IF NOT EXISTS {database}.schema_versies (nummer UInt32, naam String) "
        "ENGINE = ReplacingMergeTree ORDER BY nummer"
    )
    for number, (name, statements) in enumerate(STEPS[:schema], start=1):
        for statement in statements:
            connection.run(statement.replace("{db}", database))
        connection.run(f"INSERT INTO {database}.schema_versies SELECT {number}, '{name}'")
    for row in rows:
        connection.run(row.replace("{db}", database))
