import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ok } from '#common/http/client'
import { fileInput } from '../../session/file-input.ts'
import { type Input, streamOf } from '../../session/input.ts'
import { streamInput } from '../../session/stream-input.ts'
import { type Clients, upload } from '../../session/upload.ts'
import type { Journal } from './journal.ts'
import { bytesOf, paced, piecesOf, type Source } from './source.ts'

/** What a client of the recorder works with. `rate`: bytes a second of its source. */
export type Work = {
  readonly clients: Clients
  readonly journal: Journal
  readonly owner: string
  /** A folder for files of its own. */
  readonly folder: string
  readonly rate: number
}

/** Sends one recording and ends as its client does: with all of it durable, or with what ended it. */
export type Recorder = (work: Work, source: Source) => Promise<void>

const ASK_EVERY = 50
const NO_DEADLINE = 2 ** 31 - 1

/** Bytes at the pace of the work; tells when the last one is given. */
const slowly = (pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, { rate, journal }: Work) =>
  (async function* () {
    yield* paced(pieces, { rate, pause: (ms) => Bun.sleep(ms) })
    journal.announce('ending')
  })()

/** Asks for a recording's progress as often as it is answered, until `over`. */
const watch = async ({ clients, journal }: Work, id: string, over: () => boolean): Promise<void> => {
  while (!over()) {
    const at = await (async () => ok(clients.recorder().recordings({ id }).get()))().catch(() => undefined)
    if (at) journal.observe(id, at.acknowledged)
    await Bun.sleep(ASK_EVERY)
  }
}

/** The command line's own way to send, over an input that tells when it is read again. */
const sent = async (work: Work, client: string, source: Source, input: Input): Promise<void> => {
  const { clients, journal, owner } = work
  let id: string | undefined
  let over = false
  let reads = 0
  let watching: Promise<void> | undefined
  const counted: Input = {
    ...input,
    from: (offset) => {
      if (reads++ > 0 && id !== undefined) journal.resume(id)
      return input.from(offset)
    },
  }
  try {
    await upload(clients, {
      owner,
      input: counted,
      onProgress: (at) => {
        id ??= at.id
        journal.begin(at.id, client, source)
        journal.observe(at.id, at.acknowledged)
        watching ??= watch(work, at.id, () => over)
      },
    })
    journal.announce('anchoring')
  } finally {
    over = true
    await watching
  }
}

/** `bun run record --input FILE`: reads again from any place. */
const file: Recorder = async (work, source) => {
  const path = join(work.folder, `${source.seed}.bin`)
  await Bun.write(path, bytesOf(source, 0, source.size))
  const input = await fileInput(path)
  try {
    const from = (offset: number) => streamOf(slowly(input.from(offset), work))
    await sent(work, 'file', source, { ...input, from })
  } finally {
    await input.close()
    await rm(path)
  }
}

/** `bun run record --input -`: what was read and is not acknowledged is kept in memory. */
const stream: Recorder = (work, source) =>
  sent(work, 'stream', source, streamInput(streamOf(slowly(piecesOf(source), work))))

const aborter = () => {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

/** One PATCH; `pieces` are what it sends. */
const once = async (
  work: Work,
  client: string,
  source: Source,
  pieces: (leave: () => void) => AsyncGenerator<Uint8Array>,
): Promise<void> => {
  const { clients, journal, owner } = work
  const { id } = await ok(clients.recorder().recordings.start.post({ owner }))
  journal.begin(id, client, source)
  const { signal, abort } = aborter()
  let over = false
  const watching = watch(work, id, () => over)
  try {
    await clients.raw('session-recorder', NO_DEADLINE)(`/recordings/${id}/stream?offset=0&end=true&whole=true`, {
      method: 'PATCH',
      body: streamOf(pieces(abort)),
      signal,
    })
    journal.announce('anchoring')
  } finally {
    over = true
    await watching
  }
}

/** A client that knows nothing of resuming: one PATCH, and away when it fails. */
const plain: Recorder = (work, source) => once(work, 'plain', source, () => slowly(piecesOf(source), work))

/** A client that goes away before its end: after three quarters of its source. */
const leaver: Recorder = (work, source) =>
  once(work, 'leaver', source, async function* (leave) {
    let sentBytes = 0
    for await (const piece of slowly(piecesOf(source), work)) {
      if (sentBytes > 0.75 * source.size) leave()
      sentBytes += piece.length
      yield piece
    }
  })

export const recorders = { file, stream, plain, leaver } as const
