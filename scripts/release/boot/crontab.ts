/** The lines of ours in a user's crontab, between two marks; everything else is left as it is. */

const marks = (dir: string) => ({ begin: `# lucid ${dir}: begin`, end: `# lucid ${dir}: end` })

/** Every five minutes, to the system's log: there is seldom a mail program on a host. */
export const watchLine = (dir: string): string =>
  `*/5 * * * * sh ${dir}/bin/cron-watch.sh ${dir} 2>&1 | logger -t lucid-watch`

/** Somebody edited our marks; whatever we did could take lines of his away. */
export class MarksBroken extends Error {
  constructor(dir: string) {
    super(`the marks '${marks(dir).begin}' and '${marks(dir).end}' do not stand once each, in this order`)
    this.name = 'MarksBroken'
  }
}

type Parts = {
  readonly before: readonly string[]
  readonly ours: readonly string[] | undefined
  readonly after: readonly string[]
}

const splitCrontab = (text: string, dir: string): Parts => {
  const { begin, end } = marks(dir)
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const at = lines.flatMap((line, index) => (line === begin || line === end ? [index] : []))
  const [from, to] = at
  if (from === undefined) return { before: lines, ours: undefined, after: [] }
  if (at.length !== 2 || to === undefined || lines[from] !== begin || lines[to] !== end) throw new MarksBroken(dir)
  return { before: lines.slice(0, from), ours: lines.slice(from + 1, to), after: lines.slice(to + 1) }
}

const joinLines = (lines: readonly string[]): string => (lines.length === 0 ? '' : `${lines.join('\n')}\n`)

/** Our lines; undefined when there are none. Throws MarksBroken. */
export const findOurLines = (text: string, dir: string): readonly string[] | undefined => splitCrontab(text, dir).ours

/** The crontab with these lines of ours in the place of those it had. Throws MarksBroken. */
export const withLines = (text: string, dir: string, lines: readonly string[]): string => {
  const { before, after } = splitCrontab(text, dir)
  const { begin, end } = marks(dir)
  return joinLines([...before, begin, ...lines, end, ...after])
}

/** The crontab without anything of ours. Throws MarksBroken. */
export const withoutLines = (text: string, dir: string): string => {
  const { before, after } = splitCrontab(text, dir)
  return joinLines([...before, ...after])
}
