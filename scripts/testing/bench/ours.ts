import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ok } from '#common/http/client'
import { entryFile } from '../../cli/entry.ts'
import { CliError } from '../../cli/fail.ts'
import { live } from '../../cli/run.ts'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { RECORDING } from '../../platform/source.ts'
import { exportBundle } from '../../session/bundle-file.ts'
import { fileInput } from '../../session/input.ts'
import { defaultOwner } from '../../session/owner.ts'
import { type Clients, upload } from '../../session/upload.ts'
import { waitForAnchor } from '../../session/wait-for-anchor.ts'
import { type Peak, pssOf, watchMemory } from './memory.ts'

/** The real services as processes of their own, in a throw-away state folder. */
export type Ours = {
  /** Milliseconds from the command to everything healthy, and all processes' idle memory, MiB (PSS). */
  readonly upMs: number
  readonly idle: number
  /** Records a file. `sealedMs`: until every byte is durable and the manifest signed. */
  readonly record: (
    input: string,
  ) => Promise<{ readonly id: string; readonly sealedMs: number; readonly anchoredMs: number }>
  readonly export: (session: string, file: string) => Promise<void>
  /** Runs the verifier as its users do. Milliseconds. */
  readonly verify: (bundle: string) => Promise<number>
  readonly memory: <R>(
    work: () => Promise<R>,
  ) => Promise<{ readonly result: R; readonly peaks: Readonly<Record<string, Peak>> }>
  readonly stop: () => Promise<void>
}

const listPids = (platform: Prepared): Readonly<Record<string, number>> =>
  Object.fromEntries(platform.views().flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid]])))

/** Idle is measured after the start has settled, ms. */
const SETTLE = 3_000
const SEALED = ['anchoring', 'anchored']

const record = async (clients: Clients, owner: string, path: string) => {
  const input = await fileInput(path)
  const from = performance.now()
  const { id } = await upload(clients, { owner, input, onProgress: () => {} })
  let sealedMs = Number.NaN
  await waitForAnchor(clients, id, {
    patience: 60_000,
    onState: (state) => {
      if (Number.isNaN(sealedMs) && SEALED.includes(state)) sealedMs = performance.now() - from
    },
  })
  return { id, sealedMs, anchoredMs: performance.now() - from }
}

const verify = async (bundle: string, trust: string): Promise<number> => {
  const ran = await live([process.execPath, entryFile('verify'), bundle, '--trust', trust])
  if (ran.code !== 0) throw new CliError(`verify failed: ${ran.out}${ran.err}`)
  return ran.ms
}

/** Brings the platform up below `folder`. */
export const startOurs = async (folder: string): Promise<Ours> => {
  const root = await mkdtemp(join(folder, 'home-'))
  const began = performance.now()
  const platform = await bringUp({ home: root, stacks: RECORDING, ports: 'free', ambient: process.env })
  const upMs = performance.now() - began
  await Bun.sleep(SETTLE)
  const pids = listPids(platform)
  const clients = operatorClients(platform.home)
  const owner = defaultOwner(platform.home)
  const { sealer_public_key: trust } = await ok(clients.chain().chain.get())
  return {
    upMs,
    idle: Object.values(pids).reduce((sum, pid) => sum + pssOf(pid), 0),
    record: (path) => record(clients, owner, path),
    export: async (session, file) => {
      await exportBundle(clients, session, { file, onProgress: () => {} })
    },
    verify: (bundle) => verify(bundle, trust),
    memory: async (work) => {
      const watch = watchMemory(pids, 100)
      const result = await work().catch((error) => {
        watch.stop()
        throw error
      })
      return { result, peaks: watch.stop() }
    },
    stop: async () => {
      await platform.stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}
