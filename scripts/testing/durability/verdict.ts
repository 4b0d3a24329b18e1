import { readdirSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { aeadEngine } from '#common/engines/aead'
import { blake3Engine } from '#common/engines/blake3'
import { chunkFileName } from '#common/evidence/chunk-file'
import { fileReader, fileSink } from '#common/evidence/file-edge'
import { type Manifest, manifestHash, parseManifest } from '#common/evidence/manifest'
import { ownerBytes } from '#common/evidence/owner'
import { judgeBundle } from '#common/evidence/verify'
import { ok } from '#common/http/client'
import { equalBytes, utf8 } from '#common/stream/bytes'
import type { Home } from '../../platform/home.ts'
import type { Prepared } from '../../platform/platform.ts'
import { ownerKey } from '../../platform/session-client.ts'
import { exportBundle } from '../../session/bundle-file.ts'
import type { Clients } from '../../session/upload.ts'
import { type ChainFacts, chainFacts } from './chain-facts.ts'
import type { Observation } from './journal.ts'
import { bytesOf, sourceOf } from './source.ts'

/** What became of a session, and everything that is wrong with it, in words. */
export type Verdict = {
  readonly id: string
  readonly end: 'complete' | 'gap' | 'failed' | 'unused'
  /** Bytes of the recording that were compared with its source. */
  readonly bytes: number
  readonly chunks: number
  readonly wrong: readonly string[]
}

/** All that is needed to judge the sessions of a running platform. */
export type VerdictContext = {
  readonly clients: Clients
  readonly home: Home
  readonly chain: ChainFacts
  /** The ledger's public key, hex. */
  readonly trust: string
  /** A folder for bundles. */
  readonly folder: string
}

type Session = Awaited<ReturnType<typeof listSessions>>[number]

/** Opens it; bundles are written to `folder`. */
export const openVerdicts = async (platform: Prepared, clients: Clients, folder: string): Promise<VerdictContext> => {
  const { sealer_public_key: trust } = await ok(clients.chain().chain.get())
  const chain = chainFacts(platform.urls['blockchain-api'] ?? '')
  return { clients, home: platform.home, chain, trust, folder }
}

/** The sessions that were recorded, and the newest that the orchestrator knows whoever began them. */
export const listSessions = async (clients: Clients, recorded: readonly string[]) => {
  const { sessions } = await ok(clients.orchestrator().sessions.get({ query: { limit: 500 } }))
  const listed = new Set(sessions.map(({ id }) => id))
  const others = recorded.filter((id) => !listed.has(id))
  return [...sessions, ...(await Promise.all(others.map((id) => ok(clients.orchestrator().sessions({ id }).get()))))]
}

/** The bundle as anybody would check it: its verdict with the key, the plaintext when it is proven, and what was not right. */
const verifyExported = async ({ clients, home, trust, folder }: VerdictContext, id: string) => {
  await mkdir(folder, { recursive: true })
  const [file, out] = [join(folder, `${id}.tar`), join(folder, `${id}.plain`)]
  const [aead] = await Promise.all([aeadEngine(), blake3Engine()])
  try {
    await exportBundle(clients, id, { file, ownerKey: ownerKey(home).reveal(), onProgress: () => {} })
    const reader = await fileReader(file)
    const { verdict, checks } = await judgeBundle({ reader, aead, trust, decryptTo: await fileSink(out) }).finally(
      reader.close,
    )
    const faults = checks
      .filter(({ ok }) => ok !== true && ok !== 'incomplete')
      .map(({ check, detail }) => `${check}: ${detail}`)
    const proven = verdict === 0 || verdict === 3
    return { verdict, plain: proven ? new Uint8Array(await readFile(out)) : undefined, faults }
  } finally {
    await rm(file, { force: true })
    await rm(out, { force: true })
  }
}

const findContentFaults = (plain: Uint8Array, manifest: Manifest, complete: boolean): readonly string[] => {
  const source = sourceOf(plain)
  const { chunk_count, gaps, total_plain } = manifest
  const last = gaps.at(-1)
  return [
    equalBytes(plain, bytesOf(source, 0, plain.length)) ? [] : ['the recording differs from its source'],
    plain.length === total_plain ? [] : [`${plain.length} bytes, the manifest says ${total_plain}`],
    !complete || plain.length === source.size ? [] : [`complete with ${plain.length} of ${source.size} bytes`],
    !complete || gaps.length === 0 ? [] : ['complete, but with a gap'],
    complete || (last?.at === chunk_count && last.reason !== '') ? [] : ['broken off without a stated gap'],
  ].flat()
}

const findChainFaults = async (
  { chain }: VerdictContext,
  text: string,
  manifest: Manifest,
): Promise<readonly string[]> => {
  const stored = await chain.stored(manifest.session_id)
  if (stored === undefined) return ['the contract does not know it']
  const expected = {
    manifest_hash: manifestHash(utf8(text)).toHex(),
    merkle_root: manifest.merkle_root,
    owner: ownerBytes(manifest.owner).toHex(),
    started_at: manifest.started_at,
    chunk_count: manifest.chunk_count,
  }
  return Bun.deepEquals(stored, { ...expected, block_number: stored.block_number })
    ? []
    : ['the contract holds something else than the manifest']
}

const expectedFiles = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => chunkFileName(i))

/** Names in the encryptor's folder of a session; none when there is no folder. */
const listFiles = (home: Home, id: string): readonly string[] => {
  try {
    return readdirSync(join(home.data('session-encryptor'), 'chunks', id)).toSorted()
  } catch {
    return []
  }
}

const judgeAnchored = async (
  context: VerdictContext,
  session: Session,
  observation: Observation | undefined,
): Promise<Verdict> => {
  const { id, complete = false } = session
  const { manifest: text } = await ok(context.clients.orchestrator().sessions({ id }).manifest.get())
  const manifest = parseManifest(utf8(text))
  const { verdict, plain, faults } = await verifyExported(context, id)
  const acknowledged = observation?.acknowledged ?? 0
  const wrong = [
    ...faults,
    ...(verdict === (complete ? 0 : 3) ? [] : [`verdict ${verdict}`]),
    ...(plain === undefined ? ['it does not verify'] : findContentFaults(plain, manifest, complete)),
    ...(manifest.total_plain >= acknowledged
      ? []
      : [`${acknowledged} bytes were acknowledged, ${manifest.total_plain} are there`]),
    ...(await findChainFaults(context, text, manifest)),
    ...(Bun.deepEquals(listFiles(context.home, id), expectedFiles(manifest.chunk_count))
      ? []
      : [`${manifest.chunk_count} chunks, but files ${listFiles(context.home, id).join(' ')}`]),
  ]
  const { chunk_count: chunks } = manifest
  return { id, end: complete ? 'complete' : 'gap', bytes: plain?.length ?? 0, chunks, wrong }
}

/** The verdict on one session: anchored and all there, or ended without ever having promised anything. */
export const reachVerdict = async (
  context: VerdictContext,
  session: Session,
  observation: Observation | undefined,
): Promise<Verdict> => {
  const { id, state, error } = session
  if (state === 'anchored') return judgeAnchored(context, session, observation)
  const acknowledged = observation?.acknowledged ?? 0
  const over = state === 'failed' || (state === 'created' && observation === undefined)
  const wrong = [
    ...(over ? [] : [`it is ${state} for ever`]),
    ...(acknowledged === 0 ? [] : [`${acknowledged} bytes were acknowledged and it is ${state}: ${error ?? ''}`]),
    ...((await context.chain.stored(id)) === undefined ? [] : [`it is ${state}, but the chain has it`]),
    ...listFiles(context.home, id).map((name) => `it left ${name}`),
  ]
  return { id, end: state === 'failed' ? 'failed' : 'unused', bytes: 0, chunks: 0, wrong }
}
