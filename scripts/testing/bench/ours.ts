import { ok } from '#common/http/client'
import { entryFile } from '../../cli/entry.ts'
import type { Prepared } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { exportBundle } from '../../session/bundle-file.ts'
import { fileInput } from '../../session/file-input.ts'
import { defaultOwner } from '../../session/owner.ts'
import { type Clients, upload } from '../../session/upload.ts'
import { waitForAnchor } from '../../session/wait-for-anchor.ts'
import { type Peak, pssOf, watchMemory } from './memory.ts'
import { runTool } from './peer-commands.ts'

/** Idle is measured after the start has settled, ms. */
const SETTLE = 3_000
const SEALED = ['anchoring', 'anchored']

const listPids = (platform: Prepared): Readonly<Record<string, number>> =>
  Object.fromEntries(platform.views().flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid]])))

const record = async (clients: Clients, owner: string, path: string) => {
  const input = await fileInput(path)
  const from = performance.now()
  const { id } = await upload(clients, { owner, input, onProgress: () => {} }).finally(input.close)
  let sealedMs = Number.NaN
  await waitForAnchor(clients, id, {
    patience: 60_000,
    onState: (state) => {
      if (Number.isNaN(sealedMs) && SEALED.includes(state)) sealedMs = performance.now() - from
    },
  })
  return { id, sealedMs }
}

/** What is measured of the real services, once their start has settled. */
export const openOurs = async (platform: Prepared) => {
  await Bun.sleep(SETTLE)
  const pids = listPids(platform)
  const clients = operatorClients(platform.home)
  const owner = defaultOwner(platform.home)
  const { sealer_public_key: trust } = await ok(clients.chain().chain.get())
  return {
    /** All processes' memory together, MiB (PSS). */
    idle: Object.values(pids).reduce((sum, pid) => sum + pssOf(pid), 0),
    /** Records a file until it is anchored. `sealedMs`: until every byte is durable and the manifest signed. */
    record: (path: string) => record(clients, owner, path),
    /** Exports a session to a file and runs the verifier over it as its users do. Milliseconds of the verifier. */
    verify: async (session: string, file: string): Promise<number> => {
      await exportBundle(clients, session, { file, onProgress: () => {} })
      return runTool([process.execPath, entryFile('verify'), file, '--trust', trust])
    },
    /** The peak memory of each service while it records a file. */
    peaks: async (path: string): Promise<Readonly<Record<string, Peak>>> => {
      const watch = watchMemory(pids, 100)
      try {
        await record(clients, owner, path)
      } finally {
        watch.stop()
      }
      return watch.stop()
    },
  }
}

export type Ours = Awaited<ReturnType<typeof openOurs>>
