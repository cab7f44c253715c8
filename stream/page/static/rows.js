// The figures of the period that runs, as one message of the stream brings them.

/** Where a figure is found among those of a message. */
export const key = (gebied, wet, niveau, product, maat) => [gebied, wet, niveau, product, maat].join("|");

/** What a figure is about, whole: only two numbers of one identity can be compared. */
export const identity = (row) => `${key(row.gebied, row.wet, row.product_niveau, row.product, row.maat)}|${row.periode_soort}|${row.periode}`;

/** Whether a figure of a period that runs is a sum over its months; a stock is of today. */
export const isSum = ({ maat, periode_soort }) => maat !== "actief" && ["kwartaal", "halfjaar", "jaar"].includes(periode_soort);

/** A message with its lines as objects, by `key`. */
export function indexed(body) {
  const rows = new Map();
  for (const values of body.rijen) {
    const row = Object.fromEntries(body.kolommen.map((name, i) => [name, values[i]]));
    rows.set(key(row.gebied, row.wet, row.product_niveau, row.product, row.maat), { ...row, periode_soort: body.periode_soort, periode: body.periode });
  }
  return { ...body, rows };
}
