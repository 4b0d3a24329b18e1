import { bytes, duration, plural } from '#common/cli/format'
import type { Colour, Style } from '#common/cli/style'
import { type Text, text } from '#common/cli/text'
import type { Check, Verdict } from '#common/evidence/check'
import type { Statement } from '#common/evidence/statement'
import { formatTime } from '#common/evidence/times'

/** What `verify` prints: lines for people, or one document. */

const MARKS: Readonly<Record<string, readonly [string, Colour]>> = {
  true: ['ok', 'green'],
  false: ['FAIL', 'red'],
  warn: ['warn', 'yellow'],
  incomplete: ['gap', 'yellow'],
  skipped: ['none', 'yellow'],
}

/** One check as a line: mark, check, detail. */
export const checkLine = ({ check, ok, detail }: Check, style: Style): Text => {
  const [mark, colour] = MARKS[String(ok)] ?? ['FAIL', 'red']
  return text([[{ text: mark.padEnd(4), colour }, ` ${check.padEnd(9)} ${detail}`]], style)
}

const CONCLUSIONS: Readonly<Record<Verdict, readonly [string, Colour]>> = {
  0: ['verified: all of it holds, and the recording is complete', 'green'],
  1: ['NOT verified: something is wrong, see above', 'red'],
  2: ['intact, but not proven to be on the chain, see above', 'yellow'],
  3: ['verified, but NOT complete: the recording is proven as it is, and a part is missing, see above', 'yellow'],
}

/** What the checks come to, in a sentence; what nobody proves may be incomplete too. */
const concludeWords = (verdict: Verdict, checks: readonly Check[]): string =>
  verdict === 2 && checks.some(({ ok }) => ok === 'incomplete')
    ? 'intact, but neither proven to be on the chain nor complete, see above'
    : CONCLUSIONS[verdict][0]

/** The last line of a verification. */
export const conclusionLine = (verdict: Verdict, checks: readonly Check[], style: Style): Text =>
  text([{ text: concludeWords(verdict, checks), colour: CONCLUSIONS[verdict][1] }], style)

const people = (addresses: readonly string[]): string => (addresses.length === 0 ? 'none' : addresses.join(', '))

const chainText = (chain: Statement['chain']): string =>
  chain === null
    ? 'no block proves it'
    : `${chain.chain_id}, block ${chain.block_number} of ${formatTime(chain.block_time)}`

const gapsText = ({ gaps, missing, has_end }: Statement): string =>
  gaps.length === 0
    ? 'none'
    : `${gaps.length}, ${duration(missing)} missing${has_end ? '' : '; the recording has no end'}; see above`

/** What the bundle says of its recording, a line each: who, when, what is missing, and what nobody has checked. */
export const statementText = (statement: Statement, verdict: Verdict): Text => {
  const { chain } = statement
  const rows: readonly (readonly [string, string])[] = [
    ['session', statement.session_id],
    ['owner', statement.owner],
    ['participants', people(statement.participants)],
    ['observers', people(statement.observers)],
    ['start', formatTime(statement.started_at)],
    ['end', formatTime(statement.ended_at)],
    ['duration', statement.duration < 0 ? 'none' : duration(statement.duration)],
    [
      'recorded',
      `${bytes(statement.bytes)} in ${plural(statement.chunks, 'chunk')}, ${statement.chunks_opened} opened`,
    ],
    ['gaps', gapsText(statement)],
    ['chain', chainText(chain)],
    ...(chain === null
      ? []
      : [['transaction', `${chain.tx_hash}${chain.tx_proven ? '' : ' (a label, not proven)'}`] as const]),
    ...statement.not_checked.map((what) => ['not checked', what] as const),
  ]
  const head = verdict === 1 ? 'what the bundle claims, of which something is wrong:' : 'what the bundle states:'
  return text(['', head, ...rows.map(([name, value]) => `  ${name.padEnd(13)} ${value}`), ''])
}

/** Why there is no verdict, or no plaintext beside it. */
export type Obstacle = { readonly code: string; readonly detail: string }

/** All that `--json` says of a verification that came to its end. */
export const verdictDocument = (
  bundle: string,
  {
    verdict,
    statement,
    checks,
  }: { readonly verdict: Verdict; readonly statement?: Statement; readonly checks: readonly Check[] },
  { exit, error }: { readonly exit: number; readonly error: Obstacle | null },
) => ({
  bundle,
  verdict,
  verified: verdict === 0,
  exit,
  conclusion: concludeWords(verdict, checks),
  error,
  recording: statement ?? null,
  checks,
})

/** The document of a bundle that could not be judged. */
export const obstacleDocument = (bundle: string | null, exit: number, error: Obstacle) => ({
  bundle,
  verdict: null,
  verified: false,
  exit,
  conclusion: 'could not be checked',
  error,
  recording: null,
  checks: [],
})
