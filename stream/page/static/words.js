// Dutch words, numbers and moments. Texts only: nothing here touches the page.

const ZONE = "Europe/Amsterdam";
const number = new Intl.NumberFormat("nl-NL");
const tenths = new Intl.NumberFormat("nl-NL", { maximumFractionDigits: 1 });
const format = (options) => new Intl.DateTimeFormat("nl-NL", { timeZone: ZONE, ...options });
const time = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = format({ hour: "2-digit", minute: "2-digit" });
const dayTime = format({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const yearTime = format({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const dayOf = format({ year: "numeric", month: "2-digit", day: "2-digit" });
const isoDay = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE });
const longDay = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const plainDay = new Intl.DateTimeFormat("nl-NL", { timeZone: "UTC", day: "numeric", month: "long", year: "numeric" });
const shortDay = new Intl.DateTimeFormat("nl-NL", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
const month = new Intl.DateTimeFormat("nl-NL", { timeZone: "UTC", month: "short", year: "numeric" });
const longMonth = new Intl.DateTimeFormat("nl-NL", { timeZone: "UTC", month: "long", year: "numeric" });

export const WETTEN = { Wmo: "Wmo", Jw: "Jeugdwet" };
export const MATEN = { actief: "Actief", instroom: "Instroom", uitstroom: "Uitstroom" };
export const PERIODES = { maand: "Maand", kwartaal: "Kwartaal", halfjaar: "Halfjaar", jaar: "Jaar" };
export const NB = "n.b.";
export const NONE = "–";

export const count = (value) => number.format(value);
export const decimal = (value) => tenths.format(value);
export const share = (value) => `${tenths.format(value * 100)}%`;
export const signed = (value) => (value > 0 ? `+${number.format(value)}` : `−${number.format(-value)}`);
export const clock = (iso) => time.format(new Date(iso));
export const longMoment = (iso) => `${longDay.format(new Date(iso))}, ${minute.format(new Date(iso))} uur`;
export const day = (iso) => plainDay.format(new Date(`${iso}T00:00:00Z`));

/** A moment, as short as it can be beside the moment `now`. */
export function moment(iso, now) {
  const at = new Date(iso), beside = new Date(now);
  if (dayOf.format(at) === dayOf.format(beside)) return time.format(at);
  const text = Math.abs(beside - at) < 300 * 864e5 ? dayTime.format(at) : yearTime.format(at);
  return text.replaceAll(" ", "\u00a0");
}

/** How long ago, in the largest unit that says enough. */
export function ago(seconds) {
  const s = Math.max(0, seconds);
  if (s < 90) return [count(Math.round(s)), s < 1.5 && s >= 0.5 ? "seconde" : "seconden"];
  if (s < 90 * 60) return [count(Math.round(s / 60)), "minuten"];
  if (s < 36 * 3600) return [count(Math.round(s / 3600)), "uur"];
  return [count(Math.round(s / 86400)), "dagen"];
}

/** A period as people write it; `long` within a sentence. */
export function period(soort, start, long = false) {
  const first = new Date(`${start}T00:00:00Z`), year = first.getUTCFullYear(), m = first.getUTCMonth();
  switch (soort) {
    case "jaar": return `${year}`;
    case "halfjaar": return long ? `${m < 6 ? "eerste" : "tweede"} halfjaar van ${year}` : `${m < 6 ? 1 : 2}e halfjaar ${year}`;
    case "kwartaal": return long ? `${["eerste", "tweede", "derde", "vierde"][m / 3]} kwartaal van ${year}` : `${m / 3 + 1}e kwartaal ${year}`;
    case "maand": return (long ? longMonth : month).format(first);
    default: return (long ? plainDay : shortDay).format(first);
  }
}

const MONTHS = { maand: 1, kwartaal: 3, halfjaar: 6, jaar: 12 };

/** The first day of the next period of the same kind; not for days. */
export function following(soort, start) {
  const first = new Date(`${start}T00:00:00Z`);
  first.setUTCMonth(first.getUTCMonth() + MONTHS[soort]);
  return first.toISOString().slice(0, 10);
}

/** Whether a period still runs at the moment `now`. */
export const runs = (soort, start, now) => soort in MONTHS && isoDay.format(new Date(now)) < following(soort, start);

/** The end of a period, within a sentence. */
export const atEnd = (soort, start) => `aan het eind van ${["kwartaal", "halfjaar"].includes(soort) ? "het " : ""}${period(soort, start, true)}`;

/** What a measure counts in a period, for below the large number. */
export function meaning(maat, soort, start) {
  const inside = { maand: "in", kwartaal: "in het", halfjaar: "in het", jaar: "in", dag: "op" }[soort];
  const when = `${inside} ${period(soort, start, true)}`;
  return { actief: "indicaties lopen", instroom: `begonnen ${when}`, uitstroom: `geëindigd ${when}` }[maat];
}

/** Why a number is not shown. */
export const whyHidden = (drempel) =>
  `Niet bekendgemaakt: het aantal is lager dan ${drempel}, of het is weggelaten omdat een ander klein aantal anders uit te rekenen is, of dat niet op tijd was uit te sluiten; instroom en uitstroom worden samen getoond of samen weggelaten. Welke reden het is zeggen wij bewust niet; n.b. is dus geen nul.`;

/** Why a division by kind of care has nothing published, with the next close if it is known. */
export function whyNone(sluitingen, soorten = ["kwartaal", "halfjaar", "jaar"]) {
  const next = sluitingen.filter((one) => soorten.includes(one.periode_soort)).sort((a, b) => (a.sluit_op < b.sluit_op ? -1 : 1))[0];
  const when = next ? ` De eerstvolgende afsluiting is die van het ${period(next.periode_soort, next.periode, true)}, op ${day(next.sluit_op)}.` : "";
  return `Nog niet gepubliceerd: zo fijn ingedeeld verschijnen cijfers alleen bij de afsluiting van een kwartaal, halfjaar of jaar.${when}`;
}

/** When figures are made anew: of a region and of a gemeente. Under policy `geen` there is no grid. */
export function whenMade({ drempel, rooster }) {
  return `Een getal wordt pas vernieuwd als ten minste ${drempel} dossiers het veranderden, en dan na een vast moment op een werkdag: voor een regio na elk heel uur van ${rooster.eerste_uur} tot en met ${rooster.laatste_uur} uur, voor een gemeente na ${rooster.laatste_uur} uur.`;
}

/** Why the total of an area has nothing published. */
export function whyNoTotal(about) {
  const made = about.rooster ? ` Een nieuwe periode krijgt haar eerste getal als het aantal daarvoor groot genoeg is. ${whenMade(about)}` : "";
  return `Nog niet gepubliceerd.${made} Een lopend kwartaal, halfjaar of jaar is de som van zijn maanden, en verschijnt als die er alle zijn.`;
}
