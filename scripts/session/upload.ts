import { ok } from '#common/http/client'
import { Fault } from '#common/process/fault'
import { CliError } from '../cli/fail.ts'
import type { operatorClients } from '../platform/session-client.ts'
import type { Input } from './input.ts'
import { orUnreachable } from './unreachable.ts'

export type Clients = ReturnType<typeof operatorClients>

/** How a recording stands. `acknowledged` bytes are durable; `complete` when they are all there were. */
export type Progress = {
  readonly id: string
  readonly state: string
  readonly acknowledged: number
  readonly chunks: number
  readonly complete: boolean
}

/** Milliseconds between two looks at the progress, and how long a pipeline that is away is waited for. */
const LOOK_EVERY = 200
const PATIENCE = 90_000
const NO_DEADLINE = 2 ** 31 - 1

const retryable = (error: unknown): boolean => {
  if (!(error instanceof Fault)) return error instanceof Error && !(error instanceof CliError)
  return (
    error.kind === 'unavailable' ||
    [
      'offset-differs',
      'stream-busy',
      'cut-off',
      'window-lost',
      'fenced',
      'tail-missing',
      'no-problem-document',
    ].includes(error.code)
  )
}

const readProgress = (clients: Clients, id: string): Promise<Progress> =>
  orUnreachable(() => ok(clients.recorder().recordings({ id }).get()))

/** Looks again and again until the recorder answers. Throws what it says, or CliError after `PATIENCE`. */
const waitForRecorder = async (clients: Clients, id: string): Promise<Progress> => {
  const until = performance.now() + PATIENCE
  for (;;) {
    try {
      return await readProgress(clients, id)
    } catch (error) {
      if (!retryable(error)) throw error
      if (performance.now() > until)
        throw new CliError('the recorder does not answer; bun run status shows what is down', {
          cause: error,
        })
      await Bun.sleep(LOOK_EVERY)
    }
  }
}

/**
 * Sends an input through the recorder until all of it is durable and the session sealed, going on from what
 * is acknowledged whenever something on the way dies. Throws the Fault that ended it.
 */
export const upload = async (
  clients: Clients,
  {
    owner,
    input,
    onProgress,
  }: { readonly owner: string; readonly input: Input; readonly onProgress: (at: Progress) => void },
): Promise<Progress> => {
  const { id } = await ok(clients.recorder().recordings.start.post({ owner }))
  const over = Promise.withResolvers<'over'>()
  const report = (at: Progress) => {
    input.acknowledge(at.acknowledged)
    onProgress(at)
  }
  const watching = (async () => {
    while ((await Promise.race([Bun.sleep(LOOK_EVERY), over.promise])) !== 'over') {
      const at = await readProgress(clients, id).catch(() => undefined)
      if (at) report(at)
    }
  })()
  try {
    let offset = 0
    let best = 0
    let until = performance.now() + PATIENCE
    for (;;) {
      try {
        const body = input.from(offset)
        const path = `/recordings/${id}/stream?offset=${offset}&end=true&whole=true`
        await orUnreachable(() =>
          clients.raw('session-recorder', NO_DEADLINE)(path, { method: 'PATCH', body }),
        )
        break
      } catch (error) {
        if (!retryable(error) || performance.now() > until) throw error
        await Bun.sleep(LOOK_EVERY)
      }
      const at = await waitForRecorder(clients, id)
      if (at.state !== 'recording') break
      offset = at.acknowledged
      if (offset > best) {
        best = offset
        until = performance.now() + PATIENCE
      }
    }
    const at = await waitForRecorder(clients, id)
    report(at)
    return at
  } finally {
    over.resolve('over')
    await watching
  }
}
