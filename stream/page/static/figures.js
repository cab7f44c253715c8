// The protected figures of an area: three large ones, their course, and two tables.

import { course } from "/static/chart.js";
import { address, slug } from "/static/choice.js";
import { make, put } from "/static/now.js";
import { atEnd, count, day, following, MATEN, meaning, moment, NB, NONE, period, PERIODES, runs, signed, WETTEN, whenMade, whyHidden, whyNone, whyNoTotal } from "/static/words.js";

const $ = (id) => document.getElementById(id);
const COURSE = { maand: 36, kwartaal: 12, halfjaar: 6, jaar: 3 };
const chart = course($("grafiek"), $("aflezing"));
const key = (gebied, wet, niveau, product, maat) => [gebied, wet, niveau, product, maat].join("|");

/** The figures of one message of the stream, for look-ups. */
export function indexed(body) {
  const rows = new Map();
  for (const row of body.rijen) {
    const one = Object.fromEntries(body.kolommen.map((name, i) => [name, row[i]]));
    rows.set(key(one.gebied, one.wet, one.product_niveau, one.product, one.maat), one);
  }
  return { ...body, rows };
}

/** Everything about figures on the page, for one area. */
export class Figures {
  constructor(area, about, choose) {
    Object.assign(this, { area, about, choose, body: null, now: null, first: new Map(), asked: "" });
    this.#switches();
  }

  /** Draw again under a choice; `body` is the newest message of the stream, if there is one. */
  show(choice, body = this.body, now = this.now) {
    Object.assign(this, { choice, body, now });
    const { area, about } = this;
    put($("cijfers-kop"), `${area.naam}, ${WETTEN[choice.wet]}`);
    for (const [group, value] of [["wet", choice.wet], ["periode", choice.periode], ["maat", choice.maat]]) {
      for (const input of $(group).querySelectorAll("input")) input.checked = input.value === value;
    }
    if (!body) return;
    put($("cijferfout"), "");
    $("cijferfout").hidden = true;
    this.marks = new Set();
    this.#large();
    this.#products();
    this.#gemeenten();
    this.#legend();
    $("noot-bescherming").querySelector("span").textContent = about.waarschuwing;
    this.#course();
  }

  /** Say that the figures cannot be read now; what stood there stays. */
  fail(text) {
    put($("cijferfout"), `De cijfers zijn nu niet op te vragen: ${text}`);
    $("cijferfout").hidden = false;
  }

  #find(gebied, niveau, product, maat = this.choice.maat) {
    return this.body.rows.get(key(gebied, this.choice.wet, niveau, product, maat));
  }

  #switches() {
    const radio = (group, value, label) => {
      const node = make("label");
      node.append(make("input", "", { type: "radio", name: group, value }), label);
      $(group).append(node);
      node.firstChild.addEventListener("change", () => this.choose({ [group]: value }));
    };
    for (const [value, name] of Object.entries(WETTEN)) radio("wet", value, make("span", name));
    for (const [value, name] of Object.entries(PERIODES)) radio("periode", value, make("span", name));
    for (const [value, name] of Object.entries(MATEN)) {
      const card = make("span", "", { class: "kaart" });
      card.append(make("span", name, { class: "naam" }), make("span", "–", { class: "groot", "data-maat": value }), make("span", "", { class: "bij", "data-bij": value }));
      radio("maat", value, card);
    }
    $("detail").addEventListener("click", () => this.choose({ detail: this.choice.detail ? "" : "1" }));
  }

  #large() {
    let why = "";
    for (const maat of Object.keys(MATEN)) {
      const row = this.#find(this.area.gebied, "totaal", "", maat);
      const big = document.querySelector(`[data-maat="${maat}"]`);
      this.#number(big, row, `groot ${maat}`);
      const beside = row
        ? [`${meaning(maat, row.periode_soort, row.periode)}${this.#elsewhere(row)}`, `${row.status}, gemaakt ${moment(row.bijgewerkt_op, this.now)}`]
        : ["nog niet gepubliceerd"];
      const place = document.querySelector(`[data-bij="${maat}"]`);
      if (place.dataset.staat !== beside.join()) {
        place.dataset.staat = beside.join();
        place.replaceChildren(...beside.map((text) => make("span", text)));
      }
      if (maat === this.choice.maat) why = !row ? whyNoTotal(this.about) : row.waarde == null ? whyHidden(this.about.drempel) : "";
    }
    put($("uitleg"), why);
    $("uitleg").hidden = !why;
  }

  #isRunning(row) {
    return row.periode_soort === this.body.periode_soort && row.periode === this.body.periode;
  }

  /** What a table is about, with the running period. */
  #heading(node, text) {
    if (node.dataset.staat === text + this.body.periode) return;
    node.dataset.staat = text + this.body.periode;
    node.replaceChildren(text, make("span", `${period(this.body.periode_soort, this.body.periode, true)}, voorlopig`, { class: "wanneer" }));
  }

  /** For a stock of a period that is over: of which day it is. One that runs on has its own time. */
  #elsewhere(row) {
    return row.maat === "actief" && !this.#isNow(row) ? ` ${atEnd(row.periode_soort, row.periode)}` : "";
  }

  /** Whether a figure is what its table is about: of the running period, or a stock that runs on. */
  #isNow(row) {
    return this.#isRunning(row) || (row.maat === "actief" && runs(row.periode_soort, row.periode, this.now));
  }

  /** Put a figure in `node`: a number, n.b. or a dash, and what changed since the page was opened. */
  #number(node, row, place) {
    const text = !row ? NONE : row.waarde == null ? NB : count(row.waarde);
    const name = row ? `${place}|${this.choice.wet}|${row.periode_soort}|${row.periode}` : place;
    const moved = node.dataset.van === name && node.dataset.getal !== text;
    node.dataset.van = name;
    node.dataset.getal = text;
    node.dataset.tijd = row?.bijgewerkt_op ?? "";
    // Divisions wait for a close; a total for its next moment.
    this.marks.add(!row ? (place.includes(":") ? "geen" : "geen-totaal") : row.waarde == null ? "nb" : "");
    const parts = [text];
    if (!row) parts.push(make("span", " nog niet gepubliceerd", { class: "onzichtbaar" }));
    else if (row.waarde == null) parts.push(make("span", " niet bekendgemaakt", { class: "onzichtbaar" }));
    else {
      if (!this.first.has(name)) this.first.set(name, row.waarde);
      const change = row.waarde - this.first.get(name);
      if (change) {
        this.marks.add("delta");
        parts.push(make("span", signed(change), { class: "delta", title: "veranderd sinds u kijkt" }));
      }
    }
    node.replaceChildren(...parts);
    node.classList.toggle("leeg", !row || row.waarde == null);
    if (moved) {
      node.classList.remove("bewoog");
      void node.offsetWidth;
      node.classList.add("bewoog");
    }
  }

  #row(table, id, name, row, { indent = 0, link = null, current = false, most = 0 } = {}) {
    let line = table.querySelector(`tr[data-regel="${CSS.escape(id)}"]`);
    if (!line) {
      line = make("tr", "", { "data-regel": id });
      line.append(make("th", "", { scope: "row" }), make("td", "", { class: "getal" }), make("td", "", { class: "stand" }));
    }
    line.className = `trap${indent}${current ? " gekozen" : ""}`;
    const [head, value, stand] = line.children;
    const target = link ? link.href : "";
    if (head.dataset.doel !== target || head.textContent !== name) {
      head.dataset.doel = target;
      if (link) {
        const anchor = make("a", name, { href: target });
        if (link.choice) anchor.addEventListener("click", (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          this.choose(link.choice);
        });
        head.replaceChildren(anchor);
      } else put(head, name);
    }
    if (link?.choice && current) head.firstChild.setAttribute("aria-current", "true");
    else if (link?.choice) head.firstChild.removeAttribute("aria-current");
    this.#number(value, row, id);
    value.style.setProperty("--deel", most && row?.waarde && this.#isNow(row) ? (row.waarde / most).toFixed(3) : "0");
    const own = row && this.#isNow(row) ? "" : row ? `${period(row.periode_soort, row.periode)}, ${row.status} · ` : "";
    put(stand, row ? `${own}${moment(row.bijgewerkt_op, this.now)}` : "");
    return line;
  }

  #products() {
    const { wet, maat, product, detail } = this.choice, { gebied } = this.area;
    const table = $("producten").querySelector("tbody");
    this.#heading($("producten-kop"), `${MATEN[maat]} naar soort hulp`);
    const names = this.about.categorieen[wet];
    const has = (niveau, id) => this.#find(gebied, niveau, id);
    const wanted = [["totaal", "", "Totaal", 0]];
    const groups = wet === "Wmo" ? this.about.hoofdgroepen.map((name) => ["hoofdgroep", name, name, 1]) : [];
    const parts = Object.entries({ ...names, onbekend: "Zonder product" }).map(([code, name]) => ["categorie", code, `${code === "onbekend" ? "" : `${code} `}${name}`, groups.length ? 2 : 1]);
    wanted.push(...groups);
    // Jeugdwet has no hoofdgroepen; its categorieën are always shown.
    const hideable = groups.length > 0;
    if (!hideable || detail) wanted.push(...parts);
    $("detail").hidden = !hideable;
    $("detail").setAttribute("aria-pressed", detail ? "true" : "false");
    const chosen = product;
    table.replaceChildren(...wanted.map(([niveau, id, name, indent]) => {
      const mark = niveau === "totaal" ? "" : `${niveau}:${id}`;
      const choice = { product: mark };
      return this.#row(table, mark || "totaal", name, has(niveau, id), {
        indent, current: chosen === mark, link: { href: address({ ...this.choice, ...choice }), choice },
      });
    }));
    this.#csv($("producten-csv"), { gebied, wet, maat, periode_soort: this.body.periode_soort, periode: this.body.periode });
  }

  #gemeenten() {
    const parts = this.area.gemeenten;
    $("gemeenten").hidden = !parts;
    if (!parts) return;
    const { wet, maat } = this.choice;
    const table = $("gemeenten").querySelector("tbody");
    this.#heading($("gemeenten-kop"), `${MATEN[maat]} per gemeente`);
    const rows = parts.map((one) => [one, this.#find(one.gebied, "totaal", "")]);
    // Bars compare: what is of another period has none.
    const most = Math.max(...rows.map(([, row]) => (row?.waarde && this.#isNow(row) ? row.waarde : 0)));
    table.replaceChildren(...rows.map(([one, row]) => this.#row(table, one.gebied, one.naam, row, {
      most, link: { href: address({ ...this.choice, product: "" }, `/gebied/${slug(one.naam)}`) },
    })));
    const query = { gebied: parts.map((one) => one.gebied).join(","), wet, maat, product_niveau: "totaal", periode_soort: this.body.periode_soort, periode: this.body.periode };
    this.#csv($("gemeenten-csv"), query);
  }

  #csv(node, query) {
    node.setAttribute("href", `/api/cijfers.csv?${new URLSearchParams(query)}`);
  }

  #legend() {
    const shown = [];
    const told = $("uitleg").textContent;
    if (this.marks.has("nb") && told !== whyHidden(this.about.drempel)) shown.push(make("dt", NB), make("dd", whyHidden(this.about.drempel)));
    if (this.marks.has("geen")) shown.push(make("dt", NONE), make("dd", whyNone(this.body.sluitingen)));
    if (this.marks.has("geen-totaal") && told !== whyNoTotal(this.about)) shown.push(make("dt", NONE), make("dd", whyNoTotal(this.about)));
    if (this.about.rooster) shown.push(make("dt", "gemaakt"), make("dd", `${whenMade(this.about)} Tot dan staat er het vorige getal, met de tijd waarop dat gemaakt is.`));
    if (this.marks.has("delta")) shown.push(make("dt", "+1, −1"), make("dd", "Zoveel veranderde het getal sinds u deze pagina opende."));
    const close = this.body.sluitingen.find((one) => one.periode_soort === this.choice.periode);
    if (close) shown.push(make("dt", "voorlopig"), make("dd", `Verandert nog door late meldingen, tot ${this.about.naloop_dagen} dagen na de periode; daarna definitief. ${cap(period(close.periode_soort, close.periode, true))} wordt definitief op ${day(close.sluit_op)}.`));
    const text = shown.map((node) => node.textContent).join("|");
    if ($("tekens").dataset.staat !== text) {
      $("tekens").dataset.staat = text;
      $("tekens").replaceChildren(...shown);
    }
    $("alles-csv").setAttribute("href", `/api/cijfers.csv?${new URLSearchParams({ gebied: this.area.gebied })}`);
  }

  /** Ask for the course once for each choice and period; its last point follows the stream. */
  async #course() {
    const { wet, maat, periode, product } = this.choice;
    const [niveau, id] = product ? [product.slice(0, product.indexOf(":")), product.slice(product.indexOf(":") + 1)] : ["totaal", ""];
    const question = [this.area.gebied, wet, maat, periode, product, this.body.periode].join("|");
    const live = this.#find(this.area.gebied, niveau, id);
    if (this.asked === question) {
      if (this.history && live) this.#draw(merged(this.history, live));
      return;
    }
    this.asked = question;
    this.history = null;
    this.drawn = "";
    const names = this.about.categorieen[wet];
    const what = niveau === "totaal" ? "" : `: ${niveau === "hoofdgroep" ? id : names[id] ?? "zonder product"}`;
    for (const soort of [periode, ...Object.keys(PERIODES).filter((one) => one !== periode)]) {
      const query = { gebied: this.area.gebied, wet, maat, product_niveau: niveau, periode_soort: soort };
      if (niveau !== "totaal") query.product = id;
      let rows;
      try {
        const answer = await fetch(`/api/cijfers?${new URLSearchParams(query)}`);
        if (!answer.ok) throw new Error((await answer.json()).fout);
        rows = (await answer.json()).cijfers.slice(-COURSE[soort]);
      } catch (error) {
        if (this.asked === question) this.asked = "";
        this.fail(error.message);
        return;
      }
      if (this.asked !== question) return;
      if (!rows.length) continue;
      put($("verloop-titel"), `${MATEN[maat]} per ${PERIODES[soort].toLowerCase()}${what}`);
      put($("verloop-melding"), soort === periode ? "" : `Per ${PERIODES[periode].toLowerCase()} wordt dit niet gepubliceerd; hieronder per ${PERIODES[soort].toLowerCase()}.`);
      $("verloop-melding").hidden = soort === periode;
      this.#csv($("verloop-csv"), query);
      this.history = rows;
      this.#draw(live ? merged(rows, live) : rows);
      return;
    }
    put($("verloop-titel"), `${MATEN[maat]}${what}`);
    put($("verloop-melding"), niveau === "totaal" ? whyNoTotal(this.about) : whyNone(this.body.sluitingen));
    $("verloop-melding").hidden = false;
    chart.clear();
    this.#frame(false);
    $("verlooptabel").querySelector("tbody").replaceChildren();
  }

  /** What belongs to a chart is there when the chart is. */
  #frame(shown) {
    for (const node of [$("legenda"), $("verlooptabel"), $("verloop-csv")]) node.hidden = !shown;
  }

  #draw(known) {
    this.#frame(true);
    const rows = filled(known);
    const text = JSON.stringify(rows.map((row) => [row.periode, row.waarde, row.status, row.bijgewerkt_op]));
    if (this.drawn === text) return;
    this.drawn = text;
    const flow = this.choice.maat !== "actief";
    chart.draw(rows, flow);
    const [final, open, none] = $("legenda").children;
    for (const one of [final, open]) one.firstChild.classList.toggle("vak", flow);
    none.hidden = known.every((row) => row.waarde != null);
    const last = known.filter((row) => row.waarde != null).at(-1);
    $("grafiek").setAttribute("aria-label", last
      ? `Grafiek: ${$("verloop-titel").textContent}, ${rows.length} perioden, laatste ${count(last.waarde)} in ${period(last.periode_soort, last.periode)}. De cijfers staan in de tabel hieronder.`
      : `Grafiek zonder bekendgemaakte cijfers: ${$("verloop-titel").textContent}.`);
    put($("verlooptabel-titel"), `${$("verloop-titel").textContent}, ${this.area.naam}, ${WETTEN[this.choice.wet]}`);
    $("verlooptabel").querySelector("tbody").replaceChildren(...rows.toReversed().map((row) => {
      const line = make("tr");
      line.append(make("th", period(row.periode_soort, row.periode), { scope: "row" }), make("td", sign(row), { class: "getal" }), make("td", row.status ? `${row.status} · ${moment(row.bijgewerkt_op, this.now)}` : "niet gepubliceerd", { class: "stand" }));
      return line;
    }));
  }
}

const cap = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** What stands for a figure: a number, n.b., or a dash for a period without one. */
const sign = (row) => (!row.status ? NONE : row.waarde == null ? NB : count(row.waarde));

/** A course with a place for each period, also for one of which nothing was published. */
function filled(rows) {
  const found = [];
  for (const row of rows) {
    let last = found.at(-1);
    while (last && row.periode_soort !== "dag" && following(last.periode_soort, last.periode) < row.periode) {
      last = { periode_soort: row.periode_soort, periode: following(last.periode_soort, last.periode), waarde: null, status: "", bijgewerkt_op: "" };
      found.push(last);
    }
    found.push(row);
  }
  return found;
}

function merged(rows, live) {
  const last = rows.at(-1);
  return last.periode === live.periode && last.periode_soort === live.periode_soort ? [...rows.slice(0, -1), { ...last, ...live }] : rows;
}
