/** A line of NGINX's error log as fields. */
export type NginxLine = { readonly level: 'info' | 'warn' | 'error'; readonly message: string }

const levels: Readonly<Record<string, NginxLine['level']>> = {
  emerg: 'error',
  alert: 'error',
  crit: 'error',
  error: 'error',
  warn: 'warn',
}

/**
 * Reads a line as NGINX writes it, `2026/01/02 03:04:05 [error] 12#12: *3 text, client: 1.2.3.4, ...`. What
 * follows the text names the client and its request, neither of which belongs in a log: only the upstream is
 * kept.
 */
export const readLogLine = (line: string): NginxLine => {
  const [, level = '', rest = line] =
    /^(?:\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d |nginx: )\[(\w+)\] (?:\d+#\d+: )?(?:\*\d+ )?(.*)$/.exec(line) ?? []
  const [words = ''] = rest.split(', client: ')
  const message = words.replace(/\bclient (?!\[)[0-9a-fA-F.:]+(?= )/, 'client [address]')
  const upstream = /, upstream: "(https?:\/\/[^/"]+)/.exec(rest)?.[1]
  return { level: levels[level] ?? 'info', message: upstream === undefined ? message : `${message} (${upstream})` }
}
