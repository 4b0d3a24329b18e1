import { Fault } from '../process/fault.ts'
import type { PolicySnapshot } from './snapshot.ts'

/** As what somebody is in a session. */
export type Part = 'participant' | 'observer'

/** Passes for whom the policy names. Throws Fault forbidden `not-in-force`, `not-invited`. */
export const checkAdmission = (
  policy: PolicySnapshot,
  { person, part, now }: { readonly person: string; readonly part: Part; readonly now: number },
): void => {
  if (now >= policy.valid_until)
    throw new Fault('forbidden', 'not-in-force', 'the policy of this session is not in force any more')
  const isNamed =
    part === 'participant'
      ? person === policy.owner || policy.participants.includes(person)
      : policy.observers.includes(person)
  if (!isNamed)
    throw new Fault(
      'forbidden',
      'not-invited',
      `the policy of this session does not name you as ${part === 'participant' ? 'a participant' : 'an observer'}`,
    )
}
