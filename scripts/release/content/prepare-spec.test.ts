import { expect, test } from 'bun:test'
import { makePrepareSpec, volumeOwners } from './prepare-spec.ts'

const names = {
  services: {
    'blockchain-ledger': ['IDENTITY_KEY', 'LEDGER_KEY'],
    'on-system-chain-client': ['IDENTITY_KEY', 'PRIVATE_KEY'],
  },
  clients: { operator: ['IDENTITY_KEY'] },
  stock: { mongo: ['KEYFILE', 'ROOT_PASSWORD'] },
}

test('all secrets are listed with their owners, those that follow from others last', () => {
  const { secrets, identities, hasData } = makePrepareSpec(names, { hasData: true })
  expect(secrets.map(({ owner, key, uid, kind }) => `${owner}/${key} ${uid} ${kind}`)).toEqual([
    'blockchain-ledger/IDENTITY_KEY 65532 random',
    'blockchain-ledger/LEDGER_KEY 65532 random',
    'on-system-chain-client/IDENTITY_KEY 65532 random',
    'on-system-chain-client/PRIVATE_KEY 65532 random',
    'operator/IDENTITY_KEY 65532 random',
    'mongo/KEYFILE 999 random',
    'mongo/ROOT_PASSWORD 65532 random',
    'blockchain-ledger/REGISTRAR_ADDRESS 65532 evm-address',
  ])
  expect(identities).toEqual(['blockchain-ledger', 'on-system-chain-client', 'operator'])
  expect(hasData).toBe(true)
})

test('a volume belongs to whoever runs in the containers that have it', () => {
  expect(volumeOwners({ a: { volumes: { x: '/data' } } }, { db: { volumes: { y: '/data/db' } } })).toEqual({
    x: 65532,
    y: 999,
  })
})
