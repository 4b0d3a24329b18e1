import { type ContainerState, parseContainerState } from '#common/host/facts/container'
import { STATE_FORMAT } from '#common/host/facts/inspect-format'
import { CliError } from '../../cli/fail.ts'
import { commandLine } from '../../host/quote.ts'
import type { ScriptResult } from '../../host/script.ts'

/** The line of sh that asks an engine for the state of containers. */
export const stateScript = (names: readonly string[]): string =>
  commandLine('docker', 'inspect', '--type', 'container', '--format', STATE_FORMAT, ...names)

/** Reads what the engine answered; containers that do not exist are left out. Throws CliError when the engine did not answer. */
export const parseStates = ({ code, out, err }: ScriptResult, host: string): readonly ContainerState[] => {
  const complaints = err.split('\n').filter((one) => one.trim() !== '' && !/no such (?:object|container)/i.test(one))
  if (code !== 0 && complaints.length > 0) throw new CliError(`${host}: ${complaints.at(-1)}`)
  return out
    .split('\n')
    .map(parseContainerState)
    .filter((state) => state !== undefined)
}
