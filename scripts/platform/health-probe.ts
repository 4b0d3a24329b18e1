import { readObject } from '#common/host/facts/values'

/** What a service says of itself on GET /health; only what the platform reads of it. */
export type HealthReply = {
  readonly healthy: boolean
  /** It is up, and only what waits for a person's decision keeps it from being healthy. */
  readonly onlyIncidents?: true
  /** `healthy`, `degraded`, `unhealthy`, or `unreachable` when nothing answers. */
  readonly status: string
  readonly version?: string
  readonly startedAt?: number
  /** Failing dependencies and what they say. */
  readonly failing: readonly string[]
}

/** Reads a health reply. Healthy means the status code 200, whatever the body says. */
export const parseHealthReply = (code: number, body: unknown): HealthReply => {
  const { status, version, started_at, dependencies, incidents } = readObject(body)
  const known: readonly unknown[] = Array.isArray(incidents) ? incidents : []
  const failing = Object.entries(readObject(dependencies)).filter(([, says]) => says !== 'ok')
  const waits = status === 'degraded' && known.length > 0 && failing.every(([name]) => known.includes(name))
  return {
    healthy: code === 200,
    ...(code === 503 && waits ? { onlyIncidents: true } : {}),
    status: typeof status === 'string' ? status : code === 200 ? 'healthy' : `status ${code}`,
    ...(typeof version === 'string' ? { version } : {}),
    ...(typeof started_at === 'number' ? { startedAt: started_at } : {}),
    failing: failing.map(([name, says]) => `${name}: ${says}`),
  }
}

/** Asks a service for its health; never throws. */
export const probeHealth = async (url: string, timeoutMs = 2_000): Promise<HealthReply> => {
  try {
    const reply = await fetch(`${url}/health`, { signal: AbortSignal.timeout(timeoutMs), keepalive: false })
    return parseHealthReply(reply.status, await reply.json().catch(() => undefined))
  } catch {
    return { healthy: false, status: 'unreachable', failing: [] }
  }
}
