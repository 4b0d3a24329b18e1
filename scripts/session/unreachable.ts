import { Fault } from '#common/process/fault'
import { CliError } from '../cli/fail.ts'

/**
 * Asks something of the platform. Where it, or the service, is between two lives there is nobody to ask at
 * all; that is the same Fault `unreachable` as a connection that fails, so that it is waited for like one.
 */
export const orUnreachable = async <R>(ask: () => Promise<R>): Promise<R> => {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof CliError) throw new Fault('unavailable', 'unreachable', error.message)
    throw error
  }
}
