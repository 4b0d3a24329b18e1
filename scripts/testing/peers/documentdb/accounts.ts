import { existsSync, readFileSync } from 'node:fs'
import { replaceFile } from '../../../platform/files.ts'
import type { Call } from './call.ts'
import type { Doc } from './document.ts'
import { CommandError } from './errors.ts'
import { findPrivileges, type Privilege, type RoleDefinition, type RoleName } from './rights.ts'
import { type Credentials, makeCredentials } from './scram.ts'

/** A user of the front; `db` is where it is defined (authSource). */
export type User = {
  readonly user: string
  readonly db: string
  readonly roles: readonly RoleName[]
  readonly credentials: Credentials
}

export type AccountState = { readonly users: readonly User[]; readonly roles: readonly RoleDefinition[] }

/** An account command: by name, with its database and arguments. `salt` gives 28 random bytes. */
type Change = (state: AccountState, call: Pick<Call, 'db' | 'request'>, salt: () => Uint8Array) => AccountState

export const findUser = ({ users }: AccountState, user: string, db: string): User | undefined =>
  users.find((one) => one.user === user && one.db === db)

export const findRole = ({ roles }: AccountState, { role, db }: RoleName): RoleDefinition | undefined =>
  roles.find((one) => one.role === role && one.db === db)

const parseRoles = (value: unknown, state: AccountState, db: string): readonly RoleName[] => {
  if (!Array.isArray(value)) throw new CommandError(14, 'TypeMismatch', 'roles must be an array')
  return value.map((one: string | Doc) => {
    const role =
      typeof one === 'string' ? { role: one, db } : { role: String(one['role']), db: String(one['db'] ?? db) }
    if (findPrivileges(role, state.roles) === undefined)
      throw new CommandError(31, 'RoleNotFound', `Could not find role: ${role.role}@${role.db}`)
    return role
  })
}

const createUser: Change = (state, { request, db }, salt) => {
  const user = String(request['createUser'])
  if (findUser(state, user, db) !== undefined)
    throw new CommandError(51003, 'Location51003', `User "${user}@${db}" already exists`)
  const roles = parseRoles(request['roles'], state, db)
  const credentials = makeCredentials(String(request['pwd']), salt())
  return { ...state, users: [...state.users, { user, db, roles, credentials }] }
}

/** Absent fields stay as they are. */
const updateUser: Change = (state, { request, db }, salt) => {
  const { updateUser: user, pwd, roles } = request
  const before = findUser(state, String(user), db)
  if (before === undefined) throw new CommandError(11, 'UserNotFound', `Could not find user "${user}" for db "${db}"`)
  const after = {
    ...before,
    ...(roles === undefined ? {} : { roles: parseRoles(roles, state, db) }),
    ...(pwd === undefined ? {} : { credentials: makeCredentials(String(pwd), salt()) }),
  }
  return { ...state, users: state.users.map((one) => (one === before ? after : one)) }
}

const parsePrivileges = ({ privileges }: Doc) => ({ privileges: privileges as readonly Privilege[] })

const createRole: Change = (state, { request, db }) => {
  const role = { role: String(request['createRole']), db }
  if (findPrivileges(role, state.roles) !== undefined)
    throw new CommandError(51002, 'Location51002', `Role "${role.role}@${db}" already exists`)
  return { ...state, roles: [...state.roles, { ...role, ...parsePrivileges(request) }] }
}

const updateRole: Change = (state, { request, db }) => {
  const before = findRole(state, { role: String(request['updateRole']), db })
  if (before === undefined) throw new CommandError(31, 'RoleNotFound', `No role named ${request['updateRole']}@${db}`)
  const after = { ...before, ...parsePrivileges(request) }
  return { ...state, roles: state.roles.map((one) => (one === before ? after : one)) }
}

/** Commands that change who there is and what they may. Pure but for the salt. */
export const accountChanges: Readonly<Record<string, Change>> = { createUser, updateUser, createRole, updateRole }

/** Commands that ask for one user or role, as compose/mongo/init.js does. */
const questions: Readonly<Record<string, (state: AccountState, asked: Doc) => Doc>> = {
  usersInfo: (state, { user, db }) => {
    const found = findUser(state, String(user), String(db))
    const shown = found && { user: found.user, db: found.db, roles: found.roles }
    return { users: shown === undefined ? [] : [shown], ok: 1 }
  },
  rolesInfo: (state, { role, db }) => {
    const found = findRole(state, { role: String(role), db: String(db) })
    return { roles: found === undefined ? [] : [{ ...found, roles: [] }], ok: 1 }
  },
}

/** Users and roles, in a file that survives a kill. */
export const openAccounts = (path: string, salt: () => Uint8Array) => {
  let state: AccountState = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as AccountState) // written below
    : { users: [], roles: [] }
  return {
    state: () => state,
    privileges: ({ roles }: User): readonly Privilege[] =>
      roles.flatMap((role) => findPrivileges(role, state.roles) ?? []),
    /** Answers an account command; undefined for any other. */
    answer: (call: Pick<Call, 'name' | 'db' | 'request'>): Doc | undefined => {
      const question = questions[call.name]
      if (question !== undefined) return question(state, call.request[call.name] as Doc)
      const change = accountChanges[call.name]
      if (change === undefined) return undefined
      const next = change(state, call, salt)
      replaceFile(path, JSON.stringify(next), { durable: true })
      state = next
      return { ok: 1 }
    },
  }
}

export type Accounts = ReturnType<typeof openAccounts>
