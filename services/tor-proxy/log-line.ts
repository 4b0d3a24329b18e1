/** A line of tor's log as fields. */
export type TorLine = { readonly level: 'info' | 'warn' | 'error'; readonly message: string }

const levels: Readonly<Record<string, TorLine['level']>> = { warn: 'warn', err: 'error' }

/** Reads a line as tor writes it, `Nov 25 18:29:06.000 [notice] text`; with SafeLogging it names no address. */
export const readLogLine = (line: string): TorLine => {
  const [, level = '', message = line] = /^\w{3} \d\d \d\d:\d\d:\d\d\.\d{3} \[(\w+)\] (.*)$/.exec(line) ?? []
  return { level: levels[level] ?? 'info', message }
}
