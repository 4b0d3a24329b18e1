import { readPublic } from '#common/http/read-public'
import { type Counted, summarize } from './metrics-summary.ts'

export type ServiceState = { readonly service: string; readonly status: string; readonly version?: string }

const BOUNDS = { timeoutMs: 3_000, maxBytes: 256 * 1024 }

const readState = async (service: string, url: string): Promise<ServiceState> => {
  const reading = await readPublic(`${url}/status`, BOUNDS)
  if ('failure' in reading) return { service, status: reading.failure }
  try {
    const { status, version } = JSON.parse(reading.text) as { status?: unknown; version?: unknown }
    return { service, status: String(status), version: String(version) }
  } catch {
    return { service, status: 'its answer is no JSON' }
  }
}

export type ServiceMetrics = Partial<Counted> & { readonly service: string; readonly failure?: string }

const readMetrics = async (service: string, url: string): Promise<ServiceMetrics> => {
  const reading = await readPublic(`${url}/metrics`, BOUNDS)
  return 'failure' in reading ? { service, failure: reading.failure } : { service, ...summarize(reading.text) }
}

export type Platform = {
  /** How each of the services stands, as it says itself. */
  readonly services: () => Promise<readonly ServiceState[]>
  /** What each of them counted, this one first. */
  readonly metrics: () => Promise<readonly ServiceMetrics[]>
}

/** The services at `urls`; `own` = the metrics of this one. */
export const platformAt = (urls: Readonly<Record<string, string>>, own: () => Promise<string>): Platform => {
  const each = <R>(read: (service: string, url: string) => Promise<R>) =>
    Promise.all(Object.entries(urls).map(([service, url]) => read(service, url)))
  return {
    services: () => each(readState),
    metrics: async () => [{ service: 'api-server', ...summarize(await own()) }, ...(await each(readMetrics))],
  }
}
