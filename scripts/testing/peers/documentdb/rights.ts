/** Who may do what: MongoDB's roles, privileges and action names (manual, "Built-In Roles", "Privilege Actions"). Pure. */

/** A privilege's resource. Empty strings stand for every database, or every collection of one. */
export type Resource = { readonly db: string; readonly collection: string } | { readonly cluster: true }

export type Privilege = { readonly resource: Resource; readonly actions: readonly string[] }

/** A role's name and the database it is defined in. */
export type RoleName = { readonly role: string; readonly db: string }

export type RoleDefinition = RoleName & {
  readonly privileges: readonly Privilege[]
  readonly roles: readonly RoleName[]
}

const read = [
  'changeStream',
  'collStats',
  'dbHash',
  'dbStats',
  'find',
  'killCursors',
  'listCollections',
  'listIndexes',
]
const write = [
  'collMod',
  'convertToCapped',
  'createCollection',
  'createIndex',
  'dropCollection',
  'dropIndex',
  'insert',
  'remove',
  'renameCollectionSameDB',
  'update',
]
const databaseAdmin = [
  'collMod',
  'collStats',
  'createCollection',
  'createIndex',
  'dbStats',
  'dropCollection',
  'dropDatabase',
  'dropIndex',
  'listCollections',
  'listIndexes',
  'validate',
]
const userAdmin = [
  'changePassword',
  'createRole',
  'createUser',
  'dropRole',
  'dropUser',
  'grantRole',
  'revokeRole',
  'viewRole',
  'viewUser',
]
const clusterMonitor = ['listDatabases', 'replSetGetConfig', 'replSetGetStatus', 'serverStatus']
const clusterAdmin = [...clusterMonitor, 'replSetConfigure', 'shutdown']

const on = (db: string, actions: readonly string[]): Privilege => ({
  resource: { db, collection: '' },
  actions,
})
const cluster = (actions: readonly string[]): Privilege => ({ resource: { cluster: true }, actions })

/** The built-in roles that a test may want, as privileges; those for one database get it as an argument. */
const builtIn: Readonly<Record<string, (db: string) => readonly Privilege[]>> = {
  read: (db) => [on(db, read)],
  readWrite: (db) => [on(db, [...read, ...write])],
  dbAdmin: (db) => [on(db, databaseAdmin)],
  userAdmin: (db) => [on(db, userAdmin)],
  dbOwner: (db) => [on(db, [...read, ...write, ...databaseAdmin, ...userAdmin])],
  readAnyDatabase: () => [on('', read), cluster(['listDatabases'])],
  readWriteAnyDatabase: () => [on('', [...read, ...write]), cluster(['listDatabases'])],
  dbAdminAnyDatabase: () => [on('', databaseAdmin), cluster(['listDatabases'])],
  userAdminAnyDatabase: () => [on('', userAdmin), cluster(['listDatabases'])],
  clusterMonitor: () => [cluster(clusterMonitor)],
  clusterAdmin: () => [cluster(clusterAdmin), on('', ['dropDatabase'])],
  root: () => [on('', [...read, ...write, ...databaseAdmin, ...userAdmin]), cluster(clusterAdmin)],
}

/** What a role allows, its own roles included; undefined when there is no such role. */
export const privilegesOf = (
  { role, db }: RoleName,
  defined: readonly RoleDefinition[],
  seen: readonly string[] = [],
): readonly Privilege[] | undefined => {
  const known = builtIn[role]
  if (known !== undefined) return known(db)
  const found = defined.find((one) => one.role === role && one.db === db)
  if (found === undefined) return undefined
  const key = `${db}.${role}`
  if (seen.includes(key)) return []
  return [
    ...found.privileges,
    ...found.roles.flatMap((one) => privilegesOf(one, defined, [...seen, key]) ?? []),
  ]
}

/** Something a command does to something. */
export type Need = { readonly resource: Resource; readonly action: string }

const covers = (held: Resource, wanted: Resource): boolean => {
  if ('cluster' in held || 'cluster' in wanted) return 'cluster' in held && 'cluster' in wanted
  return (
    (held.db === '' || held.db === wanted.db) &&
    (held.collection === '' || held.collection === wanted.collection)
  )
}

/** True when every need is met by a privilege. */
export const allows = (privileges: readonly Privilege[], needs: readonly Need[]): boolean =>
  needs.every(({ resource, action }) =>
    privileges.some((held) => held.actions.includes(action) && covers(held.resource, resource)),
  )

/** Where a command acts: on the collection it names, on its database, or on the whole server. */
type Scope = 'collection' | 'database' | 'cluster'

type Row = readonly [scope: Scope, ...actions: readonly string[]]

/** What each command needs. Commands that need a look into their arguments have more in `more`. */
const table: Readonly<Record<string, Row>> = {
  find: ['collection', 'find'],
  aggregate: ['collection', 'find'],
  count: ['collection', 'find'],
  distinct: ['collection', 'find'],
  getMore: ['collection', 'find'],
  insert: ['collection', 'insert'],
  update: ['collection', 'update'],
  delete: ['collection', 'remove'],
  findAndModify: ['collection', 'find'],
  create: ['collection', 'createCollection'],
  drop: ['collection', 'dropCollection'],
  collMod: ['collection', 'collMod'],
  collStats: ['collection', 'collStats'],
  createIndexes: ['collection', 'createIndex'],
  dropIndexes: ['collection', 'dropIndex'],
  listIndexes: ['collection', 'listIndexes'],
  validate: ['collection', 'validate'],
  renameCollection: ['database', 'renameCollectionSameDB'],
  listCollections: ['database', 'listCollections'],
  dbStats: ['database', 'dbStats'],
  dropDatabase: ['database', 'dropDatabase'],
  createUser: ['database', 'createUser', 'grantRole'],
  updateUser: ['database', 'changePassword', 'grantRole'],
  dropUser: ['database', 'dropUser'],
  usersInfo: ['database', 'viewUser'],
  grantRolesToUser: ['database', 'grantRole'],
  revokeRolesFromUser: ['database', 'revokeRole'],
  createRole: ['database', 'createRole', 'grantRole'],
  updateRole: ['database', 'grantRole', 'revokeRole'],
  dropRole: ['database', 'dropRole'],
  rolesInfo: ['database', 'viewRole'],
  listDatabases: ['cluster', 'listDatabases'],
  serverStatus: ['cluster', 'serverStatus'],
  replSetInitiate: ['cluster', 'replSetConfigure'],
  replSetGetConfig: ['cluster', 'replSetGetConfig'],
  replSetGetStatus: ['cluster', 'replSetGetStatus'],
}

/** Commands that are answered before anybody has said who they are. */
export const open: ReadonlySet<string> = new Set([
  'hello',
  'isMaster',
  'ping',
  'buildInfo',
  'saslStart',
  'saslContinue',
  'logout',
  'connectionStatus',
])

type Request = Readonly<Record<string, unknown>>

const someHas = (list: unknown, name: string): boolean =>
  Array.isArray(list) && list.some((one) => (one as Request)[name] === true)

const outputs = (pipeline: unknown, db: string): readonly Need[] => {
  const last: unknown = Array.isArray(pipeline) ? pipeline.at(-1) : undefined
  if (typeof last !== 'object' || last === null) return []
  const { $out, $merge } = last as Request
  const target = $out ?? (typeof $merge === 'object' ? ($merge as Request)['into'] : $merge)
  if (target === undefined || target === null) return []
  const place = typeof target === 'object' ? (target as Request) : { coll: target }
  const resource = { db: String(place['db'] ?? db), collection: String(place['coll']) }
  return ['insert', $out === undefined ? 'update' : 'remove'].map((action) => ({ resource, action }))
}

/** Needs that follow from a command's arguments. */
const more: Readonly<Record<string, (request: Request, resource: Resource, db: string) => readonly Need[]>> =
  {
    update: ({ updates }, resource) => (someHas(updates, 'upsert') ? [{ resource, action: 'insert' }] : []),
    findAndModify: ({ remove, upsert }, resource) => [
      { resource, action: remove === true ? 'remove' : 'update' },
      ...(upsert === true ? [{ resource, action: 'insert' }] : []),
    ],
    aggregate: ({ pipeline }, _, db) => outputs(pipeline, db),
  }

/**
 * All that a command needs, by its canonical name; `collection` is the one it names, if it does. Undefined
 * for a command that nobody may be kept from (or that does not exist).
 */
export const needsOf = (
  command: string,
  request: Request,
  { db, collection }: { readonly db: string; readonly collection: string | undefined },
): readonly Need[] | undefined => {
  const row = table[command]
  if (row === undefined) return undefined
  const [scope, ...actions] = row
  const resource: Resource =
    scope === 'cluster'
      ? { cluster: true }
      : { db, collection: scope === 'collection' ? (collection ?? '') : '' }
  return [
    ...actions.map((action) => ({ resource, action })),
    ...(more[command]?.(request, resource, db) ?? []),
  ]
}
