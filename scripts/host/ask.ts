import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Call } from '#common/http/client'
import { faultOf } from '#common/http/problem'
import { Fault } from '#common/process/fault'
import { CliError } from '../cli/fail.ts'
import type { Shell } from './shell.ts'
import { OUR_USER, toolCommand } from './tool-run.ts'

const Answer = Type.Object({ status: Type.Integer(), body: Type.Unknown() })

/** How a container of a host's server-tools calls the services there as the operator, whose key stays there. */
export const operatorTool = (
  words: readonly string[],
  { dir, image }: { readonly dir: string; readonly image: string },
): string => {
  const source = `${dir}/secrets/operator/IDENTITY_KEY`
  const key = { type: 'bind', source, target: '/run/secrets/IDENTITY_KEY', access: 'read' } as const
  return toolCommand(image, words, { caps: [], mounts: [key], network: 'host', user: OUR_USER })
}

/** The way to what a service of a host shows the operator (GET). Throws Fault `unreachable`, and what the service says. */
export const hostCall =
  (shell: Shell, at: { readonly dir: string; readonly image: string }, service: string): Call =>
  async (path) => {
    const { code, out, err } = await shell.run(operatorTool(['ask', service, path], at))
    if (code !== 0) throw new Fault('unavailable', 'unreachable', `${shell.name}: ${err.trim().split('\n').at(-1)}`)
    const answer: unknown = JSON.parse(out)
    if (!Value.Check(Answer, answer)) throw new CliError(`${shell.name}: that is no answer of ${service}`)
    if (answer.status >= 300) throw faultOf(answer.status, answer.body, service)
    return Response.json(answer.body)
  }
