import { join } from 'node:path'
import { bytes, duration, plural, rate } from '#common/cli/format'
import { ok } from '#common/http/client'
import { fromHex } from '#common/stream/bytes'
import { CliError } from '../cli/fail.ts'
import type { Home } from '../platform/home.ts'
import { prepare } from '../platform/platform.ts'
import { readSecret } from '../platform/secrets.ts'
import { operatorClients, ownerKey } from '../platform/session-client.ts'
import { RECORDING } from '../platform/source.ts'
import { withStore } from '../platform/store-env.ts'
import { exportBundle } from '../session/bundle-file.ts'
import { fileInput } from '../session/file-input.ts'
import { defaultOwner } from '../session/owner.ts'
import { upload } from '../session/upload.ts'
import { waitForAnchor } from '../session/wait-for-anchor.ts'
import { disposableDatabases } from '../store/disposable-databases.ts'
import { countRepeats, writeLooped } from './loop.ts'
import { takeRecording } from './recording.ts'
import type { Teller } from './teller.ts'

type Platform = Awaited<ReturnType<typeof prepare>>
type Clients = ReturnType<typeof operatorClients>

/** What was recorded: the ids of the whole recording and of the one that was cut off. */
type Recorded = { readonly clients: Clients; readonly id: string; readonly cutOff: string }

const ANCHOR_PATIENCE = 60_000

/** Starts the platform; `store` is the database of the services, their own files when undefined. */
export const bringUpChapter = async (
  { head, say, scope, signal, folder, keep }: Teller,
  store: string | undefined,
): Promise<Platform> => {
  head('up')
  const database = store === undefined ? undefined : await disposableDatabases(store, 'lucid_demo')
  if (database !== undefined)
    scope.defer({
      kind: 'files',
      close: async () => {
        if (!keep) await database.drop()
      },
      closeNow: () => {}, // what is left behind is one database that says what it is
    })
  const began = performance.now()
  const platform = await prepare({
    home: join(folder, 'home'),
    stacks: ['core', ...RECORDING],
    env: { 'tor-proxy': { TOR_NETWORK: 'off' } },
    ports: 'free',
    ambient: withStore(process.env, database?.fresh()),
  })
  scope.defer({ kind: 'process', close: () => platform.stop(), closeNow: () => platform.stopNow() })
  await platform.start()
  signal.throwIfAborted()
  say(`${plural(platform.views().length, 'service')} healthy in ${duration(performance.now() - began)}`)
  say(`documents in ${database === undefined ? 'bun:sqlite files' : `a database of their own (${database.server})`}`)
  return platform
}

/** Takes a screen recording and plays it over until it is more than three chunks. */
export const screenChapter = async ({ head, say, scope, signal, folder }: Teller, input: string | undefined) => {
  head('screen')
  const recording = await takeRecording({
    input,
    path: process.env['PATH'] ?? '',
    folder,
    signal,
    onEnd: (stop) => scope.defer({ kind: 'process', close: stop, closeNow: () => void stop() }),
    onLive: () => say('a few seconds of a real screen are being recorded ...'),
  })
  const times = countRepeats(recording.size)
  const original = join(folder, 'recording.bin')
  await writeLooped(recording.file, original, { times, signal })
  const size = Bun.file(original).size
  say(recording.description)
  say(
    times === 1
      ? bytes(size)
      : `${bytes(recording.size)}, played over ${times} times to be more than three chunks: ${bytes(size)}`,
  )
  return { original, size, source: recording.source }
}

/** Resolves when the manifest of a session is signed. */
const waitForSeal = async (clients: Clients, id: string): Promise<void> => {
  const until = performance.now() + ANCHOR_PATIENCE
  for (;;) {
    const { state, error } = await ok(clients.orchestrator().sessions({ id }).get())
    if (state === 'anchoring' || state === 'anchored') return
    if (state === 'failed' || performance.now() > until)
      throw new CliError(`the session is ${state}: ${error ?? 'not sealed in time'}`)
    await Bun.sleep(100)
  }
}

const CUT_AFTER = 1024 * 1024
/** How long its source says nothing before it is given up, ms. */
const SILENCE = 1_000

/** A second recording whose source is cut off: some bytes, silence, and never an end. */
const breakOff = async (clients: Clients, owner: string, original: string): Promise<string> => {
  const { id } = await ok(clients.recorder().recordings.start.post({ owner }))
  await clients.raw('session-recorder')(`/recordings/${id}/stream?offset=0&end=false`, {
    method: 'PATCH',
    body: await Bun.file(original).slice(0, CUT_AFTER).bytes(),
  })
  await Bun.sleep(SILENCE)
  await ok(clients.recorder().recordings({ id }).stop.post({ reason: 'the source was cut off' }))
  return id
}

/** Sends the recording, and exports it once while the chain is away. */
export const recordChapter = async (
  { head, say, signal, folder }: Teller,
  { platform, original, size }: { readonly platform: Platform; readonly original: string; readonly size: number },
) => {
  head('record')
  const clients = operatorClients(platform.home)
  // The chain is away at first, for the bundle of a session that is sealed and not anchored.
  await platform.halt('on-system-chain-client')
  const from = performance.now()
  const input = await fileInput(original)
  const at = await upload(clients, { owner: defaultOwner(platform.home), input, onProgress: () => {} }).finally(
    input.close,
  )
  signal.throwIfAborted()
  say(`session      ${at.id}`)
  say(
    `durable      ${bytes(at.acknowledged)} in ${plural(at.chunks, 'chunk')}, ${rate(size, performance.now() - from)}`,
  )
  const pending = join(folder, 'pending.lucid.tar')
  await waitForSeal(clients, at.id)
  await exportBundle(clients, at.id, { file: pending, onProgress: () => {} })
  const cutOff = await breakOff(clients, defaultOwner(platform.home), original)
  say(`broken off   ${cutOff}, a second one whose source is cut off after ${bytes(CUT_AFTER)}`)
  return { clients, id: at.id, pending, cutOff }
}

/** What this throw-away ledger seals its blocks with. */
const ledgerKey = (home: Home) => readSecret(home, 'blockchain-ledger', 'LEDGER_KEY')

/** Brings the chain back and waits for the anchor. */
export const anchorChapter = async (
  { head, say, signal }: Teller,
  { platform, clients, id, cutOff }: Recorded & { readonly platform: Platform },
) => {
  head('anchor')
  await platform.restart('on-system-chain-client')
  const [session, broken] = await Promise.all(
    [id, cutOff].map((one) => waitForAnchor(clients, one, { patience: ANCHOR_PATIENCE, onState: () => {} })),
  )
  signal.throwIfAborted()
  if (broken?.anchor === undefined) throw new CliError('the recording that broke off was not anchored in time')
  const { anchor, merkle_root, state } = session ?? {}
  if (anchor === undefined) throw new CliError(`the session is still ${state}: it was not anchored in time`)
  say(`merkle root  ${merkle_root}`)
  say(`transaction  ${anchor.tx_hash}`)
  say(`block        ${anchor.block.number}, ${anchor.block.hash}`)
  return { merkle_root, tx_hash: anchor.tx_hash, block: anchor.block.number }
}

/** Writes the evidence with its key, and asks for the key that verifiers trust. */
export const exportChapter = async (
  { head, say, folder }: Teller,
  { platform, clients, id, cutOff }: Recorded & { readonly platform: Platform },
) => {
  head('export')
  const bundle = join(folder, 'evidence.lucid.tar')
  const brokenOff = join(folder, 'broken-off.lucid.tar')
  const key = ownerKey(platform.home).reveal()
  const exported = await exportBundle(clients, id, { file: bundle, ownerKey: key, onProgress: () => {} })
  await exportBundle(clients, cutOff, { file: brokenOff, ownerKey: key, onProgress: () => {} })
  const { sealer_public_key: trust } = await ok(clients.chain().chain.get())
  say(`${bytes(exported.bytes)}: ${plural(exported.chunks, 'chunk')}, manifest, signature, anchor, and the key`)
  return { bundle, brokenOff, trust, ledgerKey: fromHex(ledgerKey(platform.home).reveal(), 32) }
}
