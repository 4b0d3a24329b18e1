import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { stacks } from '#catalog'
import type { Command, Flags } from './cli/args.ts'
import { CliError, EXIT_USAGE } from './cli/fail.ts'
import { runCommand, type Terminal } from './cli/run-command.ts'
import { glance } from './doctor/examine.ts'
import { freeScript, holderOf } from './doctor/recover/lock.ts'
import {
  networkPlan,
  ownersPlan,
  type Site,
  type Step,
  secretsPlan,
  servicePlan,
  stackPlan,
  volumePlan,
} from './doctor/recover/plan.ts'
import { leaseFor, perform, planText } from './doctor/recover/run.ts'
import { demand, openShell, type Shell } from './host/shell.ts'
import { type Target, targetFlags, targetOf } from './host/target.ts'
import { homeFrom, repository } from './platform/home.ts'

const subjects = ['service', 'stack', 'network', 'volume', 'volume-owners', 'secrets', 'lock'] as const

export const command = {
  name: 'recover',
  about: 'mends one thing on a host: makes it again as its release has it, and waits until it is well',
  positionals: [
    { name: 'WHAT', about: 'what to mend', required: true, choices: subjects },
    { name: 'NAME', about: 'which one; secrets and lock have no name' },
  ],
  flags: {
    ...targetFlags,
    'from-backup': { type: 'string', value: 'ID', about: 'volume: this backup instead of the newest' },
    identity: {
      type: 'string',
      value: 'FILE',
      about: 'volume: the age identity that backups are for, on this machine (LUCID_BACKUP_IDENTITY)',
    },
    empty: { type: 'boolean', about: 'volume: make one that is gone and has no backup, empty' },
    force: { type: 'boolean', about: 'lock: free the host from whoever holds it' },
    'dry-run': { type: 'boolean', about: 'print what would be done, and change nothing' },
  },
  examples: [
    'bun run recover service session-recorder',
    'bun run recover network lucid_chain_net --dry-run',
    'bun run recover volume-owners lucid_sessions_data',
    'bun run recover lock --force',
  ],
  exits: { 2: 'the host could not be looked at' },
} as const satisfies Command

type Given = Flags<typeof command>

/** Plans that are one list of steps. */
const plans: Readonly<Record<string, (site: Site, name: string) => readonly Step[]>> = {
  service: servicePlan,
  stack: stackPlan,
  network: networkPlan,
  'volume-owners': ownersPlan,
  secrets: (site) => secretsPlan(site),
}

const siteOf = async (shell: Shell, dir: string): Promise<Site> => {
  const { facts, probes } = await glance(shell, dir, { now: Date.now, counters: 'never' })
  const { wanted } = facts
  if (wanted?.release === undefined)
    throw new CliError(`${shell.name} has no release in ${dir}: bun run deploy:pi brings one`)
  return { facts, wanted, release: wanted.release, probes, stacks }
}

const underLease = async (
  shell: Shell,
  dir: string,
  what: string,
  steps: readonly Step[],
  terminal: Terminal,
) => {
  if (steps.length === 0) return
  const lease = await leaseFor(shell, dir, what, terminal.err)
  try {
    await perform(lease, steps, terminal.err)
  } finally {
    await lease.release()
  }
}

const RESTORE = join(repository, 'scripts', 'restore.ts')

/** The words after `bun run restore`. */
const restoreArgv = (volume: string, flags: Given, identity: string): readonly string[] => [
  ...['--volume', volume, '--replace', '--identity', identity],
  ...(['host', 'dir', 'ssh-config'] as const).flatMap((name) => {
    const value = flags[name]
    return value === undefined ? [] : [`--${name}`, value]
  }),
  ...(flags['from-backup'] === undefined ? [] : ['--snapshot', flags['from-backup']]),
]

/** A volume: stops its users, lets `restore` bring it back (which has a lease of its own), and starts them. */
const recoverVolume = async (
  shell: Shell,
  target: Target,
  name: string,
  flags: Given,
  terminal: Terminal,
) => {
  const site = await siteOf(shell, target.dir)
  const { before, after } = volumePlan(site, name, { empty: flags.empty ? 'empty' : 'restored' })
  const identity = flags.identity ?? (process.env['LUCID_BACKUP_IDENTITY'] || undefined)
  if (!flags.empty && identity === undefined)
    throw new CliError(
      '--identity FILE is the key that backups are for; LUCID_BACKUP_IDENTITY names it too',
      {
        exitCode: EXIT_USAGE,
      },
    )
  const restore = flags.empty || identity === undefined ? undefined : restoreArgv(name, flags, identity)
  const typed = restore === undefined ? '' : `bun run restore ${restore.join(' ')}`
  if (flags['dry-run']) {
    terminal.out(`${planText(before)}${typed === '' ? '' : `${typed}\n`}${planText(after)}`)
    return
  }
  if (restore !== undefined && !existsSync(RESTORE))
    throw new CliError(`this checkout has no restore command; where one is: ${typed}`)
  await underLease(shell, target.dir, `recover volume ${name}`, before, terminal)
  if (restore !== undefined) {
    terminal.err(`${typed}\n`)
    const child = Bun.spawn([process.execPath, RESTORE, ...restore], { stdio: ['inherit', 2, 2] })
    if ((await child.exited) !== 0)
      throw new CliError(
        `${name} was not restored, and its services are stopped: bun run recover volume ${name} tries again`,
      )
  }
  await underLease(shell, target.dir, `recover volume ${name}`, after, terminal)
}

const recoverLock = async (shell: Shell, dir: string, flags: Given, terminal: Terminal) => {
  const held = await holderOf(shell, dir)
  if (held === undefined) {
    terminal.out(`${shell.name} is free: nobody holds its lease\n`)
    return
  }
  const heard = held.silentIn > 0 ? `heard of ${60 - held.silentIn} s ago` : 'silent for more than a minute'
  terminal.out(`${shell.name} is held by ${held.by} (${held.what}), ${heard}\n`)
  if (!flags.force) {
    terminal.out(
      held.silentIn > 0
        ? 'bun run recover lock --force frees it; what is begun is then for the next command to finish\n'
        : 'the next command takes it over by itself\n',
    )
    return
  }
  if (flags['dry-run']) {
    terminal.out(`${freeScript(dir)}\n`)
    return
  }
  await demand(`${shell.name}: ${dir}/deploy`, shell.run(freeScript(dir)))
  // Taken once and given back: from now on the old holder's number is too low.
  await (await leaseFor(shell, dir, 'recover lock', terminal.err)).release()
  terminal.out(`${shell.name} is free; ${held.by} can do nothing more there\n`)
}

await runCommand(import.meta.main, command, async ({ flags, positionals, terminal }) => {
  const [what = '', name = ''] = positionals
  if (name === '' && !['secrets', 'lock'].includes(what))
    throw new CliError(`which ${what}? bun run recover ${what} NAME`, { exitCode: EXIT_USAGE })
  const target = targetOf(flags, process.env, homeFrom(process.env))
  const shell = openShell(target)
  try {
    const plan = plans[what]
    if (what === 'lock') await recoverLock(shell, target.dir, flags, terminal)
    else if (plan === undefined) await recoverVolume(shell, target, name, flags, terminal)
    else {
      const steps = plan(await siteOf(shell, target.dir), name)
      if (flags['dry-run']) terminal.out(planText(steps))
      else await underLease(shell, target.dir, ['recover', what, name].join(' ').trim(), steps, terminal)
    }
  } finally {
    await shell.close()
  }
  return 0
})
