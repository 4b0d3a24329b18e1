import { stacks } from '#catalog'
import type { Command, Flags } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { text } from '#common/cli/text'
import { identityFile } from '../../backup/identity-file.ts'
import { restoreHost } from '../../backup/restore-host.ts'
import { toolsImage } from '../../backup/tools-image.ts'
import { CliError, errorDetails, errorLine } from '../../cli/fail.ts'
import { runCommand, type Terminal } from '../../cli/run-command.ts'
import { type HostSession, withHost, withLease } from '../../host/open.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import { targetFlags } from '../../host/target.ts'
import { homeFrom } from '../../platform/home.ts'
import { readSituation } from '../../platform/running.ts'
import { adoptVolumes, askMarks } from '../../release/host/volume-marks.ts'
import { inspectHost } from '../inspect/inspect-host.ts'
import { recoverAdmin, recoverHostAdmin } from './admin.ts'
import { hostLedger, localLedger, recoverChain } from './chain.ts'
import { readHolder, releaseScript } from './lock.ts'
import { formatPlan, perform } from './perform.ts'
import {
  planNetwork,
  planOwners,
  planSecrets,
  planService,
  planStack,
  planVolume,
  type Site,
  type Step,
} from './plan.ts'

const subjects = [
  'service',
  'stack',
  'network',
  'volume',
  'volume-owners',
  'secrets',
  'lock',
  'chain',
  'admin',
] as const

export const command = {
  name: 'recover',
  about: 'repairs one thing: of a host, as its release has it, until it is well; chain and admin of this machine, too',
  positionals: [
    { name: 'WHAT', about: 'what to repair', required: true, choices: subjects },
    { name: 'NAME', about: 'which one; secrets, lock, chain and admin have no name' },
  ],
  flags: {
    ...targetFlags,
    'from-backup': { type: 'string', value: 'ID', about: 'volume: this backup instead of the newest' },
    identity: {
      type: 'string',
      value: 'FILE',
      about: 'volume: the age identity that backups are for, on this machine (LUCID_BACKUP_IDENTITY)',
    },
    empty: { type: 'boolean', about: 'volume: start with an empty one, and give up what was in the one that is gone' },
    adopt: { type: 'boolean', about: 'volume: take what is in it now for this host’s, wherever it came from' },
    bundle: {
      type: 'string',
      value: 'FILE',
      about: 'chain: an exported bundle, whose block the ledger must have sealed',
      multiple: true,
    },
    'go-on': {
      type: 'boolean',
      about: 'chain: let the ledger go on from what it has, under a new key, without the blocks it misses',
    },
    force: { type: 'boolean', about: 'lock: free the host from whoever holds it' },
    'dry-run': { type: 'boolean', about: 'print what would be done, and change nothing' },
  },
  examples: [
    'bun run recover service session-recorder',
    'bun run recover network lucid_chain_net --dry-run',
    'bun run recover volume-owners lucid_sessions_data',
    'bun run recover lock --force',
    'bun run recover chain --bundle evidence.lucid.tar',
    'bun run recover admin',
  ],
  exits: { 1: 'it failed, or of chain: a decision is needed', 2: 'the host could not be inspected' },
} as const satisfies Command

type Given = Flags<typeof command>

const plans: Readonly<Record<string, (site: Site, name: string) => readonly Step[]>> = {
  service: planService,
  stack: planStack,
  network: planNetwork,
  'volume-owners': planOwners,
  secrets: (site) => planSecrets(site),
}

const readSite = async (shell: Shell, dir: string): Promise<Site> => {
  const { facts, probes } = await inspectHost(shell, dir, { now: Date.now, counters: 'never' })
  const { expected } = facts
  if (expected?.release === undefined)
    throw new CliError(`${shell.name} has no release in ${dir}: bun run deploy:pi brings one`)
  return { facts, expected, release: expected.release, probes, stacks }
}

const onWait =
  ({ err }: Terminal) =>
  (line: string): void =>
    err(`${line}\n`)

/** How a volume comes back. Throws CliError when more than one way was said. */
const chooseWay = ({ empty, adopt, 'from-backup': backup }: Given): Parameters<typeof planVolume>[2] => {
  if ([empty, adopt, backup !== undefined].filter(Boolean).length > 1)
    throw new CliError('--empty, --adopt and --from-backup are different ways: one of them', { exitCode: EXIT_USAGE })
  return empty ? 'empty' : adopt ? 'adopted' : 'restored'
}

/** Throws CliError when something is in a volume: nothing of ours empties one. */
const requireEmpty = async (shell: Shell, volume: string, image: string | undefined): Promise<void> => {
  const there = await shell.run(`docker volume inspect ${volume} >/dev/null 2>&1`)
  const [found] = there.code === 0 ? ((await askMarks(shell, [image], { volumes: [volume] })) ?? []) : []
  if (found !== undefined && found.entries > 0)
    throw new CliError(
      `${volume} is there, and ${found.entries} files and folders are in it: --empty empties none; --adopt takes it as it is`,
    )
}

/** A volume: stops its users, brings it back from a backup or makes it empty or takes it as it is, marks it, and starts them; nobody comes between. */
const recoverVolume = async (opened: HostSession, name: string, flags: Given, terminal: Terminal) => {
  const { shell, target } = opened
  const site = await readSite(shell, target.dir)
  const how = chooseWay(flags)
  const { before, after } = planVolume(site, name, how)
  const key = flags.identity ?? (process.env['LUCID_BACKUP_IDENTITY'] || undefined)
  if (how === 'restored' && key === undefined)
    throw new CliError('--identity FILE is the key that backups are for; LUCID_BACKUP_IDENTITY names it too', {
      exitCode: EXIT_USAGE,
    })
  const snapshot = flags['from-backup'] ?? 'newest'
  if (flags['dry-run']) {
    const restored = how === 'restored' ? [`restore ${name} from ${snapshot}`] : []
    terminal.out(text([...formatPlan(before), ...restored, ...formatPlan(after)]))
    return
  }
  // Without it nothing can be restored; on a host without marks nothing needs it otherwise.
  const image = await toolsImage(shell, target.dir, undefined).catch((error: unknown) => {
    if (how === 'restored' || !(error instanceof CliError)) throw error
    return undefined
  })
  const restore =
    how !== 'restored' || key === undefined || image === undefined ? undefined : { identity: identityFile(key), image }
  if (how === 'empty') await requireEmpty(shell, name, image)
  await withLease(opened, { what: `recover volume ${name}`, onWait: onWait(terminal) }, async (lease) => {
    await perform(lease, before, terminal.err)
    if (restore !== undefined) {
      const again = `bun run recover volume ${name}`
      const report = await restoreHost(lease, { ...restore, snapshot, volumes: [name], existing: 'replace' }).catch(
        (error: unknown) => {
          throw new CliError(
            `${errorLine(error)}: ${name} was not restored, and its services are stopped: ${again} tries again`,
            { details: errorDetails(error) },
          )
        },
      )
      if (!report.ok)
        throw new CliError(`${name} was restored in part, and its services are stopped`, {
          details: report.faults.map((fault) => JSON.stringify(fault)),
        })
      terminal.err(`restored ${name} from ${report.name}\n`)
    }
    if (restore === undefined) await adoptVolumes(lease, { images: [image], volumes: [name] })
    await perform(lease, after, terminal.err)
  })
}

const recoverLock = async (opened: HostSession, flags: Given, terminal: Terminal) => {
  const { shell, target } = opened
  const { dir } = target
  const holder = await readHolder(shell, dir)
  if (holder === undefined) {
    terminal.out(`${shell.name} is free: nobody holds its lease\n`)
    return
  }
  const heard = holder.silentIn > 0 ? `heard of ${60 - holder.silentIn} s ago` : 'silent for more than a minute'
  terminal.out(`${shell.name} is held by ${holder.by} (${holder.what}), ${heard}\n`)
  if (!flags.force) {
    terminal.out(
      holder.silentIn > 0
        ? 'bun run recover lock --force frees it; what is begun is then for the next command to finish\n'
        : 'the next command takes it over by itself\n',
    )
    return
  }
  if (flags['dry-run']) {
    terminal.out(text(releaseScript(dir).split('\n')))
    return
  }
  await requireSuccess(`${shell.name}: ${dir}/deploy`, shell.run(releaseScript(dir)))
  // Taken once and given back: from now on the old holder's number is too low.
  await withLease(opened, { what: 'recover lock', onWait: onWait(terminal) }, async () => {})
  terminal.out(`${shell.name} is free; ${holder.by} can do nothing more there\n`)
}

const isHere = (flags: Given): boolean => flags.host === undefined && readSituation(homeFrom(process.env)).kind === 'up'

const makeAdminCode = async (flags: Given, terminal: Terminal): Promise<0> => {
  if (flags['dry-run'])
    terminal.out('would make a one-time code for an admin; one that was made before and not used is void then\n')
  else if (isHere(flags)) await recoverAdmin(homeFrom(process.env), terminal)
  else await withHost(flags, process.env, (opened) => recoverHostAdmin(opened, terminal))
  return 0
}

const decideChain = async (flags: Given, terminal: Terminal): Promise<0 | 1> => {
  const decision = { bundles: flags.bundle, goOn: flags['go-on'], dryRun: flags['dry-run'] }
  const home = homeFrom(process.env)
  if (isHere(flags)) return recoverChain(localLedger(home), decision, terminal)
  return withHost(flags, process.env, async (opened) =>
    withLease(opened, { what: 'recover chain', onWait: onWait(terminal) }, ({ shell }) =>
      recoverChain(hostLedger(shell), decision, terminal),
    ),
  )
}

await runCommand(import.meta.main, command, async ({ flags, positionals, terminal }) => {
  const [what = '', name = ''] = positionals
  if (what === 'chain') return decideChain(flags, terminal)
  if (what === 'admin') return makeAdminCode(flags, terminal)
  if (name === '' && !['secrets', 'lock'].includes(what))
    throw new CliError(`which ${what}? bun run recover ${what} NAME`, { exitCode: EXIT_USAGE })
  await withHost(flags, process.env, async (opened) => {
    const { shell, target } = opened
    const plan = plans[what]
    if (what === 'lock') return recoverLock(opened, flags, terminal)
    if (plan === undefined) return recoverVolume(opened, name, flags, terminal)
    const steps = plan(await readSite(shell, target.dir), name)
    if (flags['dry-run']) terminal.out(text(formatPlan(steps)))
    else if (steps.length > 0)
      await withLease(opened, { what: ['recover', what, name].join(' ').trim(), onWait: onWait(terminal) }, (lease) =>
        perform(lease, steps, terminal.err),
      )
  })
  return 0
})
