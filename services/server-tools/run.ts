import { probe, type Result } from '#common/host/probe'
import { withAddress } from '#common/http/name-server'
import { readPublic } from '#common/http/read-public'
import { jsonOf, reportOf, tableOf } from '#common/process/health-report'
import type { BackupPlaces } from './backup-commands.ts'
import { type CommandLine, type CommandName, commandLine, HELP } from './command-line.ts'
import type { Lines } from './lines.ts'
import { find, netTable, reach, type Wires } from './net.ts'
import { onionsOf, onionTable } from './onions.ts'
import { type Known, places, type ServicePlace, stockPlaces } from './places.ts'

/** What the commands have that change a host. */
export type HostTools = {
  /** All of standard input. */
  readonly input: () => Promise<string>
  readonly random: (length: number) => Uint8Array
  /** Where the folder of Lucid is mounted, and where volumes are. */
  readonly folder: string
  readonly volumes: string
  /** Standard input as it comes. */
  readonly lines: Lines
  readonly backup: BackupPlaces
}

export type Tools = {
  readonly host: HostTools
  readonly known: Known
  readonly wires: Wires
  readonly versions: Readonly<Record<string, string>>
  /** Commands with words of their own; each answers the exit code. */
  readonly own: Readonly<
    Record<
      Extract<CommandLine, { readonly kind: 'own' }>['command'],
      (words: readonly string[]) => Promise<number>
    >
  >
  readonly now: () => number
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

const EX_USAGE = 64
const TOR = 'tor-proxy'
const STATUS = { timeoutMs: 3000, maxBytes: 256 * 1024 }

const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

type Run = (tools: Tools, json: boolean, mode: 'look' | 'change') => Promise<boolean>

const tellElsewhere = ({ err }: Tools, elsewhere: readonly string[]): void => {
  if (elsewhere.length > 0)
    err(`not asked, on networks that this container is not on: ${elsewhere.join(', ')}\n`)
}

/** Asks a service by its address: names are looked up before, so that one nobody knows holds up nobody else. */
const ask = async ({ name, stack, host, url }: ServicePlace, wires: Wires): Promise<Result> => {
  const found = await find(host, wires)
  if ('detail' in found) return { name, stack, state: 'unreachable', ms: 0, detail: found.detail }
  const [address = host] = found.addresses
  return probe({ name, stack, url: withAddress(url, address).replace(/\/$/, '') })
}

const health: Run = async (tools, json) => {
  const { near, elsewhere } = places(tools.known)
  const report = reportOf(await Promise.all(near.map((place) => ask(place, tools.wires))), tools.now())
  tools.out(json ? jsonOf(report) : tableOf(report, { colour: false }))
  tellElsewhere(tools, elsewhere)
  return report.ok
}

const net: Run = async (tools, json) => {
  const { near, elsewhere } = places(tools.known)
  const needed = [...stockPlaces(tools.known), ...near].filter(({ neededBy }) => neededBy.length > 0)
  const found = await reach(needed, tools.wires)
  const ok = found.length > 0 && found.every((one) => one.ok)
  tools.out(json ? asJson({ ok, reached: found }) : netTable(found))
  tellElsewhere(tools, elsewhere)
  return ok
}

const onions: Run = async (tools, json) => {
  const tor = places(tools.known).near.find(({ name }) => name === TOR)
  const absent = (why: string): boolean => {
    if (json) tools.out(asJson({ ok: false, failure: why }))
    tools.err(`server-tools: ${why}\n`)
    return false
  }
  if (tor === undefined) return absent(`${TOR} is not there: this release's catalogue does not list it`)
  const status = await readPublic(`${tor.url}/status`, STATUS)
  if ('failure' in status) return absent(`${TOR} is not there: ${status.failure} (${tor.url})`)
  const found = onionsOf(status.text)
  if ('failure' in found) return absent(`${TOR} cannot be read: ${found.failure}`)
  tools.out(json ? asJson({ ok: true, onions: found.onions }) : onionTable(found.onions))
  return true
}

const version: Run = async ({ versions, out }, json) => {
  const lines = Object.entries(versions).map(([what, value]) => `${what.padEnd(9)} ${value}\n`)
  out(json ? asJson(versions) : lines.join(''))
  return true
}

/** A command that reads a document and answers one; what is wrong with either is said in a line. */
const onHost =
  (work: (text: string, tools: Tools, mode: 'look' | 'change') => Promise<{ readonly ok: boolean }>): Run =>
  async (tools, _, mode) => {
    try {
      const report = await work(await tools.host.input(), tools, mode)
      tools.out(asJson(report))
      return report.ok
    } catch (error) {
      tools.err(`server-tools: ${error instanceof Error ? error.message : String(error)}\n`)
      return false
    }
  }

// Loaded when they are asked for: health, which runs often, needs none of it.
const prepare = onHost(async (text, { host: { folder, random } }, mode) => {
  const [{ hostSpec, prepare: prepareHost }, { diskAt }] = await Promise.all([
    import('./prepare/prepare.ts'),
    import('./prepare/disk.ts'),
  ])
  return prepareHost(hostSpec(text), { disk: diskAt(folder), random, mode })
})

const owners = onHost(async (text, { host: { volumes } }, mode) => {
  const [{ owners: giveOwners, ownersSpec }, { treeAt }] = await Promise.all([
    import('./owners/owners.ts'),
    import('./owners/tree.ts'),
  ])
  return giveOwners(ownersSpec(text), { treeOf: (volume) => treeAt(`${volumes}/${volume}`), mode })
})

type BackupCommands = typeof import('./backup-commands.ts')

const ofBackup =
  (name: keyof BackupCommands): Run =>
  async ({ host: { lines, random, backup: folders }, now, out }) => {
    const commands = await import('./backup-commands.ts')
    try {
      return await commands[name]({ places: folders, nextLine: lines.next, random, now, out })
    } finally {
      await lines.stop()
    }
  }

const runs: Readonly<Record<CommandName, Run>> = {
  health,
  net,
  onions,
  version,
  prepare,
  backup: ofBackup('backupCommand'),
  backups: ofBackup('backupsCommand'),
  restore: ofBackup('restoreCommand'),
  copy: ofBackup('copyCommand'),
  owners,
}

/** Does what the words ask for; answers the exit code. */
export const run = async (words: readonly string[], tools: Tools): Promise<number> => {
  const asked = commandLine(words)
  if (asked.kind === 'help') {
    tools.out(HELP)
    return 0
  }
  if (asked.kind === 'usage') {
    tools.err(`server-tools: ${asked.message}\n`)
    return EX_USAGE
  }
  if (asked.kind === 'own') return tools.own[asked.command](asked.words)
  return (await runs[asked.command](tools, asked.json, asked.mode)) ? 0 : 1
}
