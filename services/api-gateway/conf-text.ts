/** A line of nginx.conf, or a block: a list after a line. */
export type Line = string | readonly Line[]

/** Nested lists as indented text: a list after a line is its block. An empty line parts what stands around it. */
export const renderLines = (lines: readonly Line[], depth = 0): string =>
  lines
    .map((line, at) => {
      const indent = '  '.repeat(depth)
      if (line === '') return '\n'
      if (typeof line !== 'string') return `${renderLines(line, depth + 1)}${indent}}\n`
      return `${indent}${line}${Array.isArray(lines[at + 1]) ? ' {' : ';'}\n`
    })
    .join('')
