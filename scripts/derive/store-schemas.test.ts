import { describe, expect, test } from 'bun:test'
import { catalog } from '#catalog'
import { schemaBreaches } from '#common/store/migrations/check'
import { loadStoreSchema, loadStoreSchemas, storeServices } from './store-schemas.ts'

const without = Object.keys(catalog).filter((name) => !storeServices().includes(name))

describe('what services keep', () => {
  test.each(storeServices())('%s declares it by the rules', async (name) => {
    const schema = await loadStoreSchema(name)
    expect(schema?.collections.length).toBeGreaterThan(0)
    expect(schema && schemaBreaches(schema)).toEqual([])
  })

  test.each(without)('%s keeps nothing and declares nothing', async (name) => {
    expect(await loadStoreSchema(name)).toBeUndefined()
  })

  test('both kinds were seen, and every service is of one of them', () => {
    expect(storeServices().length).toBeGreaterThan(5)
    expect(without.length).toBeGreaterThan(0)
    expect([...storeServices(), ...without].toSorted()).toEqual(Object.keys(catalog).toSorted())
  })

  test('a service that should have a schema and has none is an error that names the file', async () => {
    await expect(loadStoreSchemas(['session-chunker'])).rejects.toThrow(
      'services/session-chunker/store.ts exports no schema',
    )
  })
})
