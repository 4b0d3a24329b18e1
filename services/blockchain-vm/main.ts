import { start } from '#common/http/main'
import { Env } from './env.ts'
import { machine } from './machine.ts'
import { routes } from './routes.ts'
import { nodeStore, schema } from './store.ts'

await start('blockchain-vm', Env, async ({ parts, openStore, onStop }) => {
  const store = await openStore(schema)
  const vm = machine(nodeStore(store))
  onStop(vm.stop)
  return routes({ vm, parts: { ...parts, checks: { store: () => store.ping() } } })
})
