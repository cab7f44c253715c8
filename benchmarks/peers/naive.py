"""
The script that one writes in an afternoon: lxml, look-ups, a Counter, and an insert into chDB.

It keeps no state, checks no rule, knows no corrections, removals or repeats, and so counts wrongly;
it shows what counting costs at the least.
"""

import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from lxml import etree


def contents(path: Path) -> Iterator[bytes]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield archive.read(name)
    else:
        for file in sorted(path.rglob("*.xml")):
            yield file.read_bytes()


def opened(data: Path) -> Client:
    import numpy  # noqa: F401 - what the driver's insert loads by itself
    import pandas  # noqa: F401

    return clickhouse_connect.get_client(interface="chdb", path=str(data))


def run(path: Path, client: Client) -> int:
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for content in contents(path):
        try:
            root = etree.parse(io.BytesIO(content)).getroot()
        except etree.XMLSyntaxError:
            continue
        name = etree.QName(root).namespace or ""
        if not name.endswith("/schema") or ("5/" not in name and "7/" not in name):
            continue
        standard = "/".join(name.split("/")[:5])
        ns = {"m": name, "b": f"{standard}/basisschema/schema"}
        gemeente = root.findtext("m:Header/m:Ontvanger", "", ns)
        for product in root.iterfind("m:Client/m:StartProducten/m:StartProduct", ns):
            categorie = product.findtext("m:Product/b:Categorie", "", ns)
            begin = product.findtext("m:Begindatum", "", ns)
            counts[gemeente, standard[-7:-4], categorie, begin[:7], "instroom"] += 1
        for product in root.iterfind("m:Client/m:StopProducten/m:StopProduct", ns):
            categorie = product.findtext("m:Product/b:Categorie", "", ns)
            einde = product.findtext("m:Einddatum", "", ns)
            counts[gemeente, standard[-7:-4], categorie, einde[:7], "uitstroom"] += 1
    client.command(
        "CREATE TABLE cijfers (gemeente String, wet String, categorie String, maand String, "
        "maat String, aantal UInt32) ENGINE = MergeTree ORDER BY (gemeente, wet, categorie)"
    )
    columns = list(zip(*((*key, count) for key, count in counts.items()), strict=True))
    client.insert("cijfers", columns, column_oriented=True)
    return sum(counts.values())
