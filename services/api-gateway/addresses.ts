/** The addresses of a host name. Rejects when nobody knows it. */
export type Resolve = (host: string) => Promise<readonly string[]>

const HTTP_PORT = 80

/**
 * Where a service is now, as `172.21.0.5:8084`, in one order. While nobody knows its name it is where it was before:
 * a service that restarts is often not known for a moment.
 */
export const findAddresses = async (
  origin: string,
  before: readonly string[],
  resolve: Resolve,
): Promise<readonly string[]> => {
  const { hostname, port } = new URL(origin)
  const at = (host: string) => `${host}:${port || HTTP_PORT}`
  if (/^[0-9.]+$|^\[/.test(hostname)) return [at(hostname)]
  try {
    return (await resolve(hostname)).map(at).toSorted()
  } catch {
    return before
  }
}
