import { CliError } from '../cli/fail.ts'
import type { Address } from './connection.ts'
import { type Bytes, lastLines, type ScriptOptions, type ScriptResult } from './script.ts'
import { sendScript } from './send.ts'
import { openSession } from './session.ts'

/** A POSIX shell on a host. */
export type Shell = {
  readonly name: string
  /**
   * Runs a script in a subshell of its own; scripts that are asked for at once run one after the other. Throws ConnectionLost
   * when the connection breaks or the time is over: whether the script did its work is then not known. The next call opens a new one.
   */
  readonly run: (script: string, options?: ScriptOptions) => Promise<ScriptResult>
  /** Runs a script on a connection of its own with bytes as its standard input. Throws ConnectionLost as `run` does. */
  readonly send: (script: string, bytes: Bytes, options?: Omit<ScriptOptions, 'input'>) => Promise<ScriptResult>
  readonly close: () => Promise<void>
}

/** Opens a shell. Nothing is started until the first script; refuses a host that looks like a flag. */
export const openShell = (address: Address): Shell => {
  if (address.host.startsWith('-') || address.host.trim() === '')
    throw new CliError(`'${address.host}' is no host: use user@host`)
  const name = address.host === 'local' ? 'this machine' : address.host
  return {
    name,
    ...openSession(name, address),
    send: (script, bytes, options) => sendScript(name, address, script, bytes, options),
  }
}

/** The output of a script that must succeed. Throws CliError with its last words. */
export const requireSuccess = async (what: string, result: Promise<ScriptResult>): Promise<string> => {
  const { code, out, err } = await result
  if (code !== 0)
    throw new CliError(`${what}: ${lastLines(err).at(-1) ?? lastLines(out).at(-1) ?? `exit code ${code}`}`, {
      details: lastLines(err),
    })
  return out
}
