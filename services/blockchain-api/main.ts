import { start } from '#common/http/main'
import type { Api as LedgerApi } from '#services/blockchain-ledger/routes'
import type { Api as IndexApi } from '#services/blockchain-sessions-data/routes'
import type { Api as VmApi } from '#services/blockchain-vm/routes'
import { Env } from './env.ts'
import { routes } from './routes.ts'

/** A call waits for its turn in the virtual machine for 10 s and runs for 5; then it says so itself. */
const CALL_TIMEOUT = 20_000

await start('blockchain-api', Env, async ({ parts, clientOf }) =>
  routes({
    clients: {
      ledger: clientOf<LedgerApi>('blockchain-ledger'),
      index: clientOf<IndexApi>('blockchain-sessions-data'),
      vm: clientOf<VmApi>('blockchain-vm', CALL_TIMEOUT),
    },
    parts,
  }),
)
