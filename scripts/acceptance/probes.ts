import { join } from 'node:path'
import type { Part, ProbeRequest, ProbeResult } from '#common/acceptance/model'
import { splitLines } from '#common/process/lines'
import { quote } from '../host/quote.ts'
import { formatMount, type Mount, OUR_USER, toolCommand } from '../host/tool-run.ts'
import { repository } from '../platform/home.ts'
import type { HostPlatform, LocalPlatform, Platform, Urls } from './platform.ts'
import { fail, notRun, type Row } from './row.ts'

/** What is to be probed. */
export type ProbeOptions = {
  readonly parts: readonly Part[]
  /** Only these services; all of the platform unless given. */
  readonly urls?: Urls
  readonly load?: ProbeRequest['load']
  readonly onFinding?: (finding: ProbeResult) => void
}

const OPERATOR_KEY = 'secrets/operator/IDENTITY_KEY'
/** Longest time of all probes, ms. */
const PROBES_MS = 600_000
const ANCHOR_MS = 60_000
const SMALL_LOAD = { recordings: 5, bytes: 2_000_000 } as const

/**
 * The script that probes the platform of a host, on the host: a container of the release's own server-tools on the
 * host's network, as the user of our images, with the operator's key mounted for reading. The key never leaves the host.
 */
export const probeScript = (image: string, dir: string): string => {
  const key = `${dir}/${OPERATOR_KEY}`
  const mount: Mount = { type: 'bind', source: key, target: '/run/secrets/IDENTITY_KEY', access: 'read' }
  return [
    // Without its key what needs a token is not run, and says so.
    `set --; [ ! -e ${quote(key)} ] || set -- ${quote(`--mount=${formatMount(mount)}`)}`,
    toolCommand(image, ['exercise'], {
      ...{ caps: [], mounts: [], network: 'host', user: OUR_USER, memory: 384 },
      more: '"$@"',
    }),
  ].join('\n')
}

const isFinding = (value: unknown): value is ProbeResult =>
  typeof value === 'object' && value !== null && 'result' in value && 'check' in value

/** Takes text as it comes, gives each finding as its line is whole. */
const findings = (onFinding: (finding: ProbeResult) => void) =>
  splitLines((line) => {
    const value: unknown = line.startsWith('{') ? JSON.parse(line) : undefined
    if (isFinding(value)) onFinding(value)
  })

type Ended = { readonly code: number; readonly err: string }

const onHost = async (
  { opened, tools }: HostPlatform,
  input: string,
  onOut: (text: string) => void,
): Promise<Ended | undefined> => {
  if (tools === undefined) return undefined
  return opened.shell.run(probeScript(tools, opened.target.dir), { input, onOut, timeoutMs: PROBES_MS })
}

const onThisMachine = async ({ home }: LocalPlatform, input: string, onOut: (text: string) => void): Promise<Ended> => {
  const main = join(repository, 'services', 'server-tools', 'main.ts')
  const child = Bun.spawn([process.execPath, main, 'exercise'], {
    cwd: repository,
    env: { ...process.env, IDENTITY_KEY_FILE: home.secret('operator', 'IDENTITY_KEY') },
    stdin: new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const timer = setTimeout(() => child.kill(), PROBES_MS)
  const decoder = new TextDecoder()
  const err = new Response(child.stderr).text()
  for await (const piece of child.stdout) onOut(decoder.decode(piece, { stream: true }))
  clearTimeout(timer)
  return { code: await child.exited, err: await err }
}

/** Probes a platform; what is found comes as it is found, and all of it at the end. Throws ConnectionLost. */
export const runProbes = async (
  platform: Platform,
  { parts, urls = platform.urls, load = SMALL_LOAD, onFinding = () => {} }: ProbeOptions,
): Promise<{ readonly findings: readonly ProbeResult[]; readonly broke: string | undefined }> => {
  const found: ProbeResult[] = []
  const take = findings((one) => {
    found.push(one)
    onFinding(one)
  })
  const wanted: ProbeRequest = { urls, parts: [...parts], load, anchorMs: ANCHOR_MS }
  const input = JSON.stringify(wanted)
  const ended =
    platform.kind === 'host' ? await onHost(platform, input, take) : await onThisMachine(platform, input, take)
  if (ended === undefined) return { findings: found, broke: 'the release has no image of server-tools' }
  // 0 and 1 are its own; all else is the engine's, or the container's that was ended.
  const broke = ended.code > 1 ? ended.err.trim().split('\n').at(-1) || `it ended with ${ended.code}` : undefined
  return { findings: found, broke }
}

const results: Readonly<Record<ProbeResult['result'], Row['result']>> = {
  pass: 'PASS',
  fail: 'FAIL',
  'not-run': 'NOT RUN',
}

export const makeRow = ({ check, subject, result, detail }: ProbeResult): Row => ({
  check,
  subject,
  result: results[result],
  detail,
})

/** Probes that did not come to its end, as a row; none when it did. */
export const makeBrokenRow = (broke: string | undefined): readonly Row[] => {
  if (broke === undefined) return []
  const at = ['exercise', 'server-tools'] as const
  // An image from before there was such a command.
  return [/no command/.test(broke) ? notRun(...at, broke) : fail(...at, broke)]
}
