// The course of one figure over the periods of the chosen kind: a chart, and the same as a table.

import { chartOf } from "/static/chart.js";
import { make, put } from "/static/now.js";
import { key } from "/static/rows.js";
import { count, MATEN, NB, NOT_YET, period, PERIODES, reach, WETTEN } from "/static/words.js";

const $ = (id) => document.getElementById(id);
const LONGEST = { maand: 36, kwartaal: 12, halfjaar: 6, jaar: 3 };
const chart = chartOf($("grafiek"), $("aflezing"));

/** The course of what is chosen, for one area; `fail` is told what went wrong. */
export class Course {
  constructor(area, about, fail) {
    Object.assign(this, { area, about, fail, asked: "", history: null, drawn: "" });
  }

  /** Ask for the course once for each choice and period; its last point follows the stream. */
  async show(choice, body) {
    Object.assign(this, { choice, body });
    const { wet, maat, periode, product } = choice;
    const [niveau, id] = product ? [product.slice(0, product.indexOf(":")), product.slice(product.indexOf(":") + 1)] : ["totaal", ""];
    const question = [this.area.gebied, wet, maat, periode, product, body.periode].join("|");
    const draw = () => this.#draw(merged(this.history, this.body.rows.get(key(this.area.gebied, wet, niveau, id, maat))));
    if (this.asked === question) {
      if (this.history) draw();
      return;
    }
    this.asked = question;
    this.history = null;
    this.drawn = "";
    const query = { gebied: this.area.gebied, wet, maat, product_niveau: niveau, periode_soort: periode };
    if (niveau !== "totaal") query.product = id;
    let rows;
    try {
      const answer = await fetch(`/api/cijfers?${new URLSearchParams(query)}`);
      if (!answer.ok) throw new Error((await answer.json()).fout);
      rows = (await answer.json()).cijfers.slice(-LONGEST[periode]);
    } catch (error) {
      if (this.asked === question) this.asked = "";
      this.fail(error.message);
      return;
    }
    if (this.asked !== question) return;
    const name = niveau === "hoofdgroep" ? id : this.about.categorieen[wet][id] ?? "zonder product";
    put($("verloop-titel"), `${MATEN[maat]} per ${PERIODES[periode].toLowerCase()}${niveau === "totaal" ? "" : `: ${name}`}`);
    $("verloop-csv").setAttribute("href", `/api/cijfers.csv?${new URLSearchParams(query)}`);
    this.history = rows;
    draw();
  }

  #draw(rows) {
    $("verloop-melding").hidden = rows.length > 0;
    // What belongs to a chart is there when the chart is.
    for (const node of [$("legenda"), $("verlooptabel"), $("verloop-csv")]) node.hidden = !rows.length;
    const text = JSON.stringify(rows.map((row) => [row.periode, row.waarde, row.tot_en_met, row.status]));
    if (this.drawn === text) return;
    this.drawn = text;
    if (!rows.length) {
      put($("verloop-melding"), NOT_YET);
      chart.clear();
      return;
    }
    const flow = this.choice.maat !== "actief";
    chart.draw(rows, flow);
    const [final, open, none] = $("legenda").children;
    for (const one of [final, open]) one.firstChild.classList.toggle("vak", flow);
    none.hidden = rows.every((row) => row.waarde != null);
    const last = rows.filter((row) => row.waarde != null).at(-1);
    $("grafiek").setAttribute("aria-label", last
      ? `Grafiek: ${$("verloop-titel").textContent}, ${rows.length} perioden, laatste ${count(last.waarde)} in ${period(last.periode_soort, last.periode)}. De cijfers staan in de tabel hieronder.`
      : `Grafiek zonder bekendgemaakte cijfers: ${$("verloop-titel").textContent}.`);
    put($("verlooptabel-titel"), `${$("verloop-titel").textContent}, ${this.area.naam}, ${WETTEN[this.choice.wet]}`);
    $("verlooptabel").querySelector("tbody").replaceChildren(...rows.toReversed().map((row) => {
      const line = make("tr"), status = [row.status, reach(row.tot_en_met)].filter(Boolean).join(", ");
      line.append(make("th", period(row.periode_soort, row.periode), { scope: "row" }), make("td", row.waarde == null ? NB : count(row.waarde), { class: "getal" }), make("td", status, { class: "bereik" }));
      return line;
    }));
  }
}

/** The course with its newest figure; a period that has just begun comes behind the last one. */
function merged(rows, live) {
  if (!live || (rows.length && rows.at(-1).periode > live.periode)) return rows;
  return [...(rows.at(-1)?.periode === live.periode ? rows.slice(0, -1) : rows), live];
}
