import { ok } from '#common/http/client'
import { isFault } from '#common/process/fault'
import type { Recording } from './model.ts'
import type { Neighbours } from './neighbours.ts'

type Query = { readonly offset: number; readonly end: string; readonly whole?: string | undefined }

/** A recording as the API shows it: nothing but what it promises. */
const describe = ({ id, state, received, acknowledged, chunks, complete, error }: Recording): Recording => ({
  ...{ id, state, received, acknowledged, chunks, complete },
  ...(error !== undefined && { error }),
})

export type Uploads = ReturnType<typeof uploads>

/** How recordings are fed and ended. */
export const uploads = ({ upload, recorder }: Neighbours) => {
  const patch = async (
    id: string,
    { offset, end, whole = 'false' }: Query,
    init: BunFetchRequestInit,
  ): Promise<Recording> => {
    const path = `/recordings/${id}/stream?offset=${offset}&end=${end}&whole=${whole}`
    const reply = await upload(path, { method: 'PATCH', ...init })
    return describe((await reply.json()) as Recording) // the callee checks its replies against this schema
  }
  const terminate = async (id: string, reason: string): Promise<Recording> =>
    describe(await ok(recorder.recordings({ id }).stop.post({ reason })))
  return {
    state: async (id: string) => describe(await ok(recorder.recordings({ id }).get())),
    /** Passes the body on as it comes; when the sender goes away, the recorder sees it go. */
    stream: (id: string, query: Query, { body, signal }: Request) => patch(id, query, { body: body ?? '', signal }),
    /**
     * Ends it whole, with what was received; with a gap where the recorder has lost some of that. Throws Fault conflict
     * `stream-busy` while its source sends.
     */
    end: async (id: string) => {
      const { received } = await ok(recorder.recordings({ id }).get())
      try {
        return await patch(id, { offset: received, end: 'true' }, { body: '' })
      } catch (error) {
        if (!isFault(error, 'offset-differs')) throw error
        return terminate(id, 'the recorder was restarted, and what its source gave last was not given again')
      }
    },
    /** Ends it with a gap of this reason. */
    terminate,
  }
}
