import { expect, test } from 'bun:test'
import { join } from 'node:path'

/** Packages whose code a bundle of the entry would hold. */
const packagesOf = async (entry: string): Promise<ReadonlySet<string>> => {
  const built = await Bun.build({ entrypoints: [entry], target: 'bun', sourcemap: 'external' })
  const map = built.outputs.find(({ kind }) => kind === 'sourcemap')
  if (map === undefined) throw new Error('the bundle has no source map')
  const { sources } = (await map.json()) as { readonly sources: readonly string[] }
  return new Set(sources.flatMap((source) => source.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.slice(1, 2) ?? []))
}

test('the ledger loads no virtual machine: it would cost every idle node its memory', async () => {
  const packages = await packagesOf(join(import.meta.dir, 'main.ts'))
  expect(packages).toContain('@ethereumjs/mpt')
  expect([...packages].filter((name) => /^@ethereumjs\/(vm|evm|statemanager|block|tx)$/.test(name))).toEqual([])
})
