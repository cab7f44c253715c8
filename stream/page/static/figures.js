// The public figures of an area: three large ones and two tables; their course is in course.js.

import { address, slug } from "/static/choice.js";
import { Course } from "/static/course.js";
import { make, put } from "/static/now.js";
import { identity, isSum, key } from "/static/rows.js";
import { aboutSums, count, MATEN, meaning, NB, NONE, NOT_YET, period, PERIODES, preliminary, protection, reach, signed, WETTEN, WHY_NO_SUM, whyHidden } from "/static/words.js";

const $ = (id) => document.getElementById(id);

/** Everything about figures on the page, for one area. */
export class Figures {
  constructor(area, about, choose) {
    Object.assign(this, { area, about, choose, body: null, first: new Map() });
    this.course = new Course(area, about, (text) => this.fail(text));
    this.#switches();
    put($("noot-bescherming").querySelector("span"), protection(about));
    $("alles-csv").setAttribute("href", `/api/cijfers.csv?${new URLSearchParams({ gebied: area.gebied })}`);
  }

  /** Draw again under a choice; `body` is the newest message of the stream, if there is one. */
  show(choice, body = this.body) {
    Object.assign(this, { choice, body });
    for (const [group, value] of [["wet", choice.wet], ["periode", choice.periode], ["maat", choice.maat]]) {
      for (const input of $(group).querySelectorAll("input")) input.checked = input.value === value;
    }
    // Another kind of period was chosen: its figures are on their way.
    if (body && body.periode_soort !== choice.periode) return;
    put($("cijfers-kop"), `${this.area.naam}, ${WETTEN[choice.wet]}`);
    if (!body) return;
    put($("cijferfout"), "");
    $("cijferfout").hidden = true;
    for (const row of body.rows.values()) {
      if (row.waarde != null && !this.first.has(identity(row))) this.first.set(identity(row), row.waarde);
    }
    this.marks = new Set();
    this.#large();
    this.#products();
    this.#gemeenten();
    this.#legend();
    this.course.show(choice, body);
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
      card.append(make("span", name, { class: "naam" }), make("span", NONE, { class: "groot", "data-maat": value }), make("span", "", { class: "bij", "data-bij": value }));
      radio("maat", value, card);
    }
    $("detail").addEventListener("click", () => this.choose({ detail: this.choice.detail ? "" : "1" }));
  }

  #large() {
    let why = "";
    for (const maat of Object.keys(MATEN)) {
      const row = this.#find(this.area.gebied, "totaal", "", maat);
      this.#number(document.querySelector(`[data-maat="${maat}"]`), row);
      const beside = row ? [meaning(maat, row.periode_soort, row.periode, row.tot_en_met), row.status] : ["nog niet gepubliceerd"];
      const place = document.querySelector(`[data-bij="${maat}"]`);
      if (place.dataset.staat !== beside.join()) {
        place.dataset.staat = beside.join();
        place.replaceChildren(...beside.map((text) => make("span", text)));
      }
      if (maat === this.choice.maat) why = !row ? NOT_YET : row.waarde != null ? "" : isSum(row) ? WHY_NO_SUM : whyHidden(this.about);
    }
    put($("uitleg"), why);
    $("uitleg").hidden = !why;
  }

  /** What a table is about, with the period that runs. */
  #heading(node, text) {
    const when = `${period(this.body.periode_soort, this.body.periode, true)}, voorlopig`;
    if (node.dataset.staat === text + when) return;
    node.dataset.staat = text + when;
    node.replaceChildren(text, make("span", when, { class: "wanneer" }));
  }

  /** Put a figure in `node`: a number, n.b. or a dash, and what changed since the page was opened. */
  #number(node, row) {
    const text = !row ? NONE : row.waarde == null ? NB : count(row.waarde);
    const name = row ? identity(row) : "";
    const moved = name !== "" && node.dataset.van === name && node.dataset.getal !== text;
    node.dataset.van = name;
    node.dataset.getal = text;
    const parts = [text];
    if (!row) {
      this.marks.add(NOT_YET);
      parts.push(make("span", " nog niet gepubliceerd", { class: "onzichtbaar" }));
    } else if (row.waarde == null) {
      this.marks.add(isSum(row) ? WHY_NO_SUM : NB);
      parts.push(make("span", isSum(row) ? " nog niet bekend" : " niet bekendgemaakt", { class: "onzichtbaar" }));
    } else {
      const change = row.waarde - this.first.get(name);
      if (change) {
        this.marks.add("delta");
        parts.push(make("span", signed(change), { class: "delta", title: "veranderd sinds u kijkt" }));
      }
    }
    node.replaceChildren(...parts);
    node.classList.toggle("leeg", !row || row.waarde == null);
    node.classList.remove("bewoog");
    if (moved) {
      void node.offsetWidth; // begins the animation anew
      node.classList.add("bewoog");
    }
  }

  #row(table, id, name, row, { indent = 0, link = null, current = false, most = 0 } = {}) {
    let line = table.querySelector(`tr[data-regel="${CSS.escape(id)}"]`);
    if (!line) {
      line = make("tr", "", { "data-regel": id });
      line.append(make("th", "", { scope: "row" }), make("td", "", { class: "getal" }), make("td", "", { class: "bereik" }));
    }
    line.className = `trap${indent}${current ? " gekozen" : ""}`;
    const [head, value, reached] = line.children;
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
    this.#number(value, row);
    value.style.setProperty("--deel", most && row?.waarde ? (row.waarde / most).toFixed(3) : "0");
    put(reached, reach(row?.tot_en_met));
    return line;
  }

  /** Fill a table; how far sums reach has a column where there are sums. */
  #fill(table, lines) {
    const { maat } = this.choice, { periode_soort } = this.body;
    table.parentElement.classList.toggle("zonder-bereik", !isSum({ maat, periode_soort }));
    // Lines that stand there already stay: moving them would take the focus from a link in them.
    if (lines.length !== table.children.length || lines.some((line, i) => line !== table.children[i])) table.replaceChildren(...lines);
  }

  #products() {
    const { wet, maat, product, detail } = this.choice, { gebied } = this.area;
    const table = $("producten").querySelector("tbody");
    this.#heading($("producten-kop"), `${MATEN[maat]} naar soort hulp`);
    const names = this.about.categorieen[wet];
    const wanted = [["totaal", "", "Totaal", 0]];
    const groups = wet === "Wmo" ? this.about.hoofdgroepen.map((name) => ["hoofdgroep", name, name, 1]) : [];
    const codes = Object.entries({ ...names, onbekend: "Zonder product" }).sort(([a], [b]) => (a < b ? -1 : 1));
    const parts = codes.map(([code, name]) => ["categorie", code, `${code === "onbekend" ? "" : `${code} `}${name}`, groups.length ? 2 : 1]);
    wanted.push(...groups);
    // Jeugdwet has no hoofdgroepen; its categorieën are always shown.
    const hideable = groups.length > 0;
    if (!hideable || detail) wanted.push(...parts);
    $("detail").hidden = !hideable;
    put($("detail"), detail ? "Verberg categorieën" : "Toon categorieën");
    this.#fill(table, wanted.map(([niveau, id, name, indent]) => {
      const mark = niveau === "totaal" ? "" : `${niveau}:${id}`;
      const choice = { product: mark };
      return this.#row(table, mark || "totaal", name, this.#find(gebied, niveau, id), {
        indent, current: product === mark, link: { href: address({ ...this.choice, ...choice }), choice },
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
    const most = Math.max(...rows.map(([, row]) => row?.waarde ?? 0));
    this.#fill(table, rows.map(([one, row]) => this.#row(table, one.gebied, one.naam, row, {
      most, link: { href: address({ ...this.choice, product: "" }, `/gebied/${slug(one.naam)}`) },
    })));
    const query = { gebied: parts.map((one) => one.gebied).join(","), wet, maat, product_niveau: "totaal", periode_soort: this.body.periode_soort, periode: this.body.periode };
    this.#csv($("gemeenten-csv"), query);
  }

  #csv(node, query) {
    node.setAttribute("href", `/api/cijfers.csv?${new URLSearchParams(query)}`);
  }

  /** What stands on the page and needs a word. */
  #legend() {
    const { about, body, marks } = this, step = about.beleid === "afronden" ? about.basis : 1;
    const shown = [];
    const explain = (sign, text) => shown.push(make("dt", sign), make("dd", text));
    const nb = [marks.has(NB) && whyHidden(about), marks.has(WHY_NO_SUM) && WHY_NO_SUM].filter((text) => text && text !== $("uitleg").textContent);
    if (nb.length) explain(NB, nb.join(" "));
    if (marks.has(NOT_YET)) explain(NONE, NOT_YET);
    if (isSum({ maat: this.choice.maat, periode_soort: body.periode_soort })) explain("t/m", aboutSums(this.#find(this.area.gebied, "totaal", "")?.tot_en_met));
    if (marks.has("delta")) explain(`${signed(step)}, ${signed(-step)}`, "Zoveel veranderde het cijfer sinds u deze pagina opende.");
    explain("voorlopig", preliminary(body.periode_soort, body.periode, about.naloop_dagen));
    const text = shown.map((node) => node.textContent).join("|");
    if ($("tekens").dataset.staat === text) return;
    $("tekens").dataset.staat = text;
    $("tekens").replaceChildren(...shown);
  }
}
