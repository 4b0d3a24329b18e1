import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../../cli/fail.ts'
import type { Lease } from '../../host/lease.ts'
import { commandLine, quote } from '../../host/quote.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import { repository } from '../../platform/home.ts'
import { type BootPlan, type Change, describeChange, planInstall, planRemoval } from './plan.ts'
import { type BootState, type BootTarget, readBootState, UNITS } from './state.ts'
import { UNIT } from './unit.ts'

/** Programs of a host, by their name in DIR/bin, and where this checkout has them. */
export const programs: Readonly<Record<string, string>> = {
  'lucid-boot.sh': 'scripts/release/boot/host/lucid-boot.sh',
  'cron-watch.sh': 'scripts/release/boot/host/cron-watch.sh',
  'watch.sh': 'health/watch.sh',
  'facts.sh': 'health/facts.sh',
}

export const readPrograms = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(programs).map(([name, path]) => [name, readFileSync(join(repository, path), 'utf8')]),
  )

const asRoot = (script: string, root: BootState['root']): string =>
  root === 'is' ? script : commandLine('sudo', '-n', 'sh', '-c', script)

/** Does one change; files and unit appear whole. */
const performChange = async (
  lease: Lease,
  change: Change,
  { root, units }: { readonly root: BootState['root']; readonly units: string },
): Promise<void> => {
  const what = describeChange(change, lease.dir)
  if (change.kind === 'crontab') {
    await requireSuccess(what, lease.run(change.text === '' ? 'crontab -r' : 'crontab -', { input: change.text }))
    return
  }
  if (change.kind === 'file') {
    const path = `${lease.dir}/bin/${change.name}`
    if (change.text === undefined) await requireSuccess(what, lease.run(commandLine('rm', '-f', path)))
    else
      await requireSuccess(
        what,
        lease.run(
          `mkdir -p ${quote(`${lease.dir}/bin`)} && cat > ${quote(`${path}.new`)} && chmod 755 ${quote(`${path}.new`)} && mv -f ${quote(`${path}.new`)} ${quote(path)}`,
          { input: change.text },
        ),
      )
    return
  }
  const path = quote(`${units}/${UNIT}`)
  const script =
    change.text === undefined
      ? `systemctl disable ${UNIT}; rm -f ${path} && systemctl daemon-reload`
      : `umask 022; cat > ${path}.new && mv -f ${path}.new ${path} && systemctl daemon-reload && systemctl enable ${UNIT}`
  await requireSuccess(what, lease.run(asRoot(script, root), { input: change.text ?? '' }))
}

/** The change that takes one back; undefined where that is not needed: a program that nothing calls does nothing. */
const invertChange = (change: Change, state: BootState): Change | undefined => {
  if (change.kind === 'crontab') return { ...change, text: change.before, before: change.text }
  return change.kind === 'unit' ? { kind: 'unit', text: state.unit } : undefined
}

const requireNoFaults = (name: string, { faults, lines }: BootPlan): void => {
  if (faults.length === 0) return
  throw new CliError(`${name}: nothing was changed: ${faults.join('; ')}`, { details: lines })
}

const performAll = async (lease: Lease, plan: BootPlan, state: BootState, units: string): Promise<void> => {
  const done: Change[] = []
  for (const change of plan.changes)
    try {
      done.push(change)
      await performChange(lease, change, { root: state.root, units })
    } catch (error) {
      for (const one of done.toReversed()) {
        const back = invertChange(one, state)
        if (back !== undefined) await performChange(lease, back, { root: state.root, units }).catch(() => undefined)
      }
      throw error
    }
}

export type BootOptions = Pick<BootTarget, 'units'> & { readonly files?: Readonly<Record<string, string>> }

/** What is to be done, in words, and how. Throws CliError with lines for a person to type, when it is not allowed. */
const prepareChange = async (
  shell: Shell,
  way: 'install' | 'remove',
  { dir, units = UNITS, files = readPrograms() }: BootTarget & BootOptions,
) => {
  const state = await readBootState(shell, { dir, units }, Object.keys(files))
  const plan = way === 'install' ? planInstall(state, { dir, units, files }) : planRemoval(state, { dir, units })
  requireNoFaults(shell.name, plan)
  return {
    planned: plan.changes.map((change) => describeChange(change, dir)),
    perform: (lease: Lease) => performAll(lease, plan, state, units),
  }
}

const changeBoot =
  (way: 'install' | 'remove') =>
  async (lease: Lease, options: BootOptions = {}): Promise<readonly string[]> => {
    const { planned, perform } = await prepareChange(lease.shell, way, { ...options, dir: lease.dir })
    await perform(lease)
    return planned
  }

const showChange =
  (way: 'install' | 'remove') =>
  async (shell: Shell, options: BootTarget & BootOptions): Promise<readonly string[]> =>
    (await prepareChange(shell, way, options)).planned

/** Has a host start at boot and be watched. Throws CliError with lines for a person to type, when it is not allowed. */
export const installBoot = changeBoot('install')
/** Takes away exactly what `installBoot` puts there. Answers and throws as that does. */
export const removeBoot = changeBoot('remove')
/** What `installBoot` would do, in words; throws as that does, and changes nothing. */
export const showInstall = showChange('install')
/** What `removeBoot` would do, in words; throws as that does, and changes nothing. */
export const showRemoval = showChange('remove')

/** What is missing or different on a host, in words; empty when all of it is as this checkout would install it. */
export const findBootGaps = (
  state: BootState,
  { dir, units = UNITS, files = readPrograms() }: BootTarget & BootOptions,
): readonly string[] => {
  const { changes, faults } = planInstall(state, { dir, units, files })
  return [...changes.map((change) => `not done: ${describeChange(change, dir)}`), ...faults]
}
