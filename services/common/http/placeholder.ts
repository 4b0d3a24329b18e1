import type { ServiceName } from '#services/catalog'
import { Fault } from '../process/fault.ts'
import type { Log } from '../process/log.ts'
import { callersOf } from './identity.ts'
import { type ServiceParts, service } from './service.ts'

/** What a service answers while it cannot work yet: unhealthy with the cause, 503 to everything else, on one port. */
export type StartUpPlaceholder = {
  /** Opens it when it is not open yet; `fault` is its answer from now on. */
  readonly answerWith: (fault: Fault) => Promise<void>
  /** The port it listened on; undefined when it never opened. Nobody listens on it any more when it resolves. */
  readonly close: () => Promise<number | undefined>
}

/** Stands in for the service `name` while it starts, behind the same guard as the service itself. */
export const startUpPlaceholder = (
  name: ServiceName,
  {
    parts,
    log,
    at,
  }: {
    readonly parts: Pick<ServiceParts, 'guard' | 'log' | 'metrics'>
    readonly log: Log
    readonly at: { readonly hostname: string; readonly port: number }
  },
): StartUpPlaceholder => {
  let answer: Fault | undefined
  let { port } = at
  const refuse = (): never => {
    throw answer ?? new Fault('unavailable', 'starting', 'the service is starting', { retryAfter: 1_000 })
  }
  const build = () =>
    service(name, { ...parts, checks: { store: async () => refuse() } }).all('/*', refuse, {
      parse: 'none',
      callers: callersOf(name),
    })
  let open: ReturnType<typeof build> | undefined
  return {
    answerWith: async (fault) => {
      const { code, message: detail } = fault
      const isNews = code !== answer?.code
      answer = fault
      if (open === undefined) {
        open = build()
        open.listen({ ...at, port })
        port = open.server?.port ?? port
      }
      if (isNews) log.warn('waiting', { code, detail, port: open.server?.port })
    },
    close: async () => {
      if (open === undefined) return undefined
      await open.stop(true)
      open = undefined
      return port
    },
  }
}
