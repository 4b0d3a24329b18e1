import { t } from 'elysia'
import { Hex32, Natural, SessionId, TronAddress } from '../evidence/fields.ts'
import { SignedPolicy } from '../policy/signature.ts'
import { EndReason } from './session-model.ts'

/** A policy with its owner's signature, and what it allows as lines for people. */
export const Policy = t.Object({ ...SignedPolicy.properties, hash: Hex32, says: t.Array(t.String()) })

export const Join = t.Object({ as: t.UnionEnum(['participant', 'observer']) })

/** `bytes` = size of the item; 0 where there is none, as for input and sound. */
export const Action = t.Object({
  channel: t.UnionEnum(['input', 'clipboard', 'files', 'audio', 'printing']),
  direction: t.UnionEnum(['to_session', 'from_session']),
  bytes: Natural,
})
/** `rule` decided, and `says` why. */
export const Decision = t.Object({
  outcome: t.UnionEnum(['allowed', 'blocked', 'void']),
  rule: t.String(),
  says: t.String(),
})

export const NewRequest = t.Object({ ...Action.properties, reason: EndReason })
/** `expires_at`: when a pending request lapses, or until when an approved one holds, epoch ms. */
export const PolicyRequest = t.Object({
  ...NewRequest.properties,
  id: SessionId,
  person: TronAddress,
  state: t.UnionEnum(['pending', 'approved', 'refused', 'expired']),
  asked_at: Natural,
  expires_at: Natural,
  decided_by: t.Optional(TronAddress),
  decided_at: t.Optional(Natural),
})
export const PolicyRequests = t.Object({ requests: t.Array(PolicyRequest) })
export const RequestParams = t.Object({ id: SessionId, request: SessionId })
export const Answer = t.Object({ approve: t.Boolean() })
