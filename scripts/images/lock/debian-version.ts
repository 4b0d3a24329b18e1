/** The order of Debian's versions (deb-version(7)): epoch, upstream, revision. Pure. */

/** The place of a character: `~` before the end, the end before letters, letters before the rest. */
const order = (character: string | undefined): number => {
  if (character === undefined || /\d/.test(character)) return 0
  if (character === '~') return -1
  return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256
}

const compareText = (a: string, b: string): number => {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = order(a[at]) - order(b[at])
    if (difference !== 0) return difference
  }
  return 0
}

/** Text and number parts in turn: `1.2a` is `['', 1, '.', 2, 'a', 0]`. */
const compareParts = (a: string, b: string): number => {
  const parts = (text: string) =>
    [...text.matchAll(/(\D*)(\d*)/g)].map(([, word = '', digits = '']) => ({ word, digits }))
  const [left, right] = [parts(a), parts(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, other] = [left[at] ?? { word: '', digits: '' }, right[at] ?? { word: '', digits: '' }]
    const words = compareText(one.word, other.word)
    if (words !== 0) return words
    const numbers = BigInt(one.digits || '0') - BigInt(other.digits || '0')
    if (numbers !== 0n) return numbers < 0n ? -1 : 1
  }
  return 0
}

const split = (version: string) => {
  const colon = version.indexOf(':')
  const rest = version.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  }
}

/** Negative when `a` is older than `b`, 0 when they are the same version, positive when it is newer. */
export const compareVersions = (a: string, b: string): number => {
  const [left, right] = [split(a), split(b)]
  return (
    left.epoch - right.epoch ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  )
}

const HOLDS: Readonly<Record<string, (difference: number) => boolean>> = {
  '': () => true,
  '<<': (difference) => difference < 0,
  '<=': (difference) => difference <= 0,
  '=': (difference) => difference === 0,
  '>=': (difference) => difference >= 0,
  '>>': (difference) => difference > 0,
}

/** Whether a version keeps a bound such as `>= 1.2`; no operator is no bound. */
export const satisfies = (version: string, operator: string, bound: string): boolean =>
  HOLDS[operator]?.(compareVersions(version, bound)) ?? false
