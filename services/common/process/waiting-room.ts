import { type ServiceParts, service } from '../http/service.ts'
import { Fault } from './fault.ts'
import type { Log } from './log.ts'

/** What a service answers while it cannot work yet: unhealthy with the cause, 503 to everything else. */
export type WaitingRoom = {
  /** Opens it when it is not open yet, and tells `fault` from now on. */
  readonly say: (fault: Fault) => Promise<void>
  /** The port it listened on; undefined when it never opened. Nobody listens on it any more when it resolves. */
  readonly close: () => Promise<number | undefined>
}

/** A waiting room for the service `name`, behind the same guard as the service itself. */
export const waitingRoom = (
  name: string,
  {
    parts,
    log,
    at,
  }: {
    readonly parts: Pick<ServiceParts, 'guard' | 'log' | 'metrics'>
    readonly log: Log
    readonly at: { readonly hostname: string; readonly port: number }
  },
): WaitingRoom => {
  let told: Fault | undefined
  const refuse = (): never => {
    throw told ?? new Fault('unavailable', 'starting', 'the service is starting', { retryAfter: 1_000 })
  }
  const made = () =>
    service(name, { ...parts, checks: { store: async () => refuse() } }).all('/*', refuse, {
      parse: 'none',
    })
  let open: ReturnType<typeof made> | undefined
  return {
    say: async (fault) => {
      const { code, message: detail } = fault
      const news = code !== told?.code
      told = fault
      if (open === undefined) {
        open = made()
        open.listen(at)
      }
      if (news) log.warn('waiting', { code, detail, port: open.server?.port })
    },
    close: async () => {
      const port = open?.server?.port
      await open?.stop(true)
      open = undefined
      return port
    },
  }
}
