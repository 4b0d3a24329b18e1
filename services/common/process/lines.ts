/** Calls `onLine` for each line of a text that comes in pieces. Of a line that never ends only the last `longest` characters are remembered. */
export const splitLines = (
  onLine: (line: string) => void,
  { longest = Number.POSITIVE_INFINITY }: { readonly longest?: number } = {},
): ((text: string) => void) => {
  let rest = ''
  return (text) => {
    const lines = `${rest}${text}`.split('\n')
    rest = (lines.pop() ?? '').slice(-longest)
    for (const line of lines) onLine(line)
  }
}
