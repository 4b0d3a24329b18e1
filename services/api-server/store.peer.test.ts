import { afterAll, beforeAll, describe, setDefaultTimeout, test } from 'bun:test'
import { mongoStore } from '#common/store/mongo'
import { type MongoServer, serverKinds } from '#scripts/testing/peers/stores'
import { apiStoreContract } from './store-contract.fixture.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(120_000)

for (const peer of await serverKinds(process.env)) {
  if ('absent' in peer) {
    console.log(`NOT RUN: ${peer.name}: ${peer.absent}`)
    test.skip(`${peer.name} keeps what the API promises`, () => {})
    continue
  }
  describe(peer.name, () => {
    let server: MongoServer
    beforeAll(async () => {
      server = await peer.start()
    })
    afterAll(() => server.stop())
    apiStoreContract(peer.name, async () => {
      const at = { url: server.fresh(), owner: 'api-server' } as const
      return [await mongoStore(at), await mongoStore(at)]
    })
  })
}
