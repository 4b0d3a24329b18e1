import type { Entry, Public } from '#catalog'
import type { Access } from './service-routes.ts'

const covers = (patterns: readonly string[], route: string): boolean =>
  patterns.some((pattern) => pattern === route || (pattern.endsWith('/*') && route.startsWith(pattern.slice(0, -1))))

const gatewayCell = (face: Public | undefined, route: string): string => {
  if (face === undefined) return '-'
  const { open, guarded, streams, events = [] } = face
  const named = { open, guarded, stream: streams, events }
  return Object.entries(named).find(([, patterns]) => covers(patterns, route))?.[0] ?? '-'
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** Who may call which route of which service, as Markdown: what is widened shows in the review of this file. */
export const renderAccess = (
  services: Readonly<Record<string, Pick<Entry, 'public'>>>,
  access: Readonly<Record<string, readonly Access[]>>,
): string => {
  const sections = Object.entries(access)
    .filter(([, routes]) => routes.length > 0)
    .map(([name, routes]) => {
      const rows = routes.map(({ route, open, callers, people = '-' }) => [
        route,
        open ? 'anybody' : [...callers].sort().join(', ') || '-',
        open ? 'anybody' : people,
        gatewayCell(services[name]?.public, route),
      ])
      const head = [['route', 'services', 'people', 'through the gateway'], Array(4).fill('---')]
      return `## ${name}\n\n${[...head, ...rows].map(row).join('\n')}\n`
    })
  return [
    '# Who may call which route\n',
    'Written by `bun run derive` from the routes themselves; a row that changes in a commit is a right that changes.',
    '`people` is the permission that a person needs (`services/common/people/permissions.ts` says which role has it).\n',
    sections.join('\n'),
  ].join('\n')
}
