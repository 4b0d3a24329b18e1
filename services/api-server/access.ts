import { mayDo } from '#common/people/permissions'
import { Fault } from '#common/process/fault'
import type { SignedIn } from '#common/process/request-context'

/** The one place that decides what a person may do with a session. */

/** Who has to do with a session. */
export type Parties = {
  readonly owner: string
  readonly participants: readonly string[]
  readonly observers: readonly string[]
  /** Whom its policy names. */
  readonly policy?:
    | {
        readonly participants: readonly string[]
        readonly observers: readonly string[]
        readonly approvers: readonly string[]
      }
    | undefined
}

/** What a person is to a session; the first that fits. The policy names approvers and invited; those who joined are more. */
export type Relation = 'owner' | 'admin' | 'participant' | 'observer' | 'approver' | 'invited' | 'stranger'

/**
 * What is done with a session: `know` reads how it stands and what its policy says, `see` reads what was recorded,
 * `export` takes its evidence away: the owner his own, others with the permission data_export. `take-part` asks for and
 * takes actions in it, `steer` changes or ends it, `own` is for nobody but the owner.
 */
export type Deed = 'know' | 'see' | 'export' | 'take-part' | 'steer' | 'own'

const allowed: Readonly<Record<Deed, readonly Relation[]>> = {
  know: ['owner', 'admin', 'participant', 'observer', 'approver', 'invited'],
  see: ['owner', 'admin', 'participant', 'observer'],
  export: ['owner', 'admin', 'participant', 'observer'],
  'take-part': ['owner', 'admin', 'participant'],
  steer: ['owner', 'admin'],
  own: ['owner'],
}

type Known = Pick<SignedIn, 'address' | 'roles'>

/** What a person is to a session; who is admitted to it and has lost the permission is a stranger. */
export const relationOf = (person: Known, { owner, participants, observers, policy }: Parties): Relation => {
  const { address, roles } = person
  if (address === owner) return 'owner'
  if (mayDo(roles, 'admin_access')) return 'admin'
  if (participants.includes(address) && mayDo(roles, 'session_join')) return 'participant'
  if (observers.includes(address) && mayDo(roles, 'session_observe')) return 'observer'
  if (policy?.approvers.includes(address) && mayDo(roles, 'session_join')) return 'approver'
  if (policy?.participants.includes(address) && mayDo(roles, 'session_join')) return 'invited'
  if (policy?.observers.includes(address) && mayDo(roles, 'session_observe')) return 'invited'
  return 'stranger'
}

/** What is answered for a session that is not there, and for one that is not for the person who asks. */
export const noSuchSession = (): Fault => new Fault('missing', 'no-such-session', 'there is no session of this id')

const requireExport = ({ roles }: Known, relation: Relation): void => {
  if (relation === 'owner' || mayDo(roles, 'data_export')) return
  const detail =
    'evidence is for the owner of the session, or needs the permission data_export: ask an admin for a role'
  throw new Fault('forbidden', 'not-permitted', detail)
}

/**
 * Throws Fault missing `no-such-session` for who may not see it, forbidden `not-yours` for who may see it only,
 * `not-permitted` for whom it is not to take away.
 */
export const requireAccess = (person: Known, session: Parties, deed: Deed): void => {
  const relation = relationOf(person, session)
  if (allowed[deed].includes(relation)) {
    if (deed === 'export') requireExport(person, relation)
    return
  }
  if (relation === 'stranger') throw noSuchSession()
  throw new Fault(
    'forbidden',
    'not-yours',
    `this is for ${allowed[deed].join(' or ')} of the session; you are ${relation}`,
  )
}
