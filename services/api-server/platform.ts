import { readPublic } from '#common/http/read-public'

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

/** How each of the services stands, as it says itself. */
export const readServices = (urls: Readonly<Record<string, string>>): Promise<readonly ServiceState[]> =>
  Promise.all(Object.entries(urls).map(([service, url]) => readState(service, url)))
