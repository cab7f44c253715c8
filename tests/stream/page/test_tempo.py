from zorgstroom.stream.page.tempo import SECONDS, Tempo, counted


def status(**counts: int) -> dict[str, object]:
    named = {name.replace("afgekeurd_", "afgekeurd: "): n for name, n in counts.items()}
    return {"tellers": {"totaal": {"aanvaard": 10**6}, "sinds_start": named}}


def test_messages_are_counted_once() -> None:
    found = counted(status(aanvaard=5, herhaald=2, identiteit_dubbel=3, afgekeurd_xml=1))
    assert found == (8, 1)
    assert counted(status(gelezen=20, aanvaard=5, afgekeurd_xml=1)) == (20, 1)
    assert counted({}) == counted({"tellers": {}}) == (0, 0)


def test_the_speed_is_that_of_the_last_ten_seconds() -> None:
    tempo = Tempo()
    assert tempo.as_json() == {"per_seconde": 0.0, "afgekeurd_minuut": 0, "reeks": []}
    for second in range(31):
        tempo.look(second, status(aanvaard=max(0, second - 10) * 4))
    found = tempo.as_json()
    assert found["per_seconde"] == 4.0
    assert found["reeks"] == [0] * 10 + [4] * 20


def test_refusals_are_those_of_the_last_minute() -> None:
    tempo = Tempo()
    for second in range(200):
        tempo.look(second, status(aanvaard=second, afgekeurd_xml=second // 10))
    found = tempo.as_json()
    assert found["afgekeurd_minuut"] == 6
    assert isinstance(found["reeks"], list)
    assert len(found["reeks"]) == SECONDS


def test_a_process_that_began_again_counts_from_nothing() -> None:
    tempo = Tempo()
    tempo.look(0, status(aanvaard=1000))
    tempo.look(1, status(aanvaard=7))
    assert tempo.as_json()["reeks"] == [7]
