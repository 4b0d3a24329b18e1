import type { TCPSocketListener } from 'bun'
import { CliError } from '../cli/fail.ts'

const HOST = '127.0.0.1'

const listen = (port: number): TCPSocketListener =>
  Bun.listen({ hostname: HOST, port, exclusive: true, socket: { data: () => {} } })

/** True when nothing listens on a TCP port of this machine. */
export const isFree = (port: number): boolean => {
  try {
    listen(port).stop(true)
    return true
  } catch {
    return false
  }
}

/** A free port for each name. All are held until the last is found, so that none is given twice. */
export const freePorts = (names: readonly string[]): Readonly<Record<string, number>> => {
  const sockets = names.map((name) => [name, listen(0)] as const)
  const ports = Object.fromEntries(sockets.map(([name, socket]) => [name, socket.port]))
  for (const [, socket] of sockets) socket.stop(true)
  return ports
}

/** Throws CliError naming every port that is taken, before anything is started. */
export const requireFree = (ports: Readonly<Record<string, number>>): void => {
  const busy = Object.entries(ports).filter(([, port]) => !isFree(port))
  if (busy.length === 0) return
  const list = busy.map(([name, port]) => `${port} (${name})`).join(', ')
  throw new CliError(
    `${busy.length === 1 ? 'port' : 'ports'} ${list} already in use: stop what listens there, or use --ports free`,
  )
}
