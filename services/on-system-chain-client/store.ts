import type { SealedBlock } from '#common/evidence/anchor'
import { sameContent } from '#common/evidence/anchors-abi'
import { Fault, isFault } from '#common/process/fault'
import type { StoreSchema } from '#common/store/schema'
import { keepSealed, sealedBlocks } from '#common/store/sealed-blocks'
import type { Collection, Declaration, Store, Stored } from '#common/store/store'
import { type Finding, type JobRecord, next, type Signed } from './job.ts'
import type { AnchorRequest, History, JobState } from './model.ts'
import { assignNonces } from './nonce.ts'

export type SessionFinding = { readonly session: string; readonly finding: Finding }

export type Queue = {
  /** The job of this anchor, new or known. Throws Fault conflict `anchor-differs` for other content. */
  readonly add: (request: AnchorRequest, now: number) => Promise<JobRecord>
  readonly get: (session: string) => Promise<JobRecord | undefined>
  /** Oldest first. */
  readonly queued: (limit: number) => Promise<readonly JobRecord[]>
  readonly inFlight: () => Promise<readonly JobRecord[]>
  /** Applies findings to the jobs as they are kept now, in one transaction; answers those that changed. */
  readonly learn: (findings: readonly SessionFinding[]) => Promise<readonly JobRecord[]>
  /** Gives queued jobs their nonces and signed bytes, all in one transaction, before anything is sent. */
  readonly sign: (
    sessions: readonly string[],
    chainNext: number,
    signed: (job: JobRecord, nonce: number) => Signed,
  ) => Promise<readonly JobRecord[]>
  readonly counts: () => Promise<Readonly<Record<JobState, number>>>
  /** Anchored jobs in descending order of their blocks, `skip` of them left out. */
  readonly anchored: (skip: number, limit: number) => Promise<readonly JobRecord[]>
  /** Jobs whose anchors the chain lost, and that are not anchored again yet. */
  readonly lost: () => Promise<number>
  /** Undefined before the chain was looked at for the first time. */
  readonly history: () => Promise<History | undefined>
  /** Remembers where the chain stands, with the proof of it, and that it went back by what it lost. */
  readonly keepHistory: (sealed: SealedBlock, went: 'on' | 'back') => Promise<void>
}

const declaration: Declaration<JobRecord> = {
  name: 'jobs',
  fields: { state: 'text', nonce: 'integer', queued_at: 'integer', block_number: 'integer', lost: 'boolean' },
  required: ['state', 'queued_at'],
  indexes: [['state', 'queued_at'], ['state', 'nonce'], ['state', 'block_number'], ['lost']],
}

/** Where the chain stood when it was last looked at, and how often it had gone back to older data by then. */
type HeadDoc = History & { readonly id: 'head' }
const headDeclaration: Declaration<HeadDoc> = { name: 'heads', fields: {} }

/** All that the chain client keeps. */
export const schema: StoreSchema = { collections: [declaration, headDeclaration, sealedBlocks], migrations: [] }

const jobs = (store: Store): Collection<JobRecord> => store.collection(declaration)

const bare = ({ rev: _rev, ...job }: Stored<JobRecord>): JobRecord => job

const submitted = async (store: Store): Promise<readonly JobRecord[]> =>
  (await jobs(store).find({ where: { state: 'submitted' }, sort: [['nonce', 'asc']] })).map(bare)

const change = async (
  tx: Store,
  session: string,
  finding: Finding,
): Promise<readonly [before: JobRecord | undefined, after: JobRecord | undefined]> => {
  const stored = await jobs(tx).get(session)
  if (stored === undefined) return [undefined, undefined]
  const before = bare(stored)
  const after = next(before, finding)
  if (after !== before) await jobs(tx).replace(after, stored.rev)
  return [before, after]
}

const findQueued = async (store: Store, request: AnchorRequest): Promise<JobRecord> => {
  const job = await jobs(store).get(request.session_id)
  if (job === undefined) throw new Fault('unavailable', 'job-gone', 'the job was there a moment ago; try again')
  if (!sameContent(job, request))
    throw new Fault(
      'conflict',
      'anchor-differs',
      'this session was queued with other content; a session has one anchor',
    )
  const [, asked] = await store.transaction((tx) => change(tx, job.id, { type: 'asked' }))
  return asked ?? bare(job)
}

/** The durable queue of anchors. What it answers is on disk. */
export const queue = (store: Store): Queue => ({
  add: async (request, now) => {
    const { session_id: id, manifest_hash, started_at, owner, merkle_root, chunk_count } = request
    const content = { manifest_hash, started_at, owner, merkle_root, chunk_count }
    try {
      return bare(await jobs(store).insert({ id, state: 'queued', queued_at: now, attempts: 0, ...content }))
    } catch (error) {
      if (!isFault(error, 'duplicate')) throw error
      return findQueued(store, request)
    }
  },
  get: async (session) => {
    const job = await jobs(store).get(session)
    return job && bare(job)
  },
  queued: async (limit) =>
    (await jobs(store).find({ where: { state: 'queued' }, sort: [['queued_at', 'asc']], limit })).map(bare),
  inFlight: () => submitted(store),
  learn: (findings) =>
    store.transaction(async (tx) => {
      const changed: JobRecord[] = []
      for (const { session, finding } of findings) {
        const [before, after] = await change(tx, session, finding)
        if (after !== undefined && after !== before) changed.push(after)
      }
      return changed
    }),
  sign: (sessions, chainNext, signed) =>
    store.transaction(async (tx) => {
      const taken = (await submitted(tx)).flatMap(({ nonce }) => (nonce === undefined ? [] : [nonce]))
      const nonces = assignNonces(chainNext, taken, sessions.length)
      const made: JobRecord[] = []
      for (const [i, session] of sessions.entries()) {
        const [job, nonce] = [await jobs(tx).get(session), nonces[i]]
        if (job === undefined || nonce === undefined) continue
        const [, after] = await change(tx, session, { type: 'signed', ...signed(bare(job), nonce) })
        if (after?.nonce === nonce) made.push(after)
      }
      return made
    }),
  anchored: async (skip, limit) =>
    (await jobs(store).find({ where: { state: 'anchored' }, sort: [['block_number', 'desc']], skip, limit })).map(bare),
  lost: () => jobs(store).count({ lost: true }),
  history: async () => {
    const doc = await store.collection(headDeclaration).get('head')
    return doc && { number: doc.number, hash: doc.hash, went_back: doc.went_back }
  },
  keepHistory: async ({ block, sealer }, went) => {
    await keepSealed(store, { block, sealer })
    const heads = store.collection(headDeclaration)
    const before = await heads.get('head')
    const went_back = (before?.went_back ?? 0) + (went === 'back' ? 1 : 0)
    const doc = { id: 'head', number: block.number, hash: block.hash, went_back } as const
    if (before === undefined) await heads.insert(doc)
    else await heads.replace(doc, before.rev)
  },
  counts: async () => {
    const count = (state: JobState) => jobs(store).count({ state })
    return {
      queued: await count('queued'),
      submitted: await count('submitted'),
      anchored: await count('anchored'),
      refused: await count('refused'),
    }
  },
})
