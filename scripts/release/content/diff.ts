import type { Member, Release, ReleaseStack } from './release.ts'

/** One thing that two releases do not have alike. */
export type Change = {
  readonly what: 'image' | 'service' | 'env' | 'port' | 'volume' | 'secret' | 'file' | 'migration' | 'settings'
  readonly subject: string
  readonly change: 'new' | 'gone' | 'changed'
  readonly detail: string
}

const keysOf = (...records: readonly Readonly<Record<string, unknown>>[]): readonly string[] =>
  [...new Set(records.flatMap(Object.keys))].sort()

const changeOf = (before: unknown, after: unknown): Change['change'] | undefined =>
  before === after ? undefined : before === undefined ? 'new' : after === undefined ? 'gone' : 'changed'

const compared = (
  what: Change['what'],
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  detail: (before: string | undefined, after: string | undefined) => string = () => '',
): readonly Change[] =>
  keysOf(before, after).flatMap((subject) => {
    const change = changeOf(before[subject], after[subject])
    return change === undefined ? [] : [{ what, subject, change, detail: detail(before[subject], after[subject]) }]
  })

const members = (release: Release | undefined): readonly Member[] =>
  release?.stacks.flatMap((stack) => stack.members) ?? []

const byService = (release: Release | undefined, of: (member: Member) => string): Readonly<Record<string, string>> =>
  Object.fromEntries(members(release).map((member) => [member.service, of(member)]))

const envOf = (stacks: readonly ReleaseStack[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    stacks.flatMap(({ env }) =>
      Object.entries(env).flatMap(([service, values]) =>
        Object.entries(values).map(([key, digest]) => [`${service} ${key}`, digest] as const),
      ),
    ),
  )

const listed = (words: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(words.map((word) => [word, word]))

const contentOf = (name: string | undefined): string => name?.slice(name.lastIndexOf(':') + 1) ?? 'none'

const portsOf = (release: Release | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(members(release).flatMap(({ service, ports }) => ports.map((port) => [String(port), service])))

/** Names of the Compose files whose text differs although nothing above tells why: limits, health checks, networks. */
const settings = (before: Release | undefined, after: Release): readonly Change[] =>
  compared('settings', before?.files ?? {}, after.files)

/** What `bun run plan` shows: values of the environment are never in it. Empty when both are the same. */
export const compareReleases = (before: Release | undefined, after: Release): readonly Change[] => {
  if (before?.id === after.id) return []
  const both = {
    before: members(before).map(({ service }) => service),
    after: members(after).map(({ service }) => service),
  }
  const stays = new Set(both.before.filter((service) => both.after.includes(service)))
  const isInBoth = ({ subject }: Change) => stays.has(subject.split(' ', 1)[0] ?? '')
  return [
    ...compared('service', listed(both.before), listed(both.after)),
    ...compared(
      'image',
      byService(before, ({ image }) => image),
      byService(after, ({ image }) => image),
      (old, fresh) => `${contentOf(old)} -> ${contentOf(fresh)}`,
    ).filter(isInBoth),
    ...compared('env', envOf(before?.stacks ?? []), envOf(after.stacks)).filter(isInBoth),
    ...compared('port', portsOf(before), portsOf(after), (old, fresh) => fresh ?? old ?? ''),
    ...compared('volume', listed(before?.volumes ?? []), listed(after.volumes)),
    ...compared('secret', listed(before?.secrets ?? []), listed(after.secrets)),
    ...compared('file', before?.support ?? {}, after.support),
    ...compared(
      'migration',
      Object.fromEntries(Object.entries(before?.migrations ?? {}).map(([name, { version }]) => [name, `${version}`])),
      Object.fromEntries(Object.entries(after.migrations).map(([name, { version }]) => [name, `${version}`])),
      (old, fresh) => `version ${old ?? 'none'} -> ${fresh ?? 'none'}`,
    ).filter(({ change }) => before === undefined || change === 'changed'),
    ...settings(before, after),
  ]
}

/** The changes in a few words: `2 images, 1 env`. */
export const summarizeChanges = (changes: readonly Change[]): string => {
  const counts = new Map<string, number>()
  for (const { what } of changes) if (what !== 'settings') counts.set(what, (counts.get(what) ?? 0) + 1)
  const words = [...counts].map(([what, count]) => `${count} ${what}${count === 1 ? '' : 's'}`)
  return words.length > 0 ? words.join(', ') : changes.length > 0 ? 'settings' : 'nothing'
}
