import { ok } from '#common/http/client'
import { Fault } from '#common/process/fault'
import { CliError } from '../cli/fail.ts'
import type { operatorClients } from '../platform/session-client.ts'
import type { Input } from './input.ts'
import { orUnreachable } from './unreachable.ts'

export type Clients = ReturnType<typeof operatorClients>

/** Milliseconds between two looks at the progress, and how long a pipeline that is away is waited for. */
const LOOK_EVERY = 200
const PATIENCE = 90_000
const NO_DEADLINE = 2 ** 31 - 1
/** Characters of a reason in a manifest, all of them printable ASCII. */
const LONGEST_REASON = 200
const NOTHING = 'the source gave no byte'

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

const toReason = (fault: string): string => fault.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_REASON)

/** How a recording stands. `acknowledged` bytes are durable; `complete` when they are all there were. */
const readProgress = (clients: Clients, id: string) =>
  orUnreachable(() => ok(clients.recorder().recordings({ id }).get()))

type Progress = Awaited<ReturnType<typeof readProgress>>

/** A recording that has ended; `fault` = what the input said is missing, as the manifest states it. */
export type Uploaded = Progress & { readonly fault?: string }

/** Looks again and again until the recorder answers. Throws what it says, or CliError after `PATIENCE`. */
const waitForRecorder = async (clients: Clients, id: string): Promise<Progress> => {
  const until = performance.now() + PATIENCE
  for (;;) {
    try {
      return await readProgress(clients, id)
    } catch (error) {
      if (!retryable(error)) throw error
      if (performance.now() > until)
        throw new CliError('the recorder does not answer; bun run status shows what is down', { cause: error })
      await Bun.sleep(LOOK_EVERY)
    }
  }
}

/** Sends a piece of the stream; answers how the recording stands after it. */
const patch = async (
  clients: Clients,
  id: string,
  {
    offset,
    end,
    body,
  }: { readonly offset: number; readonly end: boolean; readonly body: ReadableStream<Uint8Array> | string },
): Promise<Progress> => {
  const path = `/recordings/${id}/stream?offset=${offset}&end=${end}&whole=true`
  const reply = await orUnreachable(() => clients.raw('session-recorder', NO_DEADLINE)(path, { method: 'PATCH', body }))
  return (await reply.json()) as Progress // the reply of the route
}

/** Says how a recording ended: well, or with what the input knows to be missing. */
const endRecording = async (
  clients: Clients,
  id: string,
  { received, fault }: { readonly received: number; readonly fault: string | undefined },
): Promise<void> => {
  if (fault === undefined) await patch(clients, id, { offset: received, end: true, body: '' })
  else
    await orUnreachable(() =>
      ok(
        clients
          .recorder()
          .recordings({ id })
          .stop.post({ reason: toReason(fault) }),
      ),
    )
}

/**
 * Sends until the recording has ended, going on from what is acknowledged whenever something on the way dies. Answers
 * what the input said is missing.
 */
const sendAll = async (clients: Clients, id: string, input: Input): Promise<string | undefined> => {
  let fault: string | undefined
  let offset = 0
  let best = 0
  let until = performance.now() + PATIENCE
  for (;;) {
    try {
      const { received } = await patch(clients, id, { offset, end: false, body: input.from(offset) })
      fault = (await input.fault()) ?? (received === 0 ? NOTHING : undefined)
      await endRecording(clients, id, { received, fault })
      return fault
    } catch (error) {
      if (!retryable(error) || performance.now() > until) throw error
      await Bun.sleep(LOOK_EVERY)
    }
    const at = await waitForRecorder(clients, id)
    if (at.state !== 'recording') return fault
    offset = at.acknowledged
    if (offset > best) {
      best = offset
      until = performance.now() + PATIENCE
    }
  }
}

/** Tells how the recording stands, some times a second, until `over`. */
const watchProgress = async (
  clients: Clients,
  id: string,
  { over, report }: { readonly over: Promise<'over'>; readonly report: (at: Progress) => void },
): Promise<void> => {
  while ((await Promise.race([Bun.sleep(LOOK_EVERY), over])) !== 'over') {
    const at = await readProgress(clients, id).catch(() => undefined)
    if (at) report(at)
  }
}

export type UploadOptions = {
  readonly owner: string
  /** The owner's X25519 public key (hex), to which the session key is sealed. */
  readonly sealTo?: string | undefined
  /** Opened when the session has its id. */
  readonly input: Input | (() => Input)
  readonly onStart?: (id: string, input: Input) => void
  readonly onProgress: (at: Progress) => void
}

/**
 * Sends an input through the recorder until all of it is durable and the session sealed, and closes it. An input that
 * is not all there was ends the recording abnormally, with its reason. Throws the Fault that ended it.
 */
export const upload = async (
  clients: Clients,
  { owner, sealTo, input: given, onStart, onProgress }: UploadOptions,
): Promise<Uploaded> => {
  const { id } = await ok(
    clients.recorder().recordings.start.post({ owner, ...(sealTo === undefined ? {} : { owner_x25519: sealTo }) }),
  )
  const input = typeof given === 'function' ? given() : given
  onStart?.(id, input)
  const over = Promise.withResolvers<'over'>()
  const report = (at: Progress) => {
    input.acknowledge(at.acknowledged)
    onProgress(at)
  }
  const watching = watchProgress(clients, id, { over: over.promise, report })
  try {
    const fault = await sendAll(clients, id, input)
    const at = await waitForRecorder(clients, id)
    report(at)
    return fault === undefined ? at : { ...at, fault }
  } finally {
    over.resolve('over')
    await Promise.all([watching, input.close()])
  }
}
