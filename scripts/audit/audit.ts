import { readFileSync } from 'node:fs'
import { catalog, clients as catalogClients } from '#catalog'
import type { SignedHead } from '#common/audit/head'
import type { Command } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { EXIT_UNAVAILABLE } from '#common/cli/sysexits'
import { jsonText, text } from '#common/cli/text'
import { fileSink } from '#common/evidence/file-edge'
import { type Call, isUnreachable } from '#common/http/client'
import { utf8 } from '#common/stream/bytes'
import { toolsImage } from '../backup/tools-image.ts'
import { CliError, errorLine, exitCodeOf } from '../cli/fail.ts'
import { runCommand, type Terminal } from '../cli/run-command.ts'
import { hostCall } from '../host/ask.ts'
import { type HostSession, withHost } from '../host/open.ts'
import { commandLine } from '../host/quote.ts'
import { requireSuccess } from '../host/shell.ts'
import { targetFlags } from '../host/target.ts'
import { nameAddress } from '../lucid/people-table.ts'
import { type Home, homeFrom } from '../platform/home.ts'
import { type Callee, operatorClients } from '../platform/session-client.ts'
import { fileExit } from '../session/file-exits.ts'
import { askHead, askPages, askTail, type Placed } from './ask.ts'
import { followStream } from './follow.ts'
import { conclude, exitOf, renderEntries, renderStreams, type StreamReport } from './report.ts'
import { readSeen, writeSeen } from './seen-heads.ts'

/** The services that have a stream. */
const streamed: readonly Callee[] = catalogClients.operator.needs.filter((name) => catalog[name].store)

/** What no stream holds. */
const NOT_HERE =
  'Histories of sessions are not in these streams: bun run lucid audit SESSION checks one, bun run verify an exported one'

export const command = {
  name: 'audit',
  about: 'what every service did: verifies the streams, shows their newest entries, or writes them out',
  positionals: [
    { name: 'ACTION', about: 'verify | tail | export', required: true, choices: ['verify', 'tail', 'export'] },
  ],
  flags: {
    ...targetFlags,
    host: { ...targetFlags.host, about: 'the streams of this host, over ssh (those of the platform of this machine)' },
    service: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      choices: streamed,
      about: 'only the stream of this service; may be given again',
    },
    limit: { type: 'string', value: 'N', about: 'tail: at most so many entries (default 20)' },
    out: { type: 'string', value: 'FILE', about: 'export: into this file instead of the standard output' },
    json: { type: 'boolean', about: 'verify, tail: print one JSON document' },
  },
  examples: [
    'bun run audit verify',
    'bun run audit verify --host pi@lucid',
    'bun run audit tail --service session-encryptor --limit 100',
    'bun run audit export --out audit.jsonl',
  ],
  exits: {
    1: 'verify: a stream was edited, reordered, cut off or replaced; it says where',
    69: 'a service does not answer, or is not part of what runs; it is named, and the others were asked',
    73: 'export: the file exists already or cannot be made',
    74: 'export: the file cannot be written to its end',
  },
  notes: `verify keeps the newest signed head of each stream in the state folder: from then on no end that was seen can be cut off unnoticed. ${NOT_HERE}.`,
} as const satisfies Command

/** The platform that is asked: the way to a service of it, and the public keys (hex) of its identities. */
type Platform = {
  readonly raw: (service: Callee) => Call
  readonly keys: () => Promise<Readonly<Record<string, string>>>
  readonly host?: string
}

const parseLimit = (limit = '20'): number => {
  if (/^[1-9]\d{0,4}$/.test(limit)) return Number(limit)
  throw new CliError(`--limit takes a whole number from 1 to 99999, not '${limit}'`, { exitCode: EXIT_USAGE })
}

const verifyStream = async (
  service: Callee,
  platform: Platform,
  { keys, seen }: { readonly keys: Readonly<Record<string, string>>; readonly seen: readonly SignedHead[] },
): Promise<StreamReport & { readonly heads?: SignedHead[] }> => {
  try {
    const call = platform.raw(service)
    const head = await askHead(service, call)
    const stream = followStream(service, { key: keys[service], operator: keys['operator'], seen })
    for await (const { entries, heads } of askPages(service, call)) stream.take(entries, heads)
    const { taken, ...found } = stream.end(head)
    const state = found.faults.length > 0 ? 'wrong' : found.restores.length > 0 ? 'restored' : 'whole'
    const newest = head !== undefined && state !== 'wrong' && { heads: [head, ...taken] }
    return { service, state, ...found, ...newest }
  } catch (error) {
    return { service, state: 'not-asked', entries: 0, faults: [errorLine(error)], restores: [] }
  }
}

type Asked = { readonly services: readonly Callee[]; readonly platform: Platform; readonly terminal: Terminal }

const verify = async ({ services, platform, terminal }: Asked, home: Home, json: boolean): Promise<number> => {
  const seen = readSeen(home, platform.host)
  const keys = await platform.keys()
  const found: Awaited<ReturnType<typeof verifyStream>>[] = []
  for (const service of services)
    found.push(await verifyStream(service, platform, { keys, seen: [seen[service] ?? []].flat() }))
  const newest = found.flatMap(({ service, heads }) => (heads === undefined ? [] : [[service, heads] as const]))
  writeSeen(home, { ...seen, ...Object.fromEntries(newest) }, platform.host)
  const streams = found.map(({ heads: _, ...report }) => report)
  const exit = exitOf(streams)
  if (json) terminal.out(jsonText({ streams, exit, error: null }))
  else {
    for (const part of renderStreams(streams, detectStyle(process.stdout, process.env))) terminal.out(part)
    terminal.out(text([[NOT_HERE], [conclude(streams)]]))
  }
  return exit
}

/** The ways to those of the services that run; of each other one it says why not. */
const findRunning = ({ services, platform, terminal }: Asked) => {
  const calls: (readonly [Callee, Call])[] = []
  for (const service of services)
    try {
      calls.push([service, platform.raw(service)])
    } catch (error) {
      terminal.err(`not asked: ${errorLine(error)}\n`)
    }
  return { calls, exit: calls.length < services.length ? EXIT_UNAVAILABLE : 0 }
}

const tail = async (asked: Asked, most: number, json: boolean): Promise<number> => {
  const entries: Placed[] = []
  const { calls, exit } = findRunning(asked)
  for (const [service, call] of calls) entries.push(...(await askTail(service, call, most)))
  const newest = entries.toSorted((a, b) => a.at - b.at).slice(-most)
  const style = detectStyle(process.stdout, process.env)
  asked.terminal.out(
    json ? jsonText({ entries: newest, exit, error: null }) : renderEntries(newest, style, nameAddress(style)),
  )
  return exit
}

/** Every entry as a line, and last of each stream its signed head. */
async function* exportLines(service: Callee, call: Call): AsyncGenerator<string> {
  const head = await askHead(service, call)
  for await (const { entries } of askPages(service, call))
    yield entries.map((entry) => `${JSON.stringify({ service, ...entry })}\n`).join('')
  if (head !== undefined) yield `${JSON.stringify({ service, head })}\n`
}

const exportAll = async (asked: Asked, file: string | undefined): Promise<number> => {
  const { calls, exit } = findRunning(asked)
  const out = file === undefined ? undefined : await fileSink(file)
  try {
    for (const [service, call] of calls)
      for await (const lines of exportLines(service, call))
        await (out === undefined ? asked.terminal.out(lines) : out.write(utf8(lines)))
    await out?.commit()
    return exit
  } catch (error) {
    await out?.abort()
    throw error
  }
}

const localPlatform = (home: Home): Platform => ({
  raw: operatorClients(home).raw,
  keys: async () => JSON.parse(readFileSync(home.identities, 'utf8')),
})

const hostPlatform = async ({ shell, target: { dir, host } }: HostSession): Promise<Platform> => {
  const image = await toolsImage(shell, dir, undefined)
  return {
    host,
    raw: (service) => hostCall(shell, { dir, image }, service),
    keys: async () =>
      JSON.parse(await requireSuccess(shell.name, shell.run(commandLine('cat', `${dir}/identities.json`)))),
  }
}

await runCommand(
  import.meta.main,
  command,
  async ({ flags, positionals: [action], terminal }) => {
    const most = parseLimit(flags.limit)
    const home = homeFrom(process.env)
    const services = flags.service.length === 0 ? streamed : (flags.service as readonly Callee[])
    const perform = (platform: Platform) => {
      const asked = { services, platform, terminal }
      if (action === 'verify') return verify(asked, home, flags.json)
      return action === 'tail' ? tail(asked, most, flags.json) : exportAll(asked, flags.out)
    }
    if (flags.host === undefined) return perform(localPlatform(home))
    return withHost(flags, process.env, async (session) => perform(await hostPlatform(session)))
  },
  {
    exitOf: (error) => (isUnreachable(error) ? EXIT_UNAVAILABLE : (fileExit(error) ?? exitCodeOf(error))),
    failureDocument: ({ message, exitCode }) => ({ exit: exitCode, error: { detail: message } }),
  },
)
