import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { catalog } from '#catalog'
import { CliError } from '../cli/fail.ts'
import { type AdminCode, showAdminCode } from '../platform/admin-code.ts'
import { operatorTool } from './ask.ts'
import { requireSuccess, type Shell } from './shell.ts'

const Answer = Type.Union([
  Type.Object({ code: Type.String({ pattern: '^[0-9A-Z-]+$' }), expires: Type.Integer() }),
  Type.Object({}, { additionalProperties: false }),
])

/** As `askAdminCode`, of a host, by its server-tools with the operator's key. Throws CliError with what it said. */
export const askHostAdminCode = async (
  shell: Shell,
  { dir, image, recover }: { readonly dir: string; readonly image: string; readonly recover: boolean },
): Promise<AdminCode | undefined> => {
  const script = operatorTool(['admin-code', ...(recover ? ['--recover'] : [])], { dir, image })
  const answer: unknown = JSON.parse(await requireSuccess(`${shell.name}: authentication`, shell.run(script)))
  if (!Value.Check(Answer, answer)) throw new CliError(`${shell.name}: that is no code of authentication`)
  return 'code' in answer ? answer : undefined
}

/** The same as the commands to type here: a host publishes its gateway on its own loopback alone. */
export const showHostAdminCode = (code: AdminCode, host: string) => {
  const { hostPort } = catalog['api-gateway']
  return showAdminCode(code, {
    before: host === 'local' ? [] : [`ssh -f -N -L ${hostPort}:127.0.0.1:${hostPort} ${host}`],
    flags: `--url http://127.0.0.1:${hostPort} `,
  })
}
