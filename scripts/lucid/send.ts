import { bytes, rate } from '#common/cli/format'
import { detectStyle } from '#common/cli/style'
import { EXIT_NO_INPUT } from '#common/cli/sysexits'
import type { Print } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { progress, throttle } from '../cli/progress.ts'
import type { Account } from './account.ts'
import { readAnswer } from './answer.ts'
import { type Api, data } from './api.ts'

/** Throws CliError for a file that is not there: before a session is begun for it. */
export const requireInput = async (path: string): Promise<void> => {
  if (path !== '-' && !(await Bun.file(path).exists()))
    throw new CliError(`there is no file ${path}`, { exitCode: EXIT_NO_INPUT })
}

/** The bytes of a file from `offset` on, or of standard input (`-`), which has no beginning to go back to. */
const openInput = async (path: string, offset: number): Promise<ReadableStream<Uint8Array>> => {
  await requireInput(path)
  return path === '-' ? Bun.stdin.stream() : Bun.file(path).slice(offset).stream()
}

/** Tells of every piece that goes through. */
const counted = (onBytes: (count: number) => void) =>
  new TransformStream<Uint8Array, Uint8Array>({
    transform: (piece, to) => {
      onBytes(piece.length)
      to.enqueue(piece)
    },
  })

/**
 * Sends a file or standard input into a session: a file that was begun before goes on behind what arrived. The session
 * stays open, so that more can follow. Answers how many bytes it has.
 */
export const sendInput = async (
  { account, client }: { readonly account: Account; readonly client: Api },
  id: string,
  { input, append, err }: { readonly input: string; readonly append: boolean; readonly err: Print },
): Promise<number> => {
  const { received, acknowledged } = await data(
    client.GET('/api/v1/sessions/{id}/recording', { params: { path: { id } } }),
  )
  // A file is given again from what is durable, which any recorder takes; standard input has nothing but what follows.
  const offset = append || input === '-' ? received : acknowledged
  const screen = progress(err, detectStyle(process.stderr, process.env))
  const due = throttle(2_000, () => performance.now())
  due()
  const began = performance.now()
  let sent = 0
  const count = (length: number) => {
    sent += length
    const shown = `sending  ${bytes(sent)}, ${rate(sent, performance.now() - began)}`
    if (due()) screen.show(shown, shown)
  }
  const body = (await openInput(input, append ? 0 : offset)).pipeThrough(counted(count))
  const path = `/api/v1/sessions/${id}/stream`
  const query = `offset=${offset}&end=false&whole=true`
  try {
    await readAnswer(await account.fetch(`${account.base(path)}${path}?${query}`, { method: 'PATCH', body }))
  } catch (error) {
    const again = input === '-' ? '' : `; what arrived is kept: bun run lucid session send ${id} --input ${input}`
    throw new CliError(`the recording broke off: ${error instanceof Error ? error.message : 'unknown'}${again}`, {
      cause: error,
    })
  } finally {
    screen.done()
  }
  return offset + sent
}
