/** Least number of different digits: 64 random ones have fewer once in 10^20 draws. */
const LEAST_DIGITS = 8
/** Longest pattern whose repetition is taken for a placeholder, digits. */
const LONGEST_PATTERN = 32

const WORDS = /change[-_ ]?me|replace|placeholder|example|secret|password|todo|xxx|<.*>|\.\.\./i

const repeats = (text: string): boolean =>
  Array.from({ length: LONGEST_PATTERN }, (_, at) => at + 1).some(
    (length) => text.length % length === 0 && text === text.slice(0, length).repeat(text.length / length),
  )

/** Why the text of a secret file, without blanks at its ends, cannot be a secret; undefined when it can. Never quotes it. */
export const faultOfSecret = (value: string): string | undefined => {
  if (value === '') return 'is empty: restore it from a backup, or remove it to have it made'
  if (WORDS.test(value)) return 'holds a placeholder: restore it from a backup, or remove it to have it made'
  if (!/^[0-9a-f]{64}$/.test(value)) return 'does not hold 64 lower-case hex digits: restore it from a backup'
  if (new Set(value).size < LEAST_DIGITS || repeats(value))
    return 'holds a placeholder, no random digits: restore it from a backup, or remove it to have it made'
  return undefined
}
