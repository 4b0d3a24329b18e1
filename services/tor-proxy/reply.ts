/** One reply of tor's control port (control-spec, section 2.3): its code and its lines, without the code. */
export type Reply = {
  readonly code: number
  readonly lines: readonly string[]
  /** True for what was not asked for (650). */
  readonly event: boolean
}

/** Longest line that is taken, characters: tor's own are far below. */
const LONGEST = 1_000_000

/** Reads replies: `250-x` goes on, `250+x` brings data up to a dot, `250 x` ends. Throws at anything else. */
export const replyReader = (): ((text: string) => readonly Reply[]) => {
  let rest = ''
  let lines: string[] = []
  let data: string[] | undefined

  const take = (line: string): Reply | undefined => {
    if (data !== undefined) {
      if (line !== '.') data.push(line.startsWith('.') ? line.slice(1) : line)
      else {
        lines.push(data.join('\n'))
        data = undefined
      }
      return undefined
    }
    const [, code, sign, said = ''] = /^(\d{3})([-+ ])(.*)$/s.exec(line) ?? []
    if (code === undefined) throw new Error('the control port speaks something else than tor does')
    if (sign === '+') {
      data = [said]
      return undefined
    }
    lines.push(said)
    if (sign === '-') return undefined
    const reply = { code: Number(code), lines, event: code === '650' }
    lines = []
    return reply
  }

  return (text) => {
    const all = (rest + text).split('\n')
    rest = all.pop() ?? ''
    if (rest.length > LONGEST) throw new Error('the control port sends a line without end')
    return all.flatMap((line) => take(line.replace(/\r$/, '')) ?? [])
  }
}

/** `key=value` pairs of a line; quoted values lose their quotes. */
export const parsePairs = (line: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...line.matchAll(/([A-Za-z_][\w-]*)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)].map(([, key, quoted, plain]) => [
      key ?? '',
      quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '',
    ]),
  )
