import { Fault, isFault } from '../../process/fault.ts'
import { fifoLock } from '../lock.ts'
import type { Collection, Declaration, Store } from '../store.ts'

/** Who may migrate a store. `expires_at` is epoch ms by the holder's clock; `fence` grows with every holder. */
export type LeaseDoc = {
  readonly id: 'migration'
  readonly holder: string
  readonly fence: number
  readonly expires_at: number
}

const declaration: Declaration<LeaseDoc> = { name: 'schema_lease', fields: {} }
const leases = (store: Store): Collection<LeaseDoc> => store.collection(declaration)

/** How long a holder may be silent before another may take over, ms. */
export const LEASE_MS = 30_000

export type LeaseOptions = {
  /** Unlike any other runner's: names machine and process for people, and has a random part. */
  readonly holder: string
  readonly now: () => number
  readonly leaseMs?: number
}

export type Lease = {
  readonly fence: number
  /** Writes in one transaction with a renewal, so that nobody who lost the lease can write. */
  readonly fenced: (store: Store, work: (tx: Store) => Promise<void>) => Promise<void>
  /** Renews when a third of the time is over. Throws Fault conflict `lease-lost` when another holder has it. */
  readonly demand: (store: Store) => Promise<void>
  /** Gives it back, if it is still held. */
  readonly release: (store: Store) => Promise<void>
}

/** The lease as it is kept while somebody holds it, else undefined. */
export const holderOf = async (store: Store, now: number): Promise<LeaseDoc | undefined> => {
  const kept = await leases(store).get('migration')
  return kept && kept.expires_at > now ? kept : undefined
}

const running = ({ holder, expires_at }: LeaseDoc) =>
  new Fault(
    'conflict',
    'migration-running',
    `${holder} is migrating this store and holds it until ${new Date(expires_at).toISOString()} at least: wait for it, bun run migrate --status shows it`,
    { extra: { holder, expires_at } },
  )

const lost = () =>
  new Fault(
    'conflict',
    'lease-lost',
    'another runner took this migration over because this one was silent for too long: bun run migrate --status shows how it stands',
  )

/** Raises the fence and takes the lease, or throws who has it. A compare-and-swap by revision on both drivers. */
const swap = async (store: Store, { holder, now, leaseMs = LEASE_MS }: LeaseOptions): Promise<LeaseDoc> => {
  const kept = await leases(store).get('migration')
  if (kept && kept.expires_at > now()) throw running(kept)
  const fence = (kept?.fence ?? 0) + 1
  const mine: LeaseDoc = { id: 'migration', holder, fence, expires_at: now() + leaseMs }
  try {
    return kept ? await leases(store).replace(mine, kept.rev) : await leases(store).insert(mine)
  } catch (error) {
    if (!isFault(error, 'stale') && !isFault(error, 'duplicate')) throw error
    const theirs = await leases(store).get('migration')
    throw theirs ? running(theirs) : error
  }
}

/** Takes the lease. Throws Fault conflict `migration-running` (extra `holder`, `expires_at`) when another has it. */
export const takeLease = async (store: Store, options: LeaseOptions): Promise<Lease> => {
  const { holder, now, leaseMs = LEASE_MS } = options
  const { fence } = await swap(store, options)
  const inTurn = fifoLock()
  let renewAt = now() + leaseMs / 3

  const mine = async (place: Store) => {
    const kept = await leases(place).get('migration')
    if (kept === undefined || kept.holder !== holder || kept.fence !== fence) throw lost()
    return kept
  }
  const write = async (place: Store, expires_at: number) => {
    const kept = await mine(place)
    await leases(place)
      .replace({ id: 'migration', holder, fence, expires_at }, kept.rev)
      .catch((error) => {
        throw isFault(error, 'stale') ? lost() : error
      })
  }
  const renewed = async (place: Store) => {
    const at = now()
    await write(place, at + leaseMs)
    return at + leaseMs / 3
  }
  return {
    fence,
    fenced: (store, work) =>
      inTurn(async () => {
        renewAt = await store.transaction(async (tx) => {
          const next = await renewed(tx)
          await work(tx)
          return next
        })
      }),
    demand: async (store) => {
      if (now() < renewAt) return
      await inTurn(async () => {
        if (now() >= renewAt) renewAt = await renewed(store)
      })
    },
    release: (store) => inTurn(() => write(store, 0)),
  }
}
