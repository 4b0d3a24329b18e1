/** What a service says of itself on GET /health; only what the platform reads of it. */
export type HealthReply = {
  readonly healthy: boolean
  /** `healthy`, `degraded`, `unhealthy`, or `unreachable` when nothing answers. */
  readonly status: string
  readonly version?: string
  readonly startedAt?: number
  /** Failing dependencies and what they say. */
  readonly failing: readonly string[]
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}

/** Reads a health reply. Healthy means the status code 200, whatever the body says. */
export const parseHealthReply = (code: number, body: unknown): HealthReply => {
  const { status, version, started_at, dependencies } = asObject(body)
  return {
    healthy: code === 200,
    status: typeof status === 'string' ? status : code === 200 ? 'healthy' : `status ${code}`,
    ...(typeof version === 'string' ? { version } : {}),
    ...(typeof started_at === 'number' ? { startedAt: started_at } : {}),
    failing: Object.entries(asObject(dependencies))
      .filter(([, says]) => says !== 'ok')
      .map(([name, says]) => `${name}: ${says}`),
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
