import actions from './actions.json' with { type: 'json' }

/** Who may do what: MongoDB's roles, privileges and action names (manual, "Built-In Roles", "Privilege Actions"). Pure. */

/** A privilege's resource. Empty strings stand for every database, or every collection of one. */
type Resource = { readonly db: string; readonly collection: string } | { readonly cluster: true }

export type Privilege = { readonly resource: Resource; readonly actions: readonly string[] }

/** A role's name and the database it is defined in. */
export type RoleName = { readonly role: string; readonly db: string }

export type RoleDefinition = RoleName & { readonly privileges: readonly Privilege[] }

/** What each command needs, on the collection it names, on the database or on the cluster. */
const actionOf: Readonly<Record<string, string>> = { ...actions.collection, ...actions.database, ...actions.cluster }

const reading = ['collStats', 'find', 'listCollections', 'listIndexes']
const writing = [
  'collMod',
  'createCollection',
  'createIndex',
  'dropCollection',
  'dropIndex',
  'insert',
  'remove',
  'update',
]

/** The built-in roles that the product's tests give. */
const builtIn: Readonly<Record<string, (db: string) => readonly Privilege[]>> = {
  read: (db) => [{ resource: { db, collection: '' }, actions: reading }],
  readWrite: (db) => [{ resource: { db, collection: '' }, actions: [...reading, ...writing] }],
  root: () =>
    [{ db: '', collection: '' }, { cluster: true as const }].map((resource) => ({
      resource,
      actions: Object.values(actionOf),
    })),
}

/** What a role allows; undefined when there is no such role. */
export const findPrivileges = (
  { role, db }: RoleName,
  defined: readonly RoleDefinition[],
): readonly Privilege[] | undefined =>
  builtIn[role]?.(db) ?? defined.find((one) => one.role === role && one.db === db)?.privileges

const covers = (granted: Resource, needed: Resource): boolean => {
  if ('cluster' in granted || 'cluster' in needed) return 'cluster' in granted && 'cluster' in needed
  return (
    (granted.db === '' || granted.db === needed.db) &&
    (granted.collection === '' || granted.collection === needed.collection)
  )
}

type Need = { readonly resource: Resource; readonly action: string }
type Request = Readonly<Record<string, unknown>>

/** Actions that follow from a command's arguments. */
const moreActions = (command: string, { updates, remove, upsert }: Request): readonly string[] => {
  if (command === 'update')
    return Array.isArray(updates) && updates.some((one: Request) => one['upsert'] === true) ? ['insert'] : []
  if (command !== 'findAndModify') return []
  return [remove === true ? 'remove' : 'update', ...(upsert === true ? ['insert'] : [])]
}

/** All that a command needs; `collection` is the one it names, if it does. None for a command that does not exist. */
export const findNeeds = (
  command: string,
  request: Request,
  { db, collection }: { readonly db: string; readonly collection: string | undefined },
): readonly Need[] => {
  const action = actionOf[command]
  if (action === undefined) return []
  const resource: Resource = Object.hasOwn(actions.cluster, command)
    ? { cluster: true }
    : { db, collection: Object.hasOwn(actions.database, command) ? '' : (collection ?? '') }
  return [action, ...moreActions(command, request)].map((one) => ({ resource, action: one }))
}

/** True when every need is met by a privilege. */
export const allows = (privileges: readonly Privilege[], needs: readonly Need[]): boolean =>
  needs.every(({ resource, action }) =>
    privileges.some((one) => one.actions.includes(action) && covers(one.resource, resource)),
  )
