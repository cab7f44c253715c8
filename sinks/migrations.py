"""
The tables and views of a publication, as numbered steps that are never changed afterwards.

Steps 1 and 2 made the tables of suppressed figures. No figure of theirs is read on (`schema.py`
refuses such a database), so step 3 stands for the first that this version needs.

Analysts read the views (`cijfers`, `cijfers_historie`, `emissies`); the tables ``*_rijen`` below
them may hold a row twice for a while, and the views are what hides that (`docs/decisions/0004`).
Every statement can be run again: a step that was cut off is run again from its start.
"""

# ruff: noqa: S608 - the SQL is made of the constants below

from dataclasses import dataclass

KEY = "gebied_soort, gebied, wet, product_niveau, product, maat, periode_soort, periode"
"""The key of a cell, in the order in which figures are stored and shown."""

CELL_COLUMNS = (
    ("gebied_soort", "LowCardinality(String)", "regio of gemeente"),
    ("gebied", "LowCardinality(String)", "naam van de regio, of CBS-code van de gemeente (0153)"),
    ("wet", "LowCardinality(String)", "Wmo of Jw"),
    ("product_niveau", "LowCardinality(String)", "totaal, hoofdgroep of categorie"),
    (
        "product",
        "LowCardinality(String)",
        "leeg bij totaal, anders naam van de hoofdgroep of tweecijferige categorie",
    ),
    ("periode_soort", "LowCardinality(String)", "dag, maand, kwartaal, halfjaar of jaar"),
    (
        "periode",
        "Date32",
        "eerste dag van de periode; actief telt op de laatste dag, of vandaag als zij nog loopt",
    ),
    ("maat", "LowCardinality(String)", "actief, instroom of uitstroom"),
    (
        "waarde",
        "Nullable(UInt32)",
        "aantal indicaties, afgerond volgens het beleid; NULL is niet getoond (n.b.), geen nul",
    ),
    (
        "tot_en_met",
        "Nullable(Date32)",
        "laatste dag van de som bij een lopend kwartaal, halfjaar of jaar; anders NULL",
    ),
    ("status", "LowCardinality(String)", "voorlopig tot de periode is afgesloten, dan definitief"),
    ("versie", "UInt64", "stijgt per regio met elke publicatie"),
    ("bijgewerkt_op", "DateTime64(3, 'UTC')", "wanneer deze waarde is gepubliceerd (UTC)"),
)
EMISSION_COLUMNS = (
    ("regio", "LowCardinality(String)", "regio waarvan de cijfers zijn gepubliceerd"),
    ("versie", "UInt64", "nummer van de publicatie, zoals in cijfers_historie"),
    ("tijd", "DateTime64(3, 'UTC')", "wanneer is gepubliceerd (UTC)"),
    ("beleid", "LowCardinality(String)", "beleid waaronder is gepubliceerd, met zijn getallen"),
)
SAFEGUARD_COLUMNS = (
    ("beleid", "String", "afronden, kale_drempel of geen"),
    ("basis", "UInt32", "aantallen zijn afgerond op een veelvoud hiervan; 0 als dat niet zo is"),
    ("drempel", "UInt32", "zie docs/disclosure.md; 0 als er geen drempel is"),
    ("sleutel", "String", "vingerafdruk van de afrondsleutel; leeg als er geen is"),
    ("sinds", "DateTime64(3, 'UTC')", "wanneer dit is vastgelegd (UTC)"),
)
OWNER_COLUMNS = (
    ("gebied", "LowCardinality(String)", "regio of gemeente die door één proces wordt geschreven"),
    ("epoch", "UInt32", "rangnummer van het eigendom; het hoogste geldt"),
    ("eigenaar", "String", "het proces dat schrijft"),
    ("sinds", "DateTime64(3, 'UTC')", "wanneer het eigendom begon (UTC)"),
)
TIMELINESS_KEY = "regio, wet, soort, label_soort, label, maand"
TIMELINESS_COLUMNS = (
    ("regio", "LowCardinality(String)", "regio die de rij publiceert"),
    ("wet", "LowCardinality(String)", "Wmo of Jw"),
    ("soort", "LowCardinality(String)", "start of stop"),
    ("label_soort", "LowCardinality(String)", "regio, gemeente of aanbieder"),
    ("label", "LowCardinality(String)", "naam van de regio, CBS-code of AGB-code"),
    ("maand", "Date32", "eerste dag van de maand van de Dagtekening"),
    ("op_tijd", "Nullable(UInt32)", "gemeld binnen 5 werkdagen; NULL is niet getoond"),
    ("te_laat", "Nullable(UInt32)", "gemeld na meer dan 5 werkdagen: mogelijk te laat"),
    ("te_vroeg", "Nullable(UInt32)", "gemeld voor de dag zelf"),
    ("mediaan", "Nullable(UInt32)", "van de meldvertraging in werkdagen"),
    ("p90", "Nullable(UInt32)", "90e percentiel van de meldvertraging in werkdagen"),
    ("versie", "UInt64", "laatste publicatie van de regio toen deze rij werd gemaakt"),
    ("bijgewerkt_op", "DateTime64(3, 'UTC')", "wanneer deze rij is gepubliceerd (UTC)"),
)
Columns = tuple[tuple[str, str, str], ...]
WINDOW = "SETTINGS non_replicated_deduplication_window = 10000"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step; ``{db}`` in a statement stands for the quoted name of the database."""

    number: int
    name: str
    statements: tuple[str, ...]


def columns(described: Columns) -> str:
    """Return the column list of a CREATE statement, with the comments that analysts see."""
    return ", ".join(f"{name} {kind} COMMENT '{text}'" for name, kind, text in described)


def names(described: Columns) -> str:
    """Return the names of the columns, for a SELECT."""
    return ", ".join(name for name, _, _ in described)


FIRST_READABLE = 3
"""Figures that were stored before this step are not read on."""

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        FIRST_READABLE,
        "cijfers, emissies, bescherming, eigenaren en tijdigheid",
        (
            # What steps 1 and 2 made is empty, or the database was refused.
            *(
                f"DROP VIEW IF EXISTS {{db}}.{name}"
                for name in ("laatste_vuller", "cijfers", "cijfers_historie", "emissies")
            ),
            *(
                f"DROP TABLE IF EXISTS {{db}}.{name}"
                for name in ("historie_rijen", "laatste_rijen", "emissies_rijen")
            ),
            f"CREATE TABLE IF NOT EXISTS {{db}}.historie_rijen ({columns(CELL_COLUMNS)}) "
            f"ENGINE = ReplacingMergeTree ORDER BY ({KEY}, versie) {WINDOW}",
            f"CREATE TABLE IF NOT EXISTS {{db}}.laatste_rijen ({columns(CELL_COLUMNS)}) "
            f"ENGINE = ReplacingMergeTree(versie) ORDER BY ({KEY}) {WINDOW}",
            f"CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.laatste_vuller "
            f"TO {{db}}.laatste_rijen AS SELECT {names(CELL_COLUMNS)} FROM {{db}}.historie_rijen",
            f"CREATE OR REPLACE VIEW {{db}}.cijfers ({columns(CELL_COLUMNS)}) "
            f"AS SELECT {names(CELL_COLUMNS)} FROM {{db}}.laatste_rijen FINAL "
            "COMMENT 'De laatst gepubliceerde waarde van elke cel'",
            f"CREATE OR REPLACE VIEW {{db}}.cijfers_historie ({columns(CELL_COLUMNS)}) "
            f"AS SELECT {names(CELL_COLUMNS)} FROM {{db}}.historie_rijen FINAL "
            "COMMENT 'Elke waarde die ooit is gepubliceerd; een cel verschijnt als zij verandert'",
            f"CREATE TABLE IF NOT EXISTS {{db}}.emissies_rijen ({columns(EMISSION_COLUMNS)}) "
            f"ENGINE = ReplacingMergeTree ORDER BY (regio, versie) {WINDOW}",
            f"CREATE OR REPLACE VIEW {{db}}.emissies ({columns(EMISSION_COLUMNS)}) "
            f"AS SELECT {names(EMISSION_COLUMNS)} FROM {{db}}.emissies_rijen FINAL "
            "COMMENT 'De publicaties die in hun geheel zijn opgeslagen'",
            f"CREATE TABLE IF NOT EXISTS {{db}}.bescherming ({columns(SAFEGUARD_COLUMNS)}) "
            f"ENGINE = ReplacingMergeTree ORDER BY (beleid, basis, drempel, sleutel) {WINDOW} "
            "COMMENT 'Hoe de cijfers van deze database zijn beschermd; dat verandert nooit'",
            f"CREATE TABLE IF NOT EXISTS {{db}}.eigenaren ({columns(OWNER_COLUMNS)}) "
            f"ENGINE = ReplacingMergeTree ORDER BY (gebied, epoch, eigenaar) {WINDOW} "
            "COMMENT 'Welk proces een gebied mag schrijven'",
            f"CREATE TABLE IF NOT EXISTS {{db}}.tijdigheid_rijen ({columns(TIMELINESS_COLUMNS)}) "
            f"ENGINE = ReplacingMergeTree(versie) ORDER BY ({TIMELINESS_KEY}) {WINDOW}",
            f"CREATE OR REPLACE VIEW {{db}}.tijdigheid ({columns(TIMELINESS_COLUMNS)}) "
            f"AS SELECT {names(TIMELINESS_COLUMNS)} FROM {{db}}.tijdigheid_rijen FINAL "
            "COMMENT 'Hoe snel starts en stops zijn gemeld, per maand'",
        ),
    ),
)
