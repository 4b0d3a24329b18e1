/**
 * A ledger in a process of its own, to be killed: `bun crash.fixture.ts STORE NODES POINT`. Reads one raw
 * transaction a line, prints its hash once it is durable, seals all the time. At POINT it kills itself with
 * SIGKILL; at `none` it waits for somebody else to do it. Machine and ledger share the process: what lies
 * between two writes is the same.
 */

import { createInterface } from 'node:readline'
import { errorMessage } from '#common/process/error'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { machine } from '#services/blockchain-vm/machine'
import { nodeStore } from '#services/blockchain-vm/store'
import { ledgerOn, vmOf } from './fixture.ts'
import { sealer } from './sealer.ts'

const [storePath = '', nodesPath = '', point = 'none'] = process.argv.slice(2)

const reach = (name: string) => {
  if (name === point) process.kill(process.pid, 'SIGKILL')
}

const vm = vmOf(machine(nodeStore(sqliteStore({ path: nodesPath }))))
const store = sqliteStore({ path: storePath })
let founded = false
const watched: Store = {
  ...store,
  transaction: async (work) => {
    const result = await store.transaction(async (tx) => {
      const made = await work(tx)
      if (founded) reach('committing')
      return made
    })
    if (founded) reach('committed')
    return result
  },
}
const ledger = await ledgerOn(
  watched,
  {
    ...vm,
    execute: async (request) => {
      const executed = await vm.execute(request)
      reach('executed')
      return executed
    },
  },
  {
    now: Date.now,
    onAccepted: () => {
      reach('accepted')
      loop.wake()
    },
  },
)
founded = true
const loop = sealer({
  seal: async () => (await ledger.sealNext()) !== undefined,
  prepare: ledger.recoverHead,
  window: () => 1,
  sleep: Bun.sleep,
  log: silentLog,
})
void loop.resume()
for await (const line of createInterface({ input: process.stdin })) {
  try {
    process.stdout.write(`${(await ledger.submit(line)).tx_hash}\n`)
  } catch (error) {
    process.stdout.write(`refused ${errorMessage(error)}\n`)
  }
}
