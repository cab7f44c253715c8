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
const longDay = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const plainDay = new Intl.DateTimeFormat("nl-NL", { timeZone: "UTC", day: "numeric", month: "long", year: "numeric" });
const shortDay = new Intl.DateTimeFormat("nl-NL", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
const month = new Intl.DateTimeFormat("nl-NL", { timeZone: "UTC", month: "short", year: "numeric" });
const monthName = new Intl.DateTimeFormat("nl-NL", { timeZone: "UTC", month: "long" });
const longMonth = new Intl.DateTimeFormat("nl-NL", { timeZone: "UTC", month: "long", year: "numeric" });

export const WETTEN = { Wmo: "Wmo", Jw: "Jeugdwet" };
export const MATEN = { actief: "Actief", instroom: "Instroom", uitstroom: "Uitstroom" };
export const PERIODES = { maand: "Maand", kwartaal: "Kwartaal", halfjaar: "Halfjaar", jaar: "Jaar" };
export const NB = "n.b.";
export const NONE = "–";
export const NOT_YET = "Nog niet gepubliceerd.";

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

/** The first day on which a period is definitief, so many days after its end. */
export function finalFrom(soort, start, lateDays) {
  const first = new Date(`${following(soort, start)}T00:00:00Z`);
  first.setUTCDate(first.getUTCDate() + lateDays);
  return first.toISOString().slice(0, 10);
}

/** How far the sum of a running period reaches; empty for a figure that is no such sum. */
export const reach = (totEnMet) => (totEnMet ? `t/m ${monthName.format(new Date(`${totEnMet}T00:00:00Z`))}` : "");

/** What a measure counts in the period that runs, for below the large number. */
export function meaning(maat, soort, start, totEnMet) {
  const inside = { maand: "in", kwartaal: "in het", halfjaar: "in het", jaar: "in", dag: "op" }[soort];
  const when = [`${inside} ${period(soort, start, true)}`, reach(totEnMet)].filter(Boolean).join(", ");
  return { actief: "indicaties lopen vandaag", instroom: `begonnen ${when}`, uitstroom: `geëindigd ${when}` }[maat];
}

/** Until when a figure of the period can change. */
export function preliminary(soort, start, lateDays) {
  const name = `${soort in { kwartaal: 1, halfjaar: 1 } ? "het " : ""}${period(soort, start, true)}`;
  return `Kan tot ${lateDays} dagen na afloop van de periode nog veranderen door late meldingen. ${name.charAt(0).toUpperCase()}${name.slice(1)} is definitief vanaf ${day(finalFrom(soort, start, lateDays))}; een heel late melding kan ook een definitief cijfer nog wijzigen.`;
}

/** How figures are protected, from the settings of the process. */
export function protection({ beleid, basis, drempel }) {
  const off = basis - 1, always = drempel + basis;
  return {
    afronden: `Elk cijfer is een veelvoud van ${basis} en wijkt hoogstens ${off} af van het werkelijke aantal. Een lopend kwartaal, halfjaar of jaar is een som van gepubliceerde cijfers en wijkt per opgeteld cijfer hoogstens ${off} af. Daarom tellen cijfers niet altijd precies op. Aantallen tot en met ${drempel} tonen wij nooit (n.b.), aantallen van ${drempel + 1} tot en met ${always - 1} soms en aantallen vanaf ${always} altijd.`,
    kale_drempel: `Cijfers zijn exact; aantallen onder ${drempel} tonen wij niet (n.b.). Wie cijfers van elkaar aftrekt, kan zulke kleine aantallen soms toch uitrekenen.`,
    geen: "Alle cijfers zijn exact, ook kleine aantallen. Dat is alleen bedoeld voor verzonnen gegevens en tests.",
  }[beleid];
}

/** Why a count is not shown. */
export const whyHidden = ({ beleid, basis, drempel }) =>
  `Niet bekendgemaakt: het aantal is te klein om te tonen (hoogstens ${drempel - 1 + (beleid === "afronden" ? basis : 0)}, en misschien 0).`;

export const WHY_NO_SUM = "Nog niet bekend: er is nog geen afgesloten maand met een cijfer waarmee de telling kan beginnen.";

/** What a sum counts, which reaches so far (if it does already). */
export const aboutSums = (totEnMet) =>
  `Een lopend kwartaal, halfjaar of jaar telt de afgesloten maanden op${totEnMet ? ` (${reach(totEnMet)})` : ""}. Na afloop krijgt de periode een eigen cijfer.`;
