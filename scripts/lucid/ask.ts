import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import type { Print } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { beforeInterrupt, signalExit } from '../cli/interrupt.ts'

const readLine = (lines: ReturnType<typeof createInterface>): Promise<string> => {
  // However the command ends, the terminal shows again what is typed.
  const forget = beforeInterrupt(() => lines.close())
  return new Promise<string>((resolve, reject) => {
    lines.once('line', resolve)
    lines.once('SIGINT', () => reject(new CliError('not done', { exitCode: signalExit('SIGINT') })))
    lines.once('close', () => reject(new CliError('nothing was typed: nothing was done')))
  }).finally(() => {
    forget()
    lines.close()
  })
}

/** Asks at the terminal; what is typed is not shown. */
export const askHidden = (prompt: string, err: Print): Promise<string> => {
  const output = new Writable({ write: (_piece, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  // Only now, when the terminal shows nothing more.
  err(prompt)
  return readLine(lines).finally(() => err('\n'))
}

/** Asks for one line that is no secret: at the terminal, or the next of standard input. */
export const askLine = async (prompt: string, err: Print): Promise<string> => {
  const { stdin: input, stderr: output } = process
  if (!input.isTTY) {
    err(prompt.replace(/ ?$/, '\n'))
    return (await readLine(createInterface({ input }))).trim()
  }
  const lines = createInterface({ input, output, terminal: true, prompt })
  lines.prompt()
  return (await readLine(lines)).trim()
}
