/**
 * What a terminal acts on (C0, DEL, C1, ESC among them), what ends a line, what reorders or hides what stands beside it
 * (bidirectional and zero-width characters, tags, fillers), and halves of a surrogate pair: the Unicode categories Cc,
 * Cf, Cs, Co, Zl, Zp and Default_Ignorable_Code_Point (UAX #44).
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu
const harmless = /^[\x20-\x7e]*$/

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const escapeUnits = (character: string): string =>
  short[character] ??
  Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')

/** Characters of foreign text that are shown of one thing: a name, a sentence, a line of a log. */
export const LONGEST = 4_000

/**
 * Text that is not ours as one line that can be shown, logged or sent: what is unsafe stands there as JSON writes it
 * (`\u001b`, `\n`), so that JSON stays the same JSON and what was escaped once stays as it is. Of what is longer than
 * `most` characters the beginning, and how much is left out.
 */
export const escapeText = (
  text: string,
  { most = Number.POSITIVE_INFINITY }: { readonly most?: number } = {},
): string => {
  if (text.length > most) return `${escapeText(text.slice(0, most))}… (${text.length - most} characters more)`
  return harmless.test(text) ? text : text.replaceAll(unsafe, escapeUnits)
}

/** The same of a text whose line ends mean nothing: each run of blanks is one; of what is shown the first `most` characters. */
export const escapeSentence = (text: string, most: number): string =>
  escapeText(text.trim().replaceAll(/\s+/g, ' ')).slice(0, most)
