import type { Db } from 'mongodb'
import { kindChanged } from './faults.ts'
import { buildValidator, declaredIndexes, type Index, type Validator } from './mongo-query.ts'
import type { Shape } from './shape.ts'

const NAMESPACE_EXISTS = 48
const NAMESPACE_NOT_FOUND = 26
const INDEX_NOT_FOUND = 27

const isCode = (error: unknown, code: number): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code

const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Throws Fault invalid `declaration-changed` when a field that both know has another kind now. */
const requireKinds = (shape: Shape, kept: Validator | undefined, expected: Validator): void => {
  const before = kept?.$jsonSchema?.properties ?? {}
  for (const [field, { bsonType }] of Object.entries(expected.$jsonSchema.properties)) {
    const was = before[field]?.bsonType
    if (was !== undefined && was[0] !== bsonType[0]) throw kindChanged(shape, field, was.join(' or '))
  }
}

const ensureCollection = async (db: Db, name: string, shape: Shape): Promise<void> => {
  const validator = buildValidator(shape)
  const [kept] = await db.listCollections({ name }).toArray()
  if (kept === undefined) {
    try {
      await db.createCollection(name, { validator, validationLevel: 'strict', validationAction: 'error' })
    } catch (error) {
      if (!isCode(error, NAMESPACE_EXISTS)) throw error
    }
    return
  }
  const before = (kept as { readonly options?: { readonly validator?: Validator } }).options?.validator
  requireKinds(shape, before, validator)
  if (!sameJson(before, validator))
    await db.command({ collMod: name, validator, validationLevel: 'strict', validationAction: 'error' })
}

const ours = /^(?:unique|index):/

const ensureIndexes = async (db: Db, name: string, declared: readonly Index[]): Promise<void> => {
  const collection = db.collection(name)
  const kept = new Set((await collection.listIndexes().toArray()).map((index) => String(index['name'])))
  for (const index of kept)
    if (ours.test(index) && !declared.some((one) => one.name === index))
      await collection.dropIndex(index).catch((error) => {
        if (!isCode(error, INDEX_NOT_FOUND) && !isCode(error, NAMESPACE_NOT_FOUND)) throw error
      })
  const missing = declared.filter((index) => !kept.has(index.name))
  if (missing.length > 0) await collection.createIndexes(missing.map((index) => ({ ...index, key: { ...index.key } })))
}

/** Makes, changes or drops collection, validator and indexes as declared. Throws Fault `declaration-changed`. */
export const ensureMongo = async (db: Db, name: string, shape: Shape): Promise<void> => {
  await ensureCollection(db, name, shape)
  await ensureIndexes(db, name, declaredIndexes(shape))
}
