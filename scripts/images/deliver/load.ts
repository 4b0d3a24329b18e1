import { CliError } from '../../cli/fail.ts'
import { archiveParts, archiveSize, archiveStream, findImage, type Loadable, parseDomain } from './docker-archive.ts'

/** What a load did. Sizes are bytes that were handed to the engine. */
export type Loaded = {
  readonly platform: string
  readonly loaded: readonly string[]
  /** Those that the engine had already, layer for layer. */
  readonly there: readonly string[]
  readonly bytes: number
}

export type LoadOptions = {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly onProgress?: (sent: number, total: number) => void
}

type Client = {
  readonly ask: (
    args: readonly string[],
  ) => Promise<{ readonly code: number; readonly out: string; readonly err: string }>
  readonly start: (args: readonly string[]) => Bun.Subprocess<'pipe', 'pipe', 'pipe'>
}

const openClient = (env: Readonly<Record<string, string | undefined>>): Client => {
  const docker = Bun.which('docker', { PATH: env['PATH'] ?? '' })
  if (docker === null) throw new CliError('there is no docker in PATH to load images into')
  const start = (args: readonly string[]) =>
    Bun.spawn([docker, ...args], { env, stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' })
  return {
    start,
    ask: async (args) => {
      const child = Bun.spawn([docker, ...args], { env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
      const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
      return { code: await child.exited, out, err }
    },
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

/** The platform that an engine runs, as images name it. Throws CliError when no engine answers. */
const readPlatform = async ({ ask }: Client): Promise<string> => {
  const { code, out, err } = await ask(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}'])
  if (code !== 0) throw new CliError(`no Docker engine answers: ${lastLine(err)}`)
  return out.trim()
}

/** Digests of a named image's unpacked layers; undefined when the engine does not have it. */
const inspectLayers = async ({ ask }: Client, reference: string): Promise<string | undefined> => {
  const { code, out } = await ask([
    'image',
    'inspect',
    '--format',
    '{{json .RootFS.Layers}} {{json .Config.Labels}}',
    reference,
  ])
  return code === 0 ? out.trim() : undefined
}

const describeLayers = ({ layout }: Loadable, platform: string): string => {
  const { config } = findImage(layout, platform)
  const labels = config.config?.Labels ?? null
  const sorted = labels && Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return `${JSON.stringify(config.rootfs.diff_ids)} ${JSON.stringify(sorted)}`
}

/** Streams the images that the client's engine does not have into it. Throws CliError with its last words. */
export const loadImages = async (
  images: readonly Loadable[],
  { env = process.env, onProgress = () => {} }: LoadOptions = {},
): Promise<Loaded> => {
  const client = openClient(env)
  const platform = await readPlatform(client)
  const states = await Promise.all(
    images.map(async (image) => ({
      image,
      there: (await inspectLayers(client, image.reference)) === describeLayers(image, platform),
    })),
  )
  const missing = states.filter(({ there }) => !there).map(({ image }) => image)
  const names = (isThere: boolean) =>
    states.filter(({ there }) => there === isThere).map(({ image }) => image.reference)
  if (missing.length === 0) return { platform, loaded: [], there: names(true), bytes: 0 }

  const { out: index } = await client.ask(['info', '--format', '{{.IndexServerAddress}}'])
  const parts = archiveParts(missing, platform, { domain: parseDomain(index.trim()) })
  const total = archiveSize(parts)
  const child = client.start(['load'])
  const words = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  let sent = 0
  let failure: unknown
  try {
    for await (const piece of archiveStream(parts)) {
      // Of an engine that is gone each of the two promises may be the one that fails.
      await Promise.all([child.stdin.write(piece), child.stdin.flush()])
      sent += piece.length
      onProgress(sent, total)
    }
    await child.stdin.end()
  } catch (error) {
    failure = error
    child.kill()
  }
  const [out, err] = await words
  const code = await child.exited
  if (failure instanceof CliError) throw failure
  if (code !== 0 || failure !== undefined)
    throw new CliError(
      `docker load failed: ${lastLine(err) || lastLine(out) || String(failure ?? `exit code ${code}`)}`,
    )
  return { platform, loaded: names(false), there: names(true), bytes: sent }
}
