import { Type } from '@sinclair/typebox'
import { credential, secret, serviceEnv } from '#common/process/env'

/** Environment of api-gateway. */
export const Env = serviceEnv('api-gateway', {
  UPSTREAM_TIMEOUT_MS: Type.Integer({
    default: 30_000,
    minimum: 100,
    maximum: 600_000,
    description: 'longest silence of a service behind the gateway, ms; streams get two minutes',
  }),
  TLS_CERT: Type.Optional(
    Type.String({
      pattern: '^-----BEGIN ',
      description:
        'PEM of a certificate with those that signed it, best given as TLS_CERT_FILE, which is read again when it changes; without it one is made',
    }),
  ),
  TLS_KEY: Type.Optional(
    credential({ pattern: '^-----BEGIN ', description: 'PEM of its key, best given as TLS_KEY_FILE' }),
  ),
  TLS_CA_KEY: secret({ description: 'what the authority of the certificates that are made here follows from' }),
  ONION_NETWORKS: Type.String({
    default: '127.0.0.0/8,172.21.0.0/24',
    pattern: '^[0-9.]+/[0-9]{1,2}(,[0-9.]+/[0-9]{1,2})*$',
    description:
      'where tor-proxy calls from, as networks with commas: who else calls the port of the onion is not answered',
  }),
  GATEWAY_HOSTS: Type.String({
    default: '',
    pattern: '^([a-z0-9.-]+(,[a-z0-9.-]+)*)?$',
    description:
      'more host names that the gateway answers to, with commas; addresses, localhost and onions it knows, but a certificate that is made is for these and localhost alone',
  }),
})
