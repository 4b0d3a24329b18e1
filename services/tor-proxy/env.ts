import { Type } from '@sinclair/typebox'
import { secret, serviceEnv } from '#common/process/env'

/** Environment of tor-proxy. */
export const Env = serviceEnv('tor-proxy', {
  TOR_CONTROL_PASSWORD: secret({ description: 'password of the control port' }),
  TOR_NETWORK: Type.Optional(
    Type.Union([Type.Literal('on'), Type.Literal('off')], {
      description: 'on reaches the Tor network, off reaches nothing; on in production, off in development',
    }),
  ),
  SOCKS_NETWORKS: Type.String({
    default: '172.21.0.0/24,172.26.0.0/24',
    pattern: '^[0-9.]+/[0-9]{1,2}(,[0-9.]+/[0-9]{1,2})*$',
    description: 'who may use SOCKS and the HTTP tunnel beside this machine, as networks with commas',
  }),
  ONION_STATE: Type.String({
    default: '/onions',
    description: 'folder in which the addresses of the onions stand for other services to read',
  }),
  TOR_TEST_NETWORK: Type.Optional(
    Type.String({
      description:
        'lines for torrc that lead to a private network, best given as TOR_TEST_NETWORK_FILE; for tests alone',
    }),
  ),
})
