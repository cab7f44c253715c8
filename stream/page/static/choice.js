// What the reader chose, which is in the address: a choice can be kept, sent and gone back to.

import { MATEN, PERIODES, WETTEN } from "/static/words.js";

const DEFAULTS = { wet: "Wmo", maat: "actief", periode: "maand", product: "", detail: "" };
const ALLOWED = { wet: Object.keys(WETTEN), maat: Object.keys(MATEN), periode: Object.keys(PERIODES) };

/** The choices in the address; what is not understood is the default. */
export function read() {
  const given = new URLSearchParams(location.search);
  const found = {};
  for (const [name, standard] of Object.entries(DEFAULTS)) {
    const value = given.get(name) ?? standard;
    found[name] = ALLOWED[name] && !ALLOWED[name].includes(value) ? standard : value;
  }
  return found;
}

/** The address of a choice, for the same area or another one. */
export function address(choice, path = location.pathname) {
  const kept = Object.entries(choice).filter(([name, value]) => value !== DEFAULTS[name]);
  const query = new URLSearchParams(kept).toString();
  return query ? `${path}?${query}` : path;
}

/** The last part of the address of an area: its name where that is one word to a reader. */
export const slug = (name) => encodeURIComponent(name.toLowerCase().replaceAll(" ", "-"));

/** The area in the address, from the list of the process; null when there is no such area. */
export function area(regios) {
  const all = regios.flatMap((r) => [{ ...r, regio: r }, ...r.gemeenten.map((g) => ({ ...g, regio: r }))]);
  const given = location.pathname.match(/^\/gebied\/([^/]+)$/);
  if (!given) return all[0] ?? null;
  const wanted = decodeURIComponent(given[1]).toLowerCase();
  const found = all.find((a) => a.gebied.toLowerCase() === wanted || slug(a.naam) === encodeURIComponent(wanted));
  if (found) return found;
  return /^\d{4}$/.test(wanted) ? { gebied: wanted, naam: `Gemeente ${wanted}`, regio: null } : null;
}
