// What changes by the second: the judgement, the tiles, open alarms, refusals and timeliness.

import { spark } from "/static/chart.js";
import { ago, clock, count, decimal, longMoment, moment, share, WETTEN } from "/static/words.js";

const $ = (id) => document.getElementById(id);
const SILENT_SECONDS = 60;
const draw = spark($("vonk"));

export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function make(tag, text = "", attributes = {}) {
  const node = document.createElement(tag);
  if (text !== "") node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function tile(name, value, beside, grade = "") {
  const place = document.querySelector(`[data-tegel="${name}"]`);
  place.hidden = value == null;
  if (value == null) return;
  place.dataset.ernst = grade;
  const [shown, unit] = Array.isArray(value) ? value : [value, ""];
  const field = place.querySelector(".waarde");
  put(field, "");
  field.append(shown);
  if (unit) field.append(" ", make("small", unit));
  put(place.querySelector(".bij"), beside);
}

/** Show the state of this second. */
export function showNow(body, area) {
  const { status, tempo } = body;
  const now = status.nu;
  const since = status.tellers?.sinds_start ?? {};
  const refused = sum(since, (name) => name.startsWith("afgekeurd: "));
  const taken = since.gelezen ?? (since.aanvaard ?? 0) + (since.herhaald ?? 0) + refused;
  const silent = body.stil_seconden > SILENT_SECONDS;
  const starting = status.gereed === false && !status.probleem;
  const problem = status.probleem || (starting ? "" : reasonsOf(status.gezondheid).join(" "));

  const grade = problem || silent ? "fout" : starting ? "let-op" : "goed";
  const verdict = problem
    || (silent ? `Het proces antwoordt, maar komt al ${ago(body.stil_seconden).join(" ")} niet verder.` : "")
    || (starting ? "De worker start op en leest zijn stand terug." : "Alles loopt.");
  put($("oordeel"), verdict);
  $("oordeel").dataset.ernst = grade;
  const started = `sinds ${moment(status.gestart_op, now)}`;
  tile("toestand", { goed: "Draait", "let-op": "Start op", fout: silent && !problem ? "Staat stil" : "Probleem" }[grade], started, grade);

  const emission = lastEmission(status, area);
  if (emission) {
    const age = (new Date(now) - new Date(emission)) / 1000;
    tile("versheid", ago(age), `geleden, ${moment(emission, now)}`);
  } else {
    tile("versheid", "–", "nog niets gepubliceerd");
  }
  tile("berichten", decimal(tempo.per_seconde), `${count(taken)} sinds de start`);
  draw(tempo.reeks);
  tile("afgekeurd", count(refused), `laatste minuut: ${count(tempo.afgekeurd_minuut)}`);

  const waiting = status.achterstand?.berichten ?? status.inbox?.wachtend;
  const what = status.inbox ? (status.inbox.stroom ? "uit de stroom" : waiting === 1 ? "bestand in de inbox" : "bestanden in de inbox") : "in Kafka";
  const seconds = status.achterstand?.seconden;
  tile("achterstand", waiting == null ? null : count(waiting), seconds ? `oudste ${ago(seconds).join(" ")}` : waiting === 0 ? "niets blijft liggen" : what);

  showClock(status);
  showAlarms(body.alarmen, now);
  showTimeliness(status.tijdigheid, status.aanbieders, area);
  fill($("redenen"), Object.entries(since).filter(([name]) => name.startsWith("afgekeurd: ")).sort((a, b) => b[1] - a[1]), ([name, n]) => [name.slice(11), n]);
  fill($("signalen"), status.signalen ?? [], (one) => [one.code, one.omschrijving, one.aantal]);
}

function sum(counts, wanted) {
  return Object.entries(counts).reduce((total, [name, n]) => total + (wanted(name) ? n : 0), 0);
}

/** What is not well in a health body, as sentences. */
function reasonsOf(health) {
  return (health?.onderdelen ?? []).filter((one) => !one.goed).map((one) => `${one.reden.charAt(0).toUpperCase()}${one.reden.slice(1).replace(/[^.]$/, "$&.")}`);
}

function lastEmission(status, area) {
  const name = area?.regio?.gebied ?? area?.gebied;
  const own = (status.regios ?? []).find((one) => one.regio === name);
  if (own) return own.laatste_emissie;
  const all = (status.regios ?? []).map((one) => one.laatste_emissie).filter(Boolean).sort();
  return all.at(-1) ?? null;
}

function showClock(status) {
  const flow = status.inbox?.stroom;
  $("klok").hidden = !flow;
  if (!flow) return;
  const pace = flow.klaar ? "De verzonnen stroom is afgelopen." : `Demo met verzonnen gegevens; de klok loopt ${count(flow.snelheid)} keer zo snel.`;
  put($("klok"), `${longMoment(status.nu)}. ${pace}`);
}

function showAlarms(alarms, now) {
  const list = $("alarmlijst");
  if (!alarms) {
    tile("alarmen", null);
    list.hidden = true;
    return;
  }
  if (!alarms.bereikbaar) {
    tile("alarmen", "?", alarms.bereikbaar === false ? "Alertmanager antwoordt niet" : "wordt opgevraagd", "let-op");
    list.hidden = true;
    return;
  }
  const worst = alarms.open.some((one) => one.ernst === "critical") ? "fout" : alarms.aantal ? "let-op" : "goed";
  tile("alarmen", count(alarms.aantal), alarms.aantal ? alarms.open[0].naam : "geen", worst);
  list.hidden = !alarms.aantal;
  list.replaceChildren(...alarms.open.map((one) => {
    const item = make("li", "", { "data-ernst": one.ernst === "critical" ? "fout" : "let-op" });
    item.append(make("strong", one.naam), ` ${one.samenvatting} `, make("span", `sinds ${moment(one.sinds, now)}`, { class: "zacht" }));
    if (/^https?:\/\//.test(one.draaiboek)) item.append(" ", make("a", "draaiboek", { href: one.draaiboek, rel: "noreferrer" }));
    return item;
  }));
}

/** Timeliness, when the process tells it: rows per area, wet and kind of message. */
function showTimeliness(rows, senders, area) {
  const own = (rows ?? []).filter((row) => row.gebied === area?.gebied);
  const region = area?.regio?.gebied ?? area?.gebied;
  const silent = (senders ?? []).find((one) => one.regio === region)?.stil ?? [];
  $("tijdigheid").hidden = !rows;
  if (!rows) {
    tile("tijdigheid", null);
    return;
  }
  const worst = own.reduce((a, b) => (a && a.te_laat >= b.te_laat ? a : b), null);
  tile("tijdigheid", worst ? share(worst.te_laat) : "–", worst ? `${kind(worst)}, 28 dagen` : "te weinig meldingen");
  put($("tijdigheid-zin"), own.length
    ? "Van de meldingen van de laatste 28 dagen: welk deel kwam later dan 5 werkdagen na begin of einde van de zorg (OP271, OP272), hoeveel werkdagen het duurde, en hoeveel dagen cliënten wachtten van toewijzing tot start. Bij de helft duurde het niet langer dan de mediaan."
    : "In de laatste 28 dagen zijn hier te weinig meldingen om er iets over te zeggen.");
  const heads = ["Melding", "Te laat", "Werkdagen, mediaan", "90% binnen", "Wacht\u00addagen, mediaan", "90% binnen"];
  fillTable($("tijdigheid").querySelector("table"), own.length ? heads : [], own.map((row) => [
    kind(row), share(row.te_laat), days(row.vertraging_werkdagen?.mediaan), days(row.vertraging_werkdagen?.p90),
    days(row.wachttijd_dagen?.mediaan), days(row.wachttijd_dagen?.p90),
  ]));
  $("stil").hidden = !silent.length;
  put($("stil"), `Van ${silent.length === 1 ? "deze aanbieder (AGB-code) komt" : "deze aanbieders (AGB-code) komt"} niets meer, terwijl er eerder wel berichten kwamen: ${silent.join(", ")}.`);
}

const kind = (row) => `${WETTEN[row.wet] ?? row.wet}, ${row.soort}`;
const days = (value) => (value == null ? "–" : decimal(value));

function fillTable(table, heads, rows) {
  const key = JSON.stringify([heads, rows]);
  if (table.dataset.staat === key) return;
  table.dataset.staat = key;
  table.parentElement.hidden = !rows.length;
  table.querySelector("thead tr").replaceChildren(...heads.map((text, i) => make("th", text, { scope: "col", class: i ? "getal" : "" })));
  table.querySelector("tbody").replaceChildren(...rows.map(line));
}

function line(cells) {
  const row = make("tr");
  row.append(...cells.map((cell, i) => (i ? make("td", String(cell), { class: "getal" }) : make("th", String(cell), { scope: "row" }))));
  return row;
}

function fill(place, rows, cells) {
  place.hidden = !rows.length;
  const key = JSON.stringify(rows);
  if (place.dataset.staat === key) return;
  place.dataset.staat = key;
  place.querySelector("tbody").replaceChildren(...rows.map((one) => {
    const row = make("tr");
    row.append(...cells(one).map((cell, i, all) => {
      const text = typeof cell === "number" ? count(cell) : cell;
      return i === 0 ? make("th", text, { scope: "row" }) : make("td", text, i === all.length - 1 ? { class: "getal" } : {});
    }));
    return row;
  }));
}

const SHOWN = 6;
let refusals = null, moments = null, all = false;

/** Keep the last refusals; `now` is the clock of the process. */
export function showRefusals(list, now) {
  refusals = list;
  moments = now;
  renderRefusals();
}

/** Without a list (a worker keeps refusals in Kafka) the page says where they are. */
export function withoutRefusals(status) {
  if (refusals || !status.partities) return;
  put($("afgekeurd-zin"), "Afgekeurde berichten staan in het topic afgekeurd; bekijk ze met: zorgstroom rejected list.");
}

function renderRefusals() {
  if (!refusals) return;
  const wanted = $("zoek").value.trim().toLowerCase();
  const found = refusals.filter((one) => !wanted || [one.pad, one.lid, one.regel, one.hash, one.melding].some((text) => (text ?? "").toLowerCase().includes(wanted)));
  $("zoekveld").hidden = !refusals.length;
  put($("afgekeurd-zin"), !refusals.length
    ? "Nog geen afkeuringen."
    : `De laatste ${count(refusals.length)}, nieuwste boven. Een afgekeurd bericht telt nergens mee; lever het verbeterd opnieuw aan.`);
  const open = new Set([...document.querySelectorAll("#afkeuringen details[open]")].map((node) => node.dataset.sleutel));
  $("meer").hidden = all || found.length <= SHOWN;
  put($("meer"), `Toon alle ${count(found.length)}`);
  const shown = (all ? found : found.slice(0, SHOWN)).map((one) => {
    const key = `${one.hash} ${one.tijd}`;
    const item = make("details", "", { "data-sleutel": key });
    item.open = open.has(key);
    const head = make("summary");
    head.append(
      make("span", one.regel, { class: "regel" }),
      make("span", one.melding, { class: "melding-tekst" }),
      make("span", moment(one.tijd, moments), { class: "zacht" }),
    );
    const facts = make("dl");
    const fact = (name, text) => text && facts.append(make("dt", name), make("dd", text));
    fact("Wat te doen", one.oplossing);
    fact("Bestand", one.lid ? `${one.pad}, daarin ${one.lid}` : one.pad);
    fact("Waar", [one.element && `element ${one.element}`, one.lijn && `regel ${one.lijn} van het bericht`].filter(Boolean).join(", "));
    fact("SHA-256", one.hash);
    item.append(head, facts);
    return item;
  });
  if (!shown.length && wanted) shown.push(make("p", "Geen van de laatste afkeuringen past hierbij. Oudere staan in de map afgekeurd van de inbox, met de reden ernaast.", { class: "zacht" }));
  $("afkeuringen").replaceChildren(...shown);
}

$("zoek").addEventListener("input", renderRefusals);
$("meer").addEventListener("click", () => {
  all = true;
  renderRefusals();
  document.querySelectorAll("#afkeuringen summary")[SHOWN]?.focus();
});
export { clock };
