// The live page: it listens to the process, shows what it says, and tells loudly when it is silent.

import { address, area as areaOf, read, slug } from "/static/choice.js";
import { Figures } from "/static/figures.js";
import { make, put, showNow, showRefusals, withoutRefusals } from "/static/now.js";
import { indexed } from "/static/rows.js";
import { clock } from "/static/words.js";

const $ = (id) => document.getElementById(id);
const STALE_SECONDS = 6;
const RETRY_SECONDS = 3;

let area = null, figures = null, choice = read(), source = null, title = "Zorgstroom";
let heard = null, heardAt = "", opened = performance.now(), now = null;

async function start() {
  let about;
  try {
    const answer = await fetch("/api/gebieden");
    if (!answer.ok) throw new Error(String(answer.status));
    about = await answer.json();
  } catch {
    stale();
    setTimeout(start, RETRY_SECONDS * 1000);
    return;
  }
  area = areaOf(about.regios);
  menu(about.regios);
  if (!area) {
    put($("gebiednaam"), "onbekend gebied");
    put($("cijferfout"), "Dit gebied is hier niet bekend. Kies boven een ander.");
    $("cijferfout").hidden = false;
    $("cijfers").querySelectorAll(".knoppen, .vlak").forEach((node) => { node.hidden = true; });
    listen();
    return;
  }
  put($("gebiednaam"), area.naam);
  title = `${area.naam} · Zorgstroom`;
  document.title = title;
  $("beleid").hidden = about.beleid === "afronden";
  put($("beleid"), about.waarschuwing);
  figures = new Figures(area, about, choose);
  figures.show(choice);
  listen();
}

/** A list of areas, each with its own address. */
function menu(regios) {
  const link = (one, path) => {
    const node = make("a", one.naam, { href: address({ ...choice, product: "" }, path) });
    if (one.gebied === area?.gebied) node.setAttribute("aria-current", "page");
    return node;
  };
  $("gebieden").replaceChildren(...regios.flatMap((region, i) => {
    const list = make("ul");
    list.append(...region.gemeenten.map((one) => {
      const item = make("li");
      item.append(link(one, `/gebied/${slug(one.naam)}`));
      return item;
    }));
    const head = make("p", "", { class: "regio" });
    head.append(link(region, i ? `/gebied/${slug(region.gebied)}` : "/"));
    return [head, list];
  }));
}

function choose(change) {
  const before = choice.periode;
  choice = { ...choice, ...change };
  // A product of the one wet does not exist under the other.
  if (change.wet) choice.product = "";
  history.pushState(null, "", address(choice));
  follow(before);
}

addEventListener("popstate", () => {
  const before = choice.periode;
  choice = read();
  follow(before);
});

function follow(before) {
  figures?.show(choice);
  if (choice.periode !== before) listen();
}

function listen() {
  source?.close();
  const wanted = new URLSearchParams({ periode_soort: choice.periode });
  if (area) wanted.set("gebied", area.gebied);
  const made = new EventSource(`/api/stream?${wanted}`);
  source = made;
  const on = (event, act) => made.addEventListener(event, (message) => {
    heard = performance.now();
    act(JSON.parse(message.data));
  });
  on("stand", (body) => {
    now = body.status.nu;
    heardAt = clock(new Date().toISOString());
    showNow(body, area);
    withoutRefusals(body.status);
    fresh();
  });
  on("afgekeurd", (body) => showRefusals(body.afgekeurd, now ?? new Date().toISOString()));
  on("cijfers", (body) => figures?.show(choice, indexed(body)));
  on("fout", (body) => figures?.fail(body.fout));
  made.addEventListener("error", () => {
    // A browser tries again by itself, but not after an answer such as 401 or 503.
    if (made.readyState === EventSource.CLOSED) setTimeout(() => made === source && listen(), RETRY_SECONDS * 1000);
  });
}

function fresh() {
  document.body.classList.remove("verouderd");
  $("verouderd").hidden = true;
  $("verbinding").dataset.staat = "live";
  put($("verbindingtekst"), `Live · ${heardAt}`);
  if (document.title !== title) document.title = title;
}

function stale() {
  document.body.classList.add("verouderd");
  const text = heardAt
    ? `Verouderd: sinds ${heardAt} is er geen verbinding met Zorgstroom. Alles hieronder is van toen. De pagina probeert het opnieuw.`
    : "Er komt geen verbinding met Zorgstroom tot stand. De pagina probeert het opnieuw.";
  $("verouderd").hidden = false;
  put($("verouderd"), text);
  $("verbinding").dataset.staat = "verouderd";
  put($("verbindingtekst"), "Verouderd");
  document.title = `Verouderd · ${title}`;
}

setInterval(() => {
  if (performance.now() - (heard ?? opened) > STALE_SECONDS * 1000) stale();
}, 1000);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && $("gebiedkeuze").open) {
    $("gebiedkeuze").open = false;
    $("gebiedkeuze").querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  if (!$("gebiedkeuze").contains(event.target)) $("gebiedkeuze").open = false;
});

start();
