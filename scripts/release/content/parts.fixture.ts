import type { Parts } from './assemble.ts'

const hex = (digit: string) => `sha256:${digit.repeat(64)}`
/** An image whose digests are all of one hex digit. */
export const image = (service: string, digit: string) => ({
  service,
  name: `pickme/lucid:${service}-${digit.repeat(12)}`,
  pull: `pickme/lucid@${hex(digit)}`,
  digest: hex(digit),
  manifest: hex(digit),
  config: hex(digit),
  layers: [{ digest: hex(digit), size: 10, diffId: hex(digit) }],
})

const compose = (stack: string, services: string) => `name: lucid-${stack}\nservices:\n${services}`
const service = (name: string) =>
  `  ${name}: { image: "pickme/lucid:${name}", container_name: ${name}, mem_limit: 64m, healthcheck: { test: [CMD, /ask] } }\n`

/** A small release: a stack with a service of ours and a stock one, another with one that keeps documents. */
export const parts: Parts = {
  platform: 'linux/arm64',
  dir: '/lucid',
  stacks: [
    {
      stack: 'core',
      text: compose(
        'core',
        `${service('gate')}  db: { image: "db:1", container_name: db, volumes: [{ type: bind, source: ./db/start.sh, target: /s }] }\n`,
      ),
      env: {},
    },
    { stack: 'sessions', text: compose('sessions', service('cut')), env: {} },
  ],
  variables: {},
  images: [image('gate', '1'), image('cut', '2'), image('tool', '3')],
  tools: ['tool'],
  mounted: { 'db/start.sh': '#!/bin/sh\n' },
  identities: ['gate', 'cut'],
  migrations: { cut: { version: 1, irreversible: [] } },
}
export const origin = { version: '1', revision: 'a', madeBy: 'a@b', madeAt: 1, signer: 'ab'.repeat(32) }
