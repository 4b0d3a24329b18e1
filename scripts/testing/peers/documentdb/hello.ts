import type { Doc } from './document.ts'
import { maxMessageBytes } from './wire.ts'

/** What a server says it is. `old` is a replica set of MongoDB 6.0. */
export type Pose = 'replica-set' | 'standalone' | 'old'

/** Name of the set of one node. */
export const setName = 'rs0'

const versions: Readonly<Record<Pose, { readonly wire: number; readonly version: string }>> = {
  'replica-set': { wire: 21, version: '7.0.0' },
  standalone: { wire: 21, version: '7.0.0' },
  old: { wire: 17, version: '6.0.0' },
}

/** Whether transactions and retryable writes are taken. */
export const hasTransactions = (pose: Pose): boolean => pose !== 'standalone'

/** What a mongod says of its set; without `member` one that was started with --replSet and not initiated (manual, "hello"). */
const setFields = (pose: Pose, member: string | undefined, now: Date): Doc => {
  if (pose === 'standalone') return { isWritablePrimary: true, ismaster: true }
  const secondary = false
  if (member === undefined)
    return {
      isWritablePrimary: false,
      ismaster: false,
      secondary,
      isreplicaset: true,
      info: 'Does not have a valid replica set config',
    }
  return {
    isWritablePrimary: true,
    ismaster: true,
    setName,
    setVersion: 1,
    secondary,
    hosts: [member],
    me: member,
    primary: member,
    lastWrite: { lastWriteDate: now },
  }
}

/** The answer to hello. `member` is the host:port under which the set was initiated. */
export const buildHello = (
  pose: Pose,
  { member, now, connection }: { readonly member: string | undefined; readonly now: Date; readonly connection: number },
): Doc => ({
  ...setFields(pose, member, now),
  helloOk: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: maxMessageBytes,
  maxWriteBatchSize: 25_000,
  localTime: now,
  logicalSessionTimeoutMinutes: 30,
  connectionId: connection,
  minWireVersion: 0,
  maxWireVersion: versions[pose].wire,
  readOnly: false,
  ok: 1,
})

/** The answer to buildInfo. It says what it is, beside the version whose commands it takes. */
export const buildBuildInfo = (pose: Pose): Doc => ({
  version: versions[pose].version,
  versionArray: [...versions[pose].version.split('.').map(Number), 0],
  gitVersion: 'DocumentDB test peer, not MongoDB',
  maxBsonObjectSize: 16_777_216,
  modules: [],
  storageEngines: ['documentdb'],
  ok: 1,
})

/** The answer to replSetGetConfig. */
export const buildSetConfig = (member: string): Doc => ({
  config: { _id: setName, version: 1, term: 1, members: [{ _id: 0, host: member, priority: 1, votes: 1 }] },
  ok: 1,
})
