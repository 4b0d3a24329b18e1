import { Fault } from '../../process/fault.ts'
import { type MigrateOptions, migrate } from './migrate.ts'
import type { Ask } from './plan.ts'

/** `migrate up N` or `migrate down N` of a service's arguments; undefined without any. Throws Fault `bad-words`. */
export const parseMigrateArguments = (words: readonly string[]): Ask | undefined => {
  if (words.length === 0) return undefined
  const [command, direction, to = '', ...more] = words
  const isWrong = command !== 'migrate' || more.length > 0 || !/^\d{1,9}$/.test(to)
  if (isWrong || (direction !== 'up' && direction !== 'down'))
    throw new Fault(
      'invalid',
      'bad-words',
      `this takes no ${JSON.stringify(words.join(' '))}: use migrate up N or migrate down N`,
    )
  return { direction, to: Number(to) }
}

/** Brings the store of a service to a version, with the service's own rights, and logs it. Throws Fault as `migrate`. */
export const runMigration = async ({
  info,
  ...options
}: Omit<MigrateOptions, 'now' | 'onEvent'> & {
  readonly info: (event: string, fields: Readonly<Record<string, unknown>>) => void
}): Promise<void> => {
  const { from, to, steps } = await migrate({
    ...options,
    now: Date.now,
    onEvent: ({ kind, step: { version, name, direction } }) => info(`migration-${kind}`, { version, name, direction }),
  })
  info('migrated', { from, to, steps: steps.length })
}
