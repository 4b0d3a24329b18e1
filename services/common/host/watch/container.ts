import { countOf, jsonOf, momentOf, objectOf, textOf } from './read.ts'

/** A container of one of the four stacks, as the engine sees it. Times are epoch ms, sizes bytes. */
export type Container = {
  readonly id: string
  readonly name: string
  /** Compose project: `lucid-core`, ... */
  readonly project: string
  /** Its key in the Compose file, which is that of the catalogue. */
  readonly service: string
  readonly stage: string
  /** Started by hand with `docker compose run`. */
  readonly oneoff: boolean
  /** created, running, paused, restarting, removing, exited, dead */
  readonly state: string
  /** The engine's own health check; undefined where there is none. */
  readonly health?: 'starting' | 'healthy' | 'unhealthy'
  /** What the last health check printed. */
  readonly healthSays: string
  readonly exitCode: number
  readonly oomKilled: boolean
  /** Why the engine could not start it. */
  readonly error: string
  readonly restarts: number
  readonly startedAt?: number
  readonly finishedAt?: number
  readonly image: string
  readonly imageId: string
  readonly configHash: string
  /** 0: none. */
  readonly memoryLimit: number
  /** Without the file pages that the kernel gives back at once; undefined where nobody counts. */
  readonly memoryUsed?: number
}

const healths = ['starting', 'healthy', 'unhealthy'] as const

const healthOf = (value: unknown): Pick<Container, 'health' | 'healthSays'> => {
  const { status, streak, log } = objectOf(value)
  // An engine calls what was paused (for a backup) unhealthy until its next check, with no check that failed.
  const known = status === 'unhealthy' && streak === 0 ? 'starting' : status
  const health = healths.find((one) => one === known)
  return { ...(health && { health }), healthSays: textOf(Array.isArray(log) ? log.at(-1) : '') }
}

const optional = <K extends string>(key: K, value: number | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: number } // a computed key is typed as string

/** Reads a line of the section `containers`; undefined when it is not one. `used` is by id. */
export const containerOf = (line: string, used: ReadonlyMap<string, number>): Container | undefined => {
  const it = objectOf(jsonOf(line))
  const id = textOf(it['id'])
  const service = textOf(it['service'])
  if (!/^[0-9a-f]{64}$/.test(id) || service === '') return undefined
  return {
    id,
    name: textOf(it['name']).replace(/^\//, ''),
    project: textOf(it['project']),
    service,
    stage: textOf(it['stage']),
    oneoff: it['oneoff'] === 'True',
    state: textOf(it['status']),
    ...healthOf(it['health']),
    exitCode: countOf(it['exitCode']) ?? -1,
    oomKilled: it['oomKilled'] === true,
    error: textOf(it['error']),
    restarts: countOf(it['restarts']) ?? 0,
    ...optional('startedAt', momentOf(it['startedAt'])),
    ...optional('finishedAt', momentOf(it['finishedAt'])),
    image: textOf(it['image']),
    imageId: textOf(it['imageId']),
    configHash: textOf(it['configHash']),
    memoryLimit: countOf(it['memory']) ?? 0,
    ...optional('memoryUsed', used.get(id)),
  }
}

/** A line `ID BYTES BYTES`: in use, and of these file pages that can go. */
const inUse = (line: string): readonly [id: string, bytes: number] | undefined => {
  const [id = '', used, pages] = line.split(' ')
  const [bytes, files] = [countOf(used), countOf(pages) ?? 0]
  // As the engine does: where the figures were read at two moments, the first stands.
  return bytes === undefined ? undefined : [id, files < bytes ? bytes - files : bytes]
}

const units: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

/** A line `ID 2.512MiB / 64MiB` of `docker stats`. */
const fromStats = (line: string): readonly [id: string, bytes: number] | undefined => {
  const [, id = '', amount, unit = ''] = /^([0-9a-f]{64}) ([\d.]+)([KMGT]?i?B) \//.exec(line) ?? []
  const bytes = Math.round(Number(amount) * (units[unit] ?? Number.NaN))
  return Number.isSafeInteger(bytes) ? [id, bytes] : undefined
}

/** Memory in use by container id, from the kernel's own files where they could be read, else from the engine. */
export const memoryByContainer = (
  files: readonly string[],
  stats: readonly string[],
): ReadonlyMap<string, number> => {
  const entries = [...stats.map(fromStats), ...files.map(inUse)]
  return new Map(entries.filter((entry) => entry !== undefined))
}
