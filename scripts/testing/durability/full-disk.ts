import { type Call, ok } from '#common/http/client'
import { Fault } from '#common/process/fault'
import type { Clients } from '../../session/upload.ts'
import { bytesOf, type Source } from './source.ts'

const MINUTES = 5 * 60_000

/** Sends the source of a recording from where it stands, and answers the code of the Fault that stops it, if any. */
export const sendRest = async (
  clients: Clients,
  id: string,
  source: Source,
): Promise<{ readonly stands: number; readonly fault: string | undefined }> => {
  const progress = () => ok(clients.recorder().recordings({ id }).get())
  const raw: Call = clients.raw('session-recorder', MINUTES)
  const { acknowledged } = await progress()
  const body = bytesOf(source, acknowledged, source.size)
  const fault = await raw(`/recordings/${id}/stream?offset=${acknowledged}&end=true&whole=true`, {
    method: 'PATCH',
    body,
  }).then(
    () => undefined,
    (error) => {
      if (error instanceof Fault) return `${error.kind} ${error.code}`
      throw error
    },
  )
  return { stands: (await progress()).acknowledged, fault }
}
