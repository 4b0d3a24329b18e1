import { CA_BUNDLE, LUCID } from '../layers/base-contents.ts'
import type { Product } from '../layers/products.ts'

/** How an image starts: what an engine reads of its configuration. Pure. */

export const BUN = '/usr/local/bin/bun'
export const MAIN = '/app/main.js'
export const HEALTH = '/app/health.js'

const SECOND = 1_000_000_000

/** Version of our own release and the checksum of all that went into an image. */
export type Labels = { readonly version: string; readonly inputs: string }

/** Environment of every image: no telemetry, no crash report, no cache; PORT because the health check asks there. */
const environment = ({ port }: Product): readonly string[] => [
  'PATH=/usr/local/bin:/usr/sbin:/usr/bin',
  'NODE_ENV=production',
  'BUN_RUNTIME_TRANSPILER_CACHE_PATH=0',
  'BUN_ENABLE_CRASH_REPORTING=0',
  'DO_NOT_TRACK=1',
  `SSL_CERT_FILE=/${CA_BUNDLE}`,
  ...(port === undefined ? [] : [`PORT=${port}`]),
]

/** The `config` object of an image; `Healthcheck` is Docker's own addition, which podman reads too. */
export const containerConfig = (product: Product, { version, inputs }: Labels) => ({
  User: `${LUCID}:${LUCID}`,
  ...(product.port === undefined ? {} : { ExposedPorts: { [`${product.port}/tcp`]: {} } }),
  Env: environment(product),
  Entrypoint: [BUN, MAIN],
  WorkingDir: '/app',
  Labels: {
    'org.lucid.inputs': inputs,
    'org.lucid.service': product.name,
    'org.opencontainers.image.description': product.summary,
    'org.opencontainers.image.title': product.name,
    'org.opencontainers.image.version': version,
  },
  StopSignal: 'SIGTERM',
  ...(product.port === undefined
    ? {}
    : {
        Healthcheck: {
          Test: ['CMD', BUN, HEALTH],
          Interval: 10 * SECOND,
          Timeout: 3 * SECOND,
          StartPeriod: 10 * SECOND,
          Retries: 3,
        },
      }),
})
