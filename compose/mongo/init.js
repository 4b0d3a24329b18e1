// Sets the database up, and does nothing where it is set up already: replica set, root, and for every service a
// role and a user that may touch its own collections. Compose runs it on every `up`, in the network of the first
// member: only from there does MongoDB accept the first user. It never removes a member, a user or data.
// Run by mongosh; tested against a stand-in by scripts/testing/peers/mongosh/mongo-init.peer.test.ts.
const fs = require('fs')

const folder = process.env.SECRETS ?? '/run/secrets'
const port = process.env.MONGO_PORT ?? '27017'
const members = process.env.MONGO_MEMBERS.split(',')
const { database, replicaSet, users } = JSON.parse(
  fs.readFileSync(process.env.USERS_FILE ?? '/opt/lucid/users.json', 'utf8'),
)

const OWN = ['find', 'insert', 'update', 'remove', 'createCollection', 'createIndex', 'dropIndex', 'collMod', 'listIndexes']
const PATIENCE_MS = 120_000
const UNAUTHENTICATED = 18
const FORBIDDEN = 13
const ALREADY_INITIALISED = 23
/** Answers that time cures: a new member is not reachable yet; the last change of the set is not committed yet. */
const NOT_YET = [74, 308]

const say = (text) => print(`mongo-init: ${text}`)

const secret = (name) => {
  const text = fs.readFileSync(`${folder}/${name}`, 'utf8').trim()
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`secret ${name} does not hold 64 lower-case hex digits`)
  return text
}

const direct = (address, login = '') =>
  new Mongo(
    `mongodb://${login}${address}/admin?directConnection=true&serverSelectionTimeoutMS=2000`,
  ).getDB('admin')

const isNetwork = (error) => /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ServerSelection|MongoNetwork|connection .* closed/.test(`${error.name} ${error.message}`)

/** Tries until it answers something; what is no matter of waiting is thrown. */
const patiently = (what, attempt) => {
  for (const until = Date.now() + PATIENCE_MS; ; sleep(500)) {
    try {
      const answer = attempt()
      if (answer) return answer
    } catch (error) {
      if (!isNetwork(error) && !NOT_YET.includes(error.code)) throw error
    }
    if (Date.now() > until) throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`)
  }
}

/** A login, or undefined when the server refuses user or password. */
const login = (address, user, password) => {
  try {
    const db = direct(address, `${user}:${password}@`)
    db.runCommand({ ping: 1 })
    return db
  } catch (error) {
    if (error.code === UNAUTHENTICATED) return undefined
    throw error
  }
}

const local = `127.0.0.1:${port}`
const rootPassword = secret('ROOT_PASSWORD')

const initiate = (db) => {
  try {
    db.runCommand({ replSetInitiate: { _id: replicaSet, members: [{ _id: 0, host: members[0] }] } })
    say(`replica set ${replicaSet} initiated with ${members[0]}`)
  } catch (error) {
    if (error.code !== ALREADY_INITIALISED) throw error
  }
}

/** The first start: no user exists yet, and MongoDB lets a client on its own machine make the first. */
const firstStart = () => {
  const db = direct(local)
  try {
    if (!db.runCommand({ hello: 1 }).setName) initiate(db)
    patiently('a primary', () => db.runCommand({ hello: 1 }).isWritablePrimary)
    db.runCommand({ createUser: 'root', pwd: rootPassword, roles: [{ role: 'root', db: 'admin' }] })
    say('root created')
  } catch (error) {
    if (error.code !== FORBIDDEN) throw error
    throw new Error('the database has another root password than secrets/mongo/ROOT_PASSWORD: put the right one there')
  }
}

const asRoot = () => {
  const known = patiently('mongod', () => login(local, 'root', rootPassword) ?? 'refused')
  if (known !== 'refused') return known
  firstStart()
  return login(local, 'root', rootPassword)
}

/** Adds the members that the set lacks, one at a time as MongoDB wants it, on whichever member is the primary. */
const addMembers = (db) => {
  for (const host of members) {
    const added = patiently(host, () => {
      const { config } = db.runCommand({ replSetGetConfig: 1 })
      if (config.members.some((member) => member.host === host)) return 'there'
      const _id = Math.max(...config.members.map((member) => member._id)) + 1
      const wanted = { ...config, version: config.version + 1, members: [...config.members, { _id, host }] }
      return db.runCommand({ replSetReconfig: wanted }).ok
    })
    if (added !== 'there') say(`${host} added to the replica set`)
  }
}

const privilegesOf = (collections) => [
  ...collections.map((collection) => ({ resource: { db: database, collection }, actions: OWN })),
  { resource: { db: database, collection: '' }, actions: ['listCollections'] },
]

/** Privileges in one order, to be compared. */
const normal = (privileges) =>
  JSON.stringify(
    privileges.map(({ resource, actions }) => [resource.db, resource.collection, [...actions].sort()]).sort(),
  )

/** Makes the role of a service what it must be. Answers what was done. */
const settleRole = (db, user, privileges) => {
  const [role] = db.runCommand({ rolesInfo: { role: user, db: 'admin' }, showPrivileges: true }).roles
  const same = role && normal(role.privileges) === normal(privileges) && role.roles.length === 0
  if (same) return []
  db.runCommand({ [role ? 'updateRole' : 'createRole']: user, privileges, roles: [] })
  return [role ? 'rights changed' : 'role created']
}

/** Makes the user of a service what it must be. Answers what was done. */
const settleUser = (db, address, user, password) => {
  const roles = [{ role: user, db: 'admin' }]
  const [known] = db.runCommand({ usersInfo: { user, db: 'admin' } }).users
  if (!known) {
    db.runCommand({ createUser: user, pwd: password, roles })
    return ['user created']
  }
  const rights = known.roles.map(({ role, db: at }) => `${at}.${role}`).join() === `admin.${user}`
  if (!rights) db.runCommand({ updateUser: user, roles })
  const entered = login(address, user, password)
  if (!entered) db.runCommand({ updateUser: user, pwd: password })
  return [...(rights ? [] : ['role given again']), ...(entered ? [] : ['password changed'])]
}

const found = asRoot()
const primary = patiently('a primary', () => found.runCommand({ hello: 1 }).primary)
const address = members.length === 1 ? local : primary
const db = members.length === 1 ? found : login(address, 'root', rootPassword)
addMembers(db)
for (const { user, collections } of users) {
  const done = [
    ...settleRole(db, user, privilegesOf(collections)),
    ...settleUser(db, address, user, secret(`${user}-MONGO_PASSWORD`)),
  ]
  say(`${user}: ${done.length === 0 ? 'as it must be' : done.join(', ')}`)
}
