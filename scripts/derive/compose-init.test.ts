import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The part of compose/mongo/init.js for which no engine is to be had here: more than one member. A fake server
 * of ours keeps MongoDB's rules for replSetReconfig (manual, "replSetReconfig"); what a single member does is
 * tested with a real shell in scripts/testing/peers/mongosh.
 */

type Member = { readonly _id: number; readonly host: string }
type Config = { readonly _id: string; readonly version: number; readonly members: readonly Member[] }

const PASSWORD = 'ab'.repeat(32)
const HOSTS = ['lucid_mongo:27017', 'lucid_mongo_2:27017', 'lucid_mongo_3:27017'] as const

const refusal = (code: number, message: string) => Object.assign(new Error(message), { code })

/** A replica set whose primary is `primary`; a change of its members is committed only at the second question after it. */
const fakeSet = ({ primary, members }: { readonly primary: string; readonly members: readonly string[] }) => {
  let config: Config = { _id: 'rs0', version: 1, members: members.map((host, _id) => ({ _id, host })) }
  let uncommitted = 0
  const asked: string[] = []
  const reconfigure = (wanted: Config) => {
    if (uncommitted-- > 0) throw refusal(308, 'the current config is not committed yet')
    if (wanted.version !== config.version + 1) throw refusal(103, 'version must grow')
    const added = wanted.members.filter(({ host }) => !config.members.some((one) => one.host === host))
    if (added.length !== 1 || wanted.members.length !== config.members.length + 1)
      throw refusal(103, 'one voting member at a time')
    if (new Set(wanted.members.map(({ _id }) => _id)).size !== wanted.members.length) throw refusal(103, 'same _id')
    config = wanted
    uncommitted = 1
    return { ok: 1 }
  }
  const run = (address: string) => (command: Readonly<Record<string, unknown>>) => {
    const [name] = Object.keys(command)
    asked.push(`${address} ${name}`)
    switch (name) {
      case 'ping':
        return { ok: 1 }
      case 'hello':
        return { setName: 'rs0', isWritablePrimary: address === primary, primary }
      case 'replSetGetConfig':
        return { config }
      case 'replSetReconfig':
        if (address !== primary) throw refusal(10107, 'not primary')
        return reconfigure(command['replSetReconfig'] as Config)
      default:
        throw refusal(59, `no such command: ${name}`)
    }
  }
  // mongosh's Mongo is called with new, which an arrow function cannot be.
  function Mongo(url: string) {
    const address = /^mongodb:\/\/(?:[^@]*@)?([^/]+)\//.exec(url)?.[1] ?? ''
    return { getDB: () => ({ runCommand: run(address) }) }
  }
  return { Mongo, asked, hosts: () => config.members.map(({ host }) => host) }
}

const runInit = ({ Mongo }: Pick<ReturnType<typeof fakeSet>, 'Mongo'>): readonly string[] => {
  const source = readFileSync(join(import.meta.dir, '..', '..', 'compose', 'mongo', 'init.js'), 'utf8')
  const said: string[] = []
  const files = {
    readFileSync: (path: string) =>
      path.endsWith('users.json')
        ? JSON.stringify({ database: 'lucid', replicaSet: 'rs0', users: [] })
        : `${PASSWORD}\n`,
  }
  // The names that mongosh gives a script.
  new Function('Mongo', 'print', 'sleep', 'require', 'process', source)(
    Mongo,
    (line: string) => said.push(line.replace('mongo-init: ', '')),
    () => {},
    () => files,
    { env: { MONGO_MEMBERS: HOSTS.join(',') } },
  )
  return said
}

test('two members are added to a set of one, one after the other, each when the change before it is committed', () => {
  const set = fakeSet({ primary: '127.0.0.1:27017', members: [HOSTS[0]] })
  expect(runInit(set)).toEqual([`${HOSTS[1]} added to the replica set`, `${HOSTS[2]} added to the replica set`])
  expect(set.hosts()).toEqual([...HOSTS])
})

test('with all members there nothing is changed', () => {
  const set = fakeSet({ primary: HOSTS[0], members: HOSTS })
  expect(runInit(set)).toEqual([])
  expect(set.asked.filter((line) => line.includes('Reconfig'))).toEqual([])
})

test('members are added on the primary, wherever it is', () => {
  const set = fakeSet({ primary: HOSTS[1], members: HOSTS.slice(0, 2) })
  expect(runInit(set)).toEqual([`${HOSTS[2]} added to the replica set`])
  expect(set.asked.filter((line) => line.includes('Reconfig'))).toEqual([`${HOSTS[1]} replSetReconfig`])
})

test('a member that was added by hand stays', () => {
  const set = fakeSet({ primary: HOSTS[0], members: [...HOSTS, 'other:27017'] })
  runInit(set)
  expect(set.hosts()).toEqual([...HOSTS, 'other:27017'])
})
