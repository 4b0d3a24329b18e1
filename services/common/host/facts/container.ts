import { type ContainerSettings, readSettings } from './container-settings.ts'
import type { MemoryUse } from './memory-use.ts'
import { dropUndefined, parseJson, readCount, readList, readMoment, readObject, readText } from './values.ts'

/** What a container is doing, as the engine sees it. Times are epoch ms, sizes bytes. */
export type ContainerState = {
  readonly id: string
  readonly name: string
  /** Compose project: `lucid-core`, ...; empty for a container that Compose did not make. */
  readonly project: string
  /** Its key in the Compose file, which is that of the catalogue. */
  readonly service: string
  readonly stage: string
  /** Started by hand with `docker compose run`. */
  readonly oneoff: boolean
  /** created, running, paused, restarting, removing, exited, dead */
  readonly status: string
  /** The engine's own health check; `none` where there is none, `resumed` of one that was paused and not checked since. */
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy' | 'resumed'
  /** What the last health check that failed printed, else the last one. */
  readonly healthOutput: string
  readonly exitCode: number
  readonly oomKilled: boolean
  /** Why the engine could not start it. */
  readonly error: string
  readonly restarts: number
  /** Changes with every start. */
  readonly startedAt?: number
  readonly finishedAt?: number
  /** The name of the image that it was made from, and what the engine calls that image. */
  readonly image: string
  readonly imageId: string
  /** Compose's hash of all that it says about the service. */
  readonly configHash: string
  /** 0: none. */
  readonly memoryLimit: number
}

/** A container with how it was made and what it uses. */
export type Container = ContainerState & ContainerSettings & MemoryUse

/** How a container is, in one word; `done`: it has ended with 0 and was to be run once. */
export type Condition =
  | 'healthy'
  | 'starting'
  | 'resumed'
  | 'unhealthy'
  | 'paused'
  | 'restarting'
  | 'created'
  | 'ended'
  | 'done'

/** The engine's health of a container. A paused one (for a backup) with a failing streak of 0 is not sick. */
const readHealth = (status: unknown, streak: unknown): ContainerState['health'] => {
  if (status === 'unhealthy') return streak === 0 ? 'resumed' : 'unhealthy'
  return status === 'starting' || status === 'healthy' ? status : 'none'
}

const readHealthOutput = (log: readonly unknown[], codes: readonly unknown[]): string => {
  const failed = codes.findLastIndex((code) => code !== 0)
  return readText(log.at(codes.length === log.length ? failed : -1), 300)
}

/** The condition of a container. One without a health check is healthy while it runs. */
export const judgeContainer = (
  { status, health, exitCode }: Pick<ContainerState, 'status' | 'health' | 'exitCode'>,
  { runsOnce = false }: { readonly runsOnce?: boolean } = {},
): Condition => {
  if (status === 'running') return health === 'none' ? 'healthy' : health
  if (status === 'paused' || status === 'restarting' || status === 'created') return status
  return runsOnce && status === 'exited' && exitCode === 0 ? 'done' : 'ended'
}

/** Not sick, and not known to be well: the next health check says. */
export const isUnchecked = (condition: Condition): boolean => condition === 'starting' || condition === 'resumed'

/** Reads a line that STATE_FORMAT or CONTAINER_FORMAT printed; undefined when it is not one. */
export const parseContainerState = (line: string): ContainerState | undefined => {
  const it = readObject(parseJson(line))
  const id = readText(it['id'])
  const [name, service] = [readText(it['name']).replace(/^\//, ''), readText(it['service'])]
  if (!/^[0-9a-f]{64}$/.test(id) || (name === '' && service === '')) return undefined
  const { status, streak, log, codes } = readObject(it['health'])
  return {
    id,
    name,
    project: readText(it['project']),
    service,
    stage: readText(it['stage']),
    oneoff: it['oneoff'] === 'True',
    status: readText(it['status']),
    health: readHealth(status, streak),
    healthOutput: readHealthOutput(readList(log), readList(codes)),
    exitCode: readCount(it['exitCode']) ?? -1,
    oomKilled: it['oomKilled'] === true,
    // An engine names the endpoint, with its id, before it says what is wrong with it.
    error: readText(it['error'], 1000),
    restarts: readCount(it['restarts']) ?? 0,
    ...dropUndefined({ startedAt: readMoment(it['startedAt']), finishedAt: readMoment(it['finishedAt']) }),
    image: readText(it['image'], 500),
    imageId: readText(it['imageId']),
    configHash: readText(it['configHash']),
    memoryLimit: readCount(it['memory']) ?? 0,
  }
}

/** Reads a line that CONTAINER_FORMAT printed; undefined when it is not one. `used` is by id. */
export const parseContainer = (line: string, used: ReadonlyMap<string, MemoryUse>): Container | undefined => {
  const state = parseContainerState(line)
  return state && { ...state, ...readSettings(readObject(parseJson(line))), ...used.get(state.id) }
}
