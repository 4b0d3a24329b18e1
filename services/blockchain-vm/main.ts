import { start } from '#common/http/main'
import { Env } from './env.ts'
import { machine } from './machine.ts'
import { routes } from './routes.ts'
import { nodeStore, schema } from './store.ts'

await start('blockchain-vm', Env, async ({ parts, openStore }) => {
  const store = await openStore(schema)
  return routes({
    vm: machine(nodeStore(store)),
    parts: { ...parts, checks: { store: () => store.ping() } },
  })
})
