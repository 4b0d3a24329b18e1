import { plainMessage } from '#common/acceptance/probe-client'
import { faultOf } from '#common/http/problem'
import { type AskEdge, askAsOperator } from './ask.ts'

const EX_USAGE = 64

/**
 * Asks authentication, as the operator, for the one-time code of an admin, and prints it as JSON: `{ code, expires }`, or
 * `{}` when there is an admin already. 0: it answered; 1: it did not; 64: the words are wrong.
 */
export const runAdminCode = async (words: readonly string[], edge: AskEdge): Promise<number> => {
  if (words.some((word) => word !== '--recover')) {
    edge.err('server-tools: admin-code takes --recover alone: a code also when there is an admin\n')
    return EX_USAGE
  }
  try {
    const asked = { ...edge, body: { recover: words.length > 0 } }
    const { status, body } = await askAsOperator('authentication', '/auth/admin-code', asked)
    const fault = status < 300 ? undefined : faultOf(status, body, 'authentication')
    if (fault !== undefined && fault.code !== 'admin-exists') throw fault
    edge.out(`${JSON.stringify(fault === undefined ? body : {})}\n`)
    return 0
  } catch (error) {
    edge.err(`server-tools: authentication gave no code: ${plainMessage(error)}\n`)
    return 1
  }
}
