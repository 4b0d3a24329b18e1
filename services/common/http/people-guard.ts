import { isAccessToken } from '../people/access-token.ts'
import type { SignIns } from '../people/sign-ins.ts'
import { bearerToken, type Guard } from './identity.ts'

/**
 * The guard of a service that people call: an access token is judged by `identify`, every other by the guard of services.
 * The two realms never stand in for each other: type and audience of their tokens differ.
 */
export const peopleGuard =
  (services: Guard, { identify }: Pick<SignIns, 'identify'>): Guard =>
  async (request) => {
    const token = bearerToken(request)
    if (token === undefined || !isAccessToken(token)) return services(request)
    const person = await identify(token)
    return { caller: 'person', actor: person.address, person }
  }
