import { afterAll, beforeAll, describe, test } from 'bun:test'
import { storeContract } from '#common/store/contract'
import { migrationContract } from '#common/store/migrations/contract'
import { mongoStore } from '#common/store/mongo'
import { type MongoServer, mongoPeers } from '../peers/mongo/peers.ts'

const owner = 'session-encryptor'

for (const peer of await mongoPeers(process.env)) {
  if ('absent' in peer) {
    console.log(`NOT RUN: ${peer.name}: ${peer.absent}`)
    test.skip(`${peer.name} keeps the contracts of the store`, () => {})
    continue
  }
  describe(peer.name, () => {
    let server: MongoServer
    beforeAll(async () => {
      server = await peer.start()
    })
    afterAll(() => server.stop())
    storeContract(peer.name, async () => mongoStore({ url: server.fresh(), owner }))
    migrationContract(peer.name, async () => {
      const url = server.fresh()
      return async () => mongoStore({ url, owner })
    })
  })
}
