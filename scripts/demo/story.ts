import { rmSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytes, duration, plural, rate } from '#common/cli/format'
import { detectStyle } from '#common/cli/style'
import { ok } from '#common/http/client'
import { limiter } from '#common/stream/limiter'
import { CliError } from '../cli/fail.ts'
import { prepare } from '../platform/platform.ts'
import { operatorClients, ownerKey } from '../platform/session-client.ts'
import { RECORDING } from '../platform/source.ts'
import { withStore } from '../platform/store-env.ts'
import { exportBundle } from '../session/bundle-file.ts'
import { fileInput } from '../session/input.ts'
import { defaultOwner } from '../session/owner.ts'
import { upload } from '../session/upload.ts'
import { waitForAnchor } from '../session/wait-for-anchor.ts'
import { disposableDatabases } from '../store/disposable-databases.ts'
import { ATTEMPTS, type Attempt, judge, type Outcome } from './attempts.ts'
import { type Chapter, hasColour, renderChapter } from './chapter.ts'
import { renderClosing } from './closing.ts'
import { countRepeats, writeLooped } from './loop.ts'
import { takeRecording } from './recording.ts'
import type { Scope } from './scope.ts'
import { disassemble } from './tamper.ts'
import { runVerifier } from './verifier.ts'

type Stream = { readonly isTTY?: boolean; readonly columns?: number }

export type DemoResult = {
  readonly ok: boolean
  readonly session_id: string
  readonly merkle_root: string | undefined
  readonly tx_hash: string | undefined
  readonly block: number | undefined
  readonly recording: string
  readonly bytes: number
  readonly folder?: string
  readonly outcomes: readonly Outcome[]
}

const ANCHOR_PATIENCE = 60_000
/** Verifications at once: one for each core of a small machine. */
const AT_ONCE = 2

const sameFile = async (a: string, b: string): Promise<boolean> => {
  const digest = async (path: string) => {
    const hash = new Bun.CryptoHasher('sha256')
    for await (const piece of Bun.file(path).stream()) hash.update(piece)
    return hash.digest('hex')
  }
  return (await digest(a)) === (await digest(b))
}

/** Tells and does the demo, chapter by chapter, below a folder of its own that it removes unless `keep`. */
export const tellStory = async ({
  scope,
  write,
  stream,
  input,
  store,
  keep,
}: {
  readonly scope: Scope
  readonly write: (text: string) => void
  readonly stream: Stream
  readonly input: string | undefined
  /** Database of the services; their own files when undefined. */
  readonly store: string | undefined
  readonly keep: boolean
}): Promise<DemoResult> => {
  const colour = hasColour(stream, process.env)
  const style = detectStyle(stream, process.env)
  const head = (name: Chapter) => write(renderChapter(name, colour))
  const say = (line: string) => write(`  ${line}\n`)
  const { signal } = scope

  const folder = await mkdtemp(join(tmpdir(), 'lucid-demo-'))
  scope.defer({
    kind: 'files',
    close: async () => {
      if (!keep) await rm(folder, { recursive: true, force: true })
    },
    closeNow: () => {
      if (!keep) rmSync(folder, { recursive: true, force: true })
    },
  })

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
    stacks: RECORDING,
    ports: 'free',
    ambient: withStore(process.env, database?.fresh()),
  })
  scope.defer({ kind: 'process', close: () => platform.stop(), closeNow: () => platform.stopNow() })
  await platform.start()
  signal.throwIfAborted()
  say(`${plural(platform.views().length, 'service')} healthy in ${duration(performance.now() - began)}`)
  say(
    `documents in ${database === undefined ? 'bun:sqlite files' : `a database of their own (${database.server})`}`,
  )

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

  head('record')
  const clients = operatorClients(platform.home)
  // The chain is away at first, for the bundle of a session that is sealed and not anchored.
  await platform.halt('on-system-chain-client')
  const from = performance.now()
  const at = await upload(clients, {
    owner: defaultOwner(platform.home),
    input: await fileInput(original),
    onProgress: () => {},
  })
  signal.throwIfAborted()
  say(`session      ${at.id}`)
  say(
    `durable      ${bytes(at.acknowledged)} in ${plural(at.chunks, 'chunk')}, ${rate(size, performance.now() - from)}`,
  )
  const pending = join(folder, 'pending.lucid.tar')
  await sealed(clients, at.id)
  await exportBundle(clients, at.id, { file: pending, onProgress: () => {} })

  head('anchor')
  await platform.restart('on-system-chain-client')
  const session = await waitForAnchor(clients, at.id, { patience: ANCHOR_PATIENCE, onState: () => {} })
  signal.throwIfAborted()
  if (session.anchor === undefined)
    throw new CliError(`the session is still ${session.state}: it was not anchored in time`)
  say(`merkle root  ${session.merkle_root}`)
  say(`transaction  ${session.anchor.tx_hash}`)
  say(`block        ${session.anchor.block.number}, ${session.anchor.block.hash}`)

  head('export')
  const bundle = join(folder, 'evidence.lucid.tar')
  const key = ownerKey(platform.home).reveal()
  const exported = await exportBundle(clients, at.id, { file: bundle, ownerKey: key, onProgress: () => {} })
  const { sealer_public_key: trust } = await ok(clients.chain().chain.get())
  say(
    `${bytes(exported.bytes)}: ${plural(exported.chunks, 'chunk')}, manifest, signature, anchor, and the key`,
  )

  head('verify')
  await platform.stop()
  say('the platform is stopped')
  const decrypted = join(folder, 'decrypted.bin')
  const seen = await runVerifier({ bundle, trust, decrypt: decrypted, signal })
  for (const { check, ok: holds, detail } of seen.checks)
    say(`${holds === true ? 'ok  ' : 'NO  '} ${check.padEnd(10)} ${detail}`)
  const genuine: Outcome = {
    tried: 'the genuine bundle',
    expected: 'exit 0: all of it holds',
    seen: `exit ${seen.exit}: ${seen.exit === 0 ? 'all of it holds' : 'something is wrong'}`,
    ok: seen.exit === 0,
  }
  const same = (await Bun.file(decrypted).exists()) && (await sameFile(original, decrypted))
  const compared: Outcome = {
    tried: 'decrypted and compared with the recording',
    expected: 'the same bytes',
    seen: same ? 'the same bytes' : 'other bytes',
    ok: same,
  }
  say(
    `${same ? 'ok  ' : 'NO  '} decrypted  ${same ? 'every byte is as it was recorded' : 'differs from what was recorded'}`,
  )

  head('tamper')
  const parts = disassemble(new Uint8Array(await readFile(bundle)))
  const subjectOf = async ({ subject }: Attempt, n: number): Promise<string> => {
    if (subject === 'anchored') return bundle
    if (subject === 'pending') return pending
    const file = join(folder, `forged-${n}.lucid.tar`)
    await writeFile(file, subject(parts))
    return file
  }
  const slot = limiter(AT_ONCE)
  const caught = await Promise.all(
    ATTEMPTS.map((attempt, n) =>
      slot(async () => {
        signal.throwIfAborted()
        const file = await subjectOf(attempt, n)
        const outcome = judge(
          attempt,
          await runVerifier({ bundle: file, trust: attempt.trust ? trust : undefined, signal }),
        )
        if (file !== bundle && file !== pending) await rm(file)
        say(`${outcome.ok ? 'caught ' : 'MISSED '} ${outcome.tried}: ${outcome.seen}`)
        return outcome
      }),
    ),
  )

  const outcomes = [genuine, compared, ...caught]
  const all = outcomes.every((outcome) => outcome.ok)
  head('closing')
  write(`${renderClosing(outcomes, style)}\n\n`)
  say(all ? `all of it held: ${plural(outcomes.length, 'check')}` : 'NOT ALL OF IT HELD')
  if (keep) say(`kept: ${folder}`)
  return {
    ok: all,
    session_id: at.id,
    merkle_root: session.merkle_root,
    tx_hash: session.anchor.tx_hash,
    block: session.anchor.block.number,
    recording: recording.source,
    bytes: size,
    ...(keep ? { folder } : {}),
    outcomes,
  }
}

/** Resolves when the manifest of a session is signed. */
const sealed = async (clients: ReturnType<typeof operatorClients>, id: string): Promise<void> => {
  const until = Date.now() + ANCHOR_PATIENCE
  for (;;) {
    const { state, error } = await ok(clients.orchestrator().sessions({ id }).get())
    if (state === 'anchoring' || state === 'anchored') return
    if (state === 'failed' || Date.now() > until)
      throw new CliError(`the session is ${state}: ${error ?? 'not sealed in time'}`)
    await Bun.sleep(100)
  }
}
