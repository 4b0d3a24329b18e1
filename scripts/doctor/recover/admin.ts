import { toolsImage } from '../../backup/tools-image.ts'
import { CliError } from '../../cli/fail.ts'
import type { Terminal } from '../../cli/run-command.ts'
import { askHostAdminCode, showHostAdminCode } from '../../host/admin-code.ts'
import type { HostSession } from '../../host/open.ts'
import { askAdminCode, showAdminCode } from '../../platform/admin-code.ts'
import type { Home } from '../../platform/home.ts'

const recover = true
const none = (where: string) => new CliError(`authentication of ${where} gave no code`)

/** A new code for an admin of the platform of this machine, also when there is one. Throws CliError, Fault. */
export const recoverAdmin = async (home: Home, { out }: Terminal): Promise<void> => {
  const code = await askAdminCode(home, { recover })
  if (code === undefined) throw none(home.root)
  out(showAdminCode(code))
}

/** The same for the platform of a host. Throws CliError. */
export const recoverHostAdmin = async ({ shell, target }: HostSession, { out }: Terminal): Promise<void> => {
  const image = await toolsImage(shell, target.dir, undefined)
  const code = await askHostAdminCode(shell, { dir: target.dir, image, recover })
  if (code === undefined) throw none(shell.name)
  out(showHostAdminCode(code, target.host))
}
