import { at, fields, list, number, text } from './read.ts'
import type { Published } from './wanted.ts'

/** A container as `docker inspect` shows it, as far as a diagnosis needs it. */
export type Container = {
  readonly id: string
  readonly name: string
  readonly project: string
  readonly service: string
  readonly image: string
  /** created, running, paused, restarting, removing, exited or dead. */
  readonly status: string
  readonly outOfMemory: boolean
  readonly exitCode: number
  /** What the engine said when it could not start it. */
  readonly error: string
  /** Epoch seconds; 0 when it never was. */
  readonly startedAt: number
  readonly finishedAt: number
  readonly restarts: number
  /** starting, healthy, unhealthy or empty. */
  readonly health: string
  readonly healthOutput: string
  readonly restartPolicy: string
  /** Limits; 0 where there is none. Memory in bytes. */
  readonly memory: number
  readonly cpus: number
  readonly pids: number
  /** Network name to the id that it was attached to, and its names there. */
  readonly networks: Readonly<Record<string, { readonly id: string; readonly names: readonly string[] }>>
  readonly networkMode: string
  /** What it was told to publish, and what the engine has opened. */
  readonly bindings: readonly Published[]
  readonly open: readonly Published[]
  readonly volumes: readonly string[]
  readonly hash: string
  readonly logDriver: string
  readonly logLimit: string
}

const epoch = (value: unknown): number => {
  const ms = Date.parse(text(value))
  return Number.isNaN(ms) || ms < 0 ? 0 : Math.floor(ms / 1000)
}

const ports = (value: unknown): readonly Published[] =>
  Object.entries(fields(value)).flatMap(([port, bound]) =>
    list(bound).map((one) => ({
      ip: text(at(one, 'HostIp')),
      host: number(at(one, 'HostPort')),
      target: number(port),
    })),
  )

/** An engine without the limit says 0, -1 or nothing. */
const limit = (value: unknown): number => Math.max(0, number(value))

/** An engine calls what was paused unhealthy until its next check, with no check that failed: nothing is known of it yet. */
const healthOf = (value: unknown): string => {
  const status = text(at(value, 'Status')).replace(/^none$/, '')
  return status === 'unhealthy' && at(value, 'FailingStreak') === 0 ? 'starting' : status
}

export const containerOf = (value: unknown): Container => {
  const labels = fields(at(value, 'Config', 'Labels'))
  const checks = list(at(value, 'State', 'Health', 'Log'))
  const failed = checks.findLast((check) => number(at(check, 'ExitCode')) !== 0)
  const quota = number(at(value, 'HostConfig', 'CpuQuota'))
  return {
    id: text(at(value, 'Id')),
    name: text(at(value, 'Name')).replace(/^\//, ''),
    project: text(labels['com.docker.compose.project']),
    service: text(labels['com.docker.compose.service']),
    image: text(at(value, 'Config', 'Image')),
    status: text(at(value, 'State', 'Status')),
    outOfMemory: at(value, 'State', 'OOMKilled') === true,
    exitCode: number(at(value, 'State', 'ExitCode')),
    error: text(at(value, 'State', 'Error')),
    startedAt: epoch(at(value, 'State', 'StartedAt')),
    finishedAt: epoch(at(value, 'State', 'FinishedAt')),
    restarts: number(at(value, 'RestartCount')),
    health: healthOf(at(value, 'State', 'Health')),
    healthOutput: text(at(failed ?? {}, 'Output')).trim(),
    restartPolicy: text(at(value, 'HostConfig', 'RestartPolicy', 'Name')),
    memory: limit(at(value, 'HostConfig', 'Memory')),
    cpus:
      limit(at(value, 'HostConfig', 'NanoCpus')) / 1e9 ||
      (quota > 0 ? quota / (number(at(value, 'HostConfig', 'CpuPeriod')) || 100_000) : 0),
    pids: limit(at(value, 'HostConfig', 'PidsLimit')),
    networks: Object.fromEntries(
      Object.entries(fields(at(value, 'NetworkSettings', 'Networks'))).map(([name, network]) => [
        name,
        { id: text(at(network, 'NetworkID')), names: list(at(network, 'Aliases')).map(text) },
      ]),
    ),
    networkMode: text(at(value, 'HostConfig', 'NetworkMode')),
    bindings: ports(at(value, 'HostConfig', 'PortBindings')),
    open: ports(at(value, 'NetworkSettings', 'Ports')),
    volumes: list(at(value, 'Mounts'))
      .filter((mount) => at(mount, 'Type') === 'volume')
      .map((mount) => text(at(mount, 'Name'))),
    hash: text(labels['com.docker.compose.config-hash']),
    logDriver: text(at(value, 'HostConfig', 'LogConfig', 'Type')),
    logLimit: text(at(value, 'HostConfig', 'LogConfig', 'Config', 'max-size')),
  }
}

/** Running, and healthy where it is asked. */
export const isWell = ({ status, health }: Container): boolean =>
  status === 'running' && (health === '' || health === 'healthy')
