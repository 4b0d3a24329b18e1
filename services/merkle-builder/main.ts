import { blake3Engine } from '#common/engines/blake3'
import { start } from '#common/http/main'
import { Env } from './env.ts'
import { routes } from './routes.ts'
import { schema, treeTable } from './store.ts'
import { trees } from './trees.ts'

await start('merkle-builder', Env, async ({ parts, openStore }) => {
  const store = await openStore(schema)
  const blake3 = await blake3Engine()
  return routes({
    trees: trees(store),
    parts: {
      ...parts,
      status: async () => ({
        engines: { blake3: blake3.name, rejected: blake3.rejected },
        trees: await treeTable(store).count(),
      }),
    },
  })
})
