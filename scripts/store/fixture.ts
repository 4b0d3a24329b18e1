import { join } from 'node:path'
import { sqliteStore } from '#common/store/sqlite'
import type { Declaration, Doc, Stored } from '#common/store/store'
import { loadCollections } from './survey.ts'

export type Contents = Readonly<Record<string, readonly Stored<Doc>[]>>

const hex = (seed: number, length: number) => seed.toString(16).padStart(length, '0')

/** A chunk record as session-encryptor keeps it; `rev` is not always 1. */
export const chunk = (n: number): Stored<Doc> => {
  const [session, index] = [hex(Math.floor(n / 50), 36), n % 50]
  const record = { session, epoch: 1, index, flags: 0, plain: 8_388_608, comp: 8_000_000, cipher: 8_000_016 }
  const hashes = { leaf: hex(n, 64), sha256: hex(n + 1, 64), nonce: hex(n, 48), at: 1_700_000_000_000 + n }
  return { id: `${session}/${index}`, rev: 1 + (n % 3), ...record, ...hashes } as Stored<Doc>
}

/** Ids that JavaScript and UTF-8 order differently, and values that are easily lost on the way. */
export const oddIncidents: readonly Stored<Doc>[] = ['😀', '￿', 'é', 'z', 'Z', ' '].map((id, at) => ({
  id,
  rev: 2 ** at,
  session: 's',
  index: at,
  at: -at,
  reason: 'a\u0000b\u2028',
  large: 1e300,
  small: 5e-324,
  zero: -0,
  exact: Number.MAX_SAFE_INTEGER,
  nothing: null,
  deep: { b: [1, { a: 0.1 }], a: '', 'a.b': 1, $c: true },
}))

/** What most tests copy: three services, odd documents and one of 11 MB among them. */
export const someContents = (chunks: number): Readonly<Record<string, Contents>> => ({
  'session-encryptor': {
    encryptor_sessions: [{ id: 'a', rev: 9, sealed: true, owner: 'o' } as Stored<Doc>],
    encryptor_chunks: Array.from({ length: chunks }, (_, n) => chunk(n)),
    encryptor_incidents: oddIncidents,
  },
  'merkle-builder': {
    merkle_trees: ['small', 'tall'].map((id) => ({
      id,
      rev: 1,
      leaves: 'ab'.repeat(id === 'tall' ? 5_500_000 : 1),
      root: id,
    })),
  },
  'blockchain-vm': { nodes: [{ id: 'ff', rev: 1, value: 'AAAA' } as Stored<Doc>] },
})

/** Writes documents with the revisions they have into the stores of a state folder. */
export const fillHome = async (root: string, contents: Readonly<Record<string, Contents>>): Promise<void> => {
  for (const [service, documents] of Object.entries(contents)) {
    const store = sqliteStore({ path: fileIn(root, service) })
    for (const declared of (await loadCollections([service])).flatMap(({ collections }) => collections))
      await store
        // A schema lists declarations of different documents; a fixture knows what fits which.
        .collection(declared as Declaration<Doc>)
        .restore(documents[declared.name] ?? [])
    await store.close()
  }
}

export const fileIn = (root: string, service: string) => join(root, 'data', service, 'store.sqlite')
