import { client } from '#common/http/client'
import { start } from '#common/http/main'
import { answers } from '#common/process/health'
import type { Api as LedgerApi } from '#services/blockchain-ledger/routes'
import type { Api as IndexApi } from '#services/blockchain-sessions-data/routes'
import type { Api as VmApi } from '#services/blockchain-vm/routes'
import { Env } from './env.ts'
import { routes } from './routes.ts'

/** A call waits for its turn in the virtual machine for 10 s and runs for 5; then it says so itself. */
const CALL_TIMEOUT = 20_000

await start('blockchain-api', Env, async ({ env, sign, parts, reach }) => {
  const urls = {
    'blockchain-ledger': env.BLOCKCHAIN_LEDGER_URL,
    'blockchain-sessions-data': env.BLOCKCHAIN_SESSIONS_DATA_URL,
    'blockchain-vm': env.BLOCKCHAIN_VM_URL,
  } as const
  const to = <N extends keyof typeof urls>(callee: N) => ({ callee, sign })
  return routes({
    clients: {
      ledger: client<LedgerApi>(urls['blockchain-ledger'], to('blockchain-ledger')),
      index: client<IndexApi>(urls['blockchain-sessions-data'], to('blockchain-sessions-data')),
      vm: client<VmApi>(urls['blockchain-vm'], { ...to('blockchain-vm'), timeoutMs: CALL_TIMEOUT }),
    },
    parts: {
      ...parts,
      checks: {
        'blockchain-ledger': answers(reach('blockchain-ledger', urls['blockchain-ledger'], 2000)),
        'blockchain-sessions-data': answers(reach('blockchain-sessions-data', urls['blockchain-sessions-data'], 2000)),
        'blockchain-vm': answers(reach('blockchain-vm', urls['blockchain-vm'], 2000)),
      },
    },
  })
})
