import { errorCode } from '../process/error.ts'

/** Where a program writes: what comes here is escaped already (`printer` of `text.ts`). */
export type Streams = { readonly out: (text: string) => void; readonly err: (text: string) => void }

/** Those of this process. */
export const streams: Streams = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
}

/** Calls back once when a result cannot be written, with the system's code. A reader that has left (`| head`) is no loss. */
export const onOutputLost = (tell: (code: string) => void): void => {
  let lost = false
  process.stdout.on('error', (error) => {
    if (lost || errorCode(error) === 'EPIPE') return
    lost = true
    tell(errorCode(error))
  })
}

/** Resolves when all that was written has left this process. */
export const flushStreams = async (): Promise<void> => {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((flushed) => void stream.write('', () => flushed()))
}
