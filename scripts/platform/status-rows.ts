import { probeHealth } from './health-probe.ts'
import { isAlive, proportionalMemory } from './process.ts'
import type { PlatformRecord } from './record.ts'

/** One service as `bun run status` shows it; absent figures are not known on this system. */
export type Row = {
  readonly service: string
  readonly stack: string
  readonly state: string
  readonly pid?: number
  readonly port?: number
  readonly url?: string
  readonly uptime_ms?: number
  /** Proportional set size, bytes. */
  readonly pss_bytes?: number
  readonly restarts: number
  readonly version?: string
  readonly failing: readonly string[]
}

type Running = PlatformRecord['services'][string]

const rowOf = async (
  service: string,
  { stack, pid, port, url, restarts, started_at }: Running,
  now: number,
): Promise<Row> => {
  if (!isAlive(pid)) return { service, stack, state: 'gone', restarts, failing: [] }
  const answer = await probeHealth(url)
  const memory = proportionalMemory(pid)
  return {
    service,
    stack,
    state: answer.status,
    pid,
    port,
    url,
    uptime_ms: now - started_at,
    ...(memory === undefined ? {} : { pss_bytes: memory }),
    restarts,
    ...(answer.version === undefined ? {} : { version: answer.version }),
    failing: answer.failing,
  }
}

/** The state of a service that this machine has no program for; nothing is wrong with it. */
export const LEFT_OUT = 'left out'

/** Every service of a record, asked at once. `now` is epoch ms. */
export const readStatus = async (record: PlatformRecord, now: number): Promise<readonly Row[]> => {
  const running = await Promise.all(
    Object.entries(record.services).map(([service, entry]) => rowOf(service, entry, now)),
  )
  const absent = Object.entries(record.absent).map(([service, entry]) => ({ service, ...entry, failing: [] }))
  const leftOut = Object.entries(record.left_out ?? {}).map(([service, why]) => ({
    service,
    stack: '-',
    state: LEFT_OUT,
    restarts: 0,
    failing: [why],
  }))
  return [...running, ...absent, ...leftOut]
}

/** How many are healthy, and their memory together (null where the system does not say). */
export const sumStatus = (rows: readonly Row[]): { readonly healthy: number; readonly pss_bytes: number | null } => {
  const sizes = rows.flatMap(({ pss_bytes }) => (pss_bytes === undefined ? [] : [pss_bytes]))
  return {
    healthy: rows.filter(({ state }) => state === 'healthy').length,
    pss_bytes: sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size, 0),
  }
}
