import { Fault } from '#common/process/fault'
import { type Control, openControl } from './control.ts'
import type { Reply } from './reply.ts'
import { advance, freshState } from './state.ts'

const AGAIN = 50

type ConnectionParts = {
  readonly host: string
  readonly port: number
  /** By it each side proves itself, so no stranger on the port learns a thing. Throws while there is none. */
  readonly readCookie: () => Uint8Array
  readonly nonce: () => Uint8Array
}

/** Connects, and reports where bootstrap stands and each event from then on. */
const connect = async (
  { host, port, readCookie, nonce }: ConnectionParts,
  onReply: (reply: Pick<Reply, 'lines'>) => void,
): Promise<Control> => {
  const control = await openControl({
    ...{ host, port, nonce: nonce() },
    credential: { kind: 'cookie', cookie: readCookie() },
    onEvent: onReply,
  })
  await control.ask('SETEVENTS STATUS_CLIENT HS_DESC')
  onReply({ lines: [await control.info('status/bootstrap-phase')] })
  return control
}

/** The control connection to the tor that lives now, and what tor reported by it; opened again when it is lost. */
export const torConnection = (parts: ConnectionParts) => {
  let state = freshState
  let open: Control | undefined
  /** Which tor lives now; a connection to one before it must say nothing any more. */
  let run = 0
  let failure: unknown
  const first = Promise.withResolvers<void>()

  /** One connection after the other for as long as this tor lives. */
  const follow = async (own: number): Promise<void> => {
    while (own === run) {
      try {
        open = await connect(parts, (reply) => {
          if (own === run) state = advance(state, reply)
        })
        first.resolve()
        await open.closed
      } catch (error) {
        // Nobody listens yet, or the cookie is still that of the tor before: the next attempt is soon.
        failure = error
      }
      open = undefined
      await Bun.sleep(AGAIN)
    }
  }

  return {
    /** Resolves when the control port has let us in for the first time. */
    opened: first.promise,
    begin: (): void => {
      state = freshState
      void follow(++run)
    },
    end: (): void => {
      run++
    },
    close: (): void => {
      run++
      open?.close()
    },
    state: () => state,
    /** Throws Fault `unavailable` while there is none. */
    control: (): Control => {
      if (open === undefined)
        throw new Fault('unavailable', 'tor-down', 'tor does not answer; it is started again', { cause: failure })
      return open
    },
  }
}
