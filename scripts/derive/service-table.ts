import { type Stack, stacks, type Tool } from '#catalog'
import type { Services } from './compose.ts'

const BEGIN = '<!-- services:begin -->'
const END = '<!-- services:end -->'

const rank = (stack: Stack) => stacks.indexOf(stack)

const portCell = (hostPort: number, further: Readonly<Record<string, number>> = {}): string => {
  const named = Object.entries(further).map(([what, port]) => `${what} ${port}`)
  return named.length === 0 ? `${hostPort}` : `${hostPort} (${named.join(', ')})`
}

/** The catalogue as a Markdown table, in the order in which stacks are started, then by port; tools have none. */
export const renderServiceTable = (services: Services, tools: Readonly<Record<string, Tool>> = {}): string => {
  const toolRows = Object.entries(tools).map(([name, { stack, plane, summary }]) => [
    name,
    stack,
    '-',
    plane,
    '-',
    `${summary} (run by hand)`,
  ])
  const rows = Object.entries(services)
    .toSorted(([, a], [, b]) => rank(a.stack) - rank(b.stack) || a.hostPort - b.hostPort)
    .map(([name, { stack, hostPort, ports, plane, needs, summary }]) => [
      name,
      stack,
      portCell(hostPort, ports),
      plane,
      needs.length === 0 ? '-' : needs.join(', '),
      summary,
    ])
  return [['service', 'stack', 'port', 'plane', 'needs', 'what it does'], Array(6).fill('---'), ...rows, ...toolRows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

/** A text with the table between its markers replaced. Undefined when the markers are not there once each, in order. */
export const withServiceTable = (text: string, table: string): string | undefined => {
  const [before, rest, ...more] = text.split(BEGIN)
  const [, after, ...tooMany] = rest?.split(END) ?? []
  if (before === undefined || after === undefined || more.length > 0 || tooMany.length > 0) return undefined
  return `${before}${BEGIN}\n${table}\n${END}${after}`
}
