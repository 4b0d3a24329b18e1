import type { Doc } from './document.ts'
import { maxMessageBytes } from './wire.ts'

/** What a server says it is. `old` is a replica set of MongoDB 6.0. */
export type Pose = 'replica-set' | 'standalone' | 'old'

/** Name of the set of one node. */
export const setName = 'rs0'

const wireVersion: Readonly<Record<Pose, number>> = { 'replica-set': 21, standalone: 21, old: 17 }
const versions: Readonly<Record<Pose, readonly [number, number, number]>> = {
  'replica-set': [7, 0, 0],
  standalone: [7, 0, 0],
  old: [6, 0, 0],
}

/** Whether transactions and retryable writes are taken. */
export const hasTransactions = (pose: Pose): boolean => pose !== 'standalone'

/** The answer to hello. `me` is host:port; `now` the time of the server. */
export const helloReply = (
  pose: Pose,
  { me, now, connection }: { readonly me: string; readonly now: Date; readonly connection: number },
): Doc => ({
  isWritablePrimary: true,
  ismaster: true,
  helloOk: true,
  ...(pose === 'standalone'
    ? {}
    : {
        setName,
        setVersion: 1,
        secondary: false,
        hosts: [me],
        me,
        primary: me,
        lastWrite: { lastWriteDate: now },
      }),
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: maxMessageBytes,
  maxWriteBatchSize: 25_000,
  localTime: now,
  logicalSessionTimeoutMinutes: 30,
  connectionId: connection,
  minWireVersion: 0,
  maxWireVersion: wireVersion[pose],
  readOnly: false,
  ok: 1,
})

/** The answer to buildInfo. It says what it is, beside the version whose commands it takes. */
export const buildInfoReply = (pose: Pose): Doc => ({
  version: versions[pose].join('.'),
  versionArray: [...versions[pose], 0],
  gitVersion: 'DocumentDB test peer, not MongoDB',
  maxBsonObjectSize: 16_777_216,
  modules: [],
  storageEngines: ['documentdb'],
  ok: 1,
})

/** The answer to replSetGetStatus: a set of one node that is its primary. */
export const statusReply = ({ me, now }: { readonly me: string; readonly now: Date }): Doc => ({
  set: setName,
  date: now,
  myState: 1,
  term: 1,
  members: [{ _id: 0, name: me, health: 1, state: 1, stateStr: 'PRIMARY', self: true }],
  ok: 1,
})

/** The answer to replSetGetConfig. */
export const configReply = (me: string): Doc => ({
  config: { _id: setName, version: 1, term: 1, members: [{ _id: 0, host: me, priority: 1, votes: 1 }] },
  ok: 1,
})
