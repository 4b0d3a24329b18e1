import { describe, expect, test } from 'bun:test'
import { escapeAll, interpolate } from './interpolate.ts'
import { type RenderInput, renderStack } from './render.ts'

const text = `
name: lucid-core
services:
  db:
    image: "\${DB_IMAGE:-db:1}"
    container_name: lucid_db
    mem_limit: 768m
    volumes:
      - db_data:/data
      - { type: bind, source: ./db/start.sh, target: /start.sh, read_only: true }
    ports: [127.0.0.1:27017:27017]
    healthcheck: { test: [CMD, /bin/ask] }
  db-init:
    image: db:1
    restart: on-failure:5
    network_mode: service:db
    depends_on: { db: { condition: service_started } }
  gate:
    image: "\${LUCID_IMAGE_REPO:-pickme/lucid}:gate"
    profiles: [edge]
    mem_limit: 128m
    env_file: [../env/.env.core]
    environment: { LUCID_PLANE: ops, COST: '$$5' }
    depends_on: { db: { condition: service_healthy } }
    volumes:
      - { type: bind, source: "\${LUCID_MOUNT_PATH:-/x}/identities.json", target: /i.json }
    ports: [127.0.0.1:8080:80, 127.0.0.1:9050:9050]
    labels: { org.lucid.service: gate }
    healthcheck: { test: [CMD, /bun, /health.js] }
  tool: { image: tool, profiles: [tools] }
networks: { core: { name: core } }
secrets:
  gate-KEY: { file: "\${LUCID_MOUNT_PATH:-/x}/secrets/gate/KEY" }
`

const input: RenderInput = {
  stack: 'core',
  text,
  env: { LOG_LEVEL: 'info', PRICE: '$9', LUCID_PLANE: 'from-file' },
  variables: { DB_IMAGE: 'db:2' },
  dir: '/lucid',
  images: { gate: 'pickme/lucid:gate-0123' },
  tools: ['tool'],
  support: { 'db/start.sh': 'files/aaaa/start.sh' },
  identities: 'id-1',
  digest: (one) => `#${one}`,
}

type Read = { readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>> }
const read = (rendered: { readonly text: string }) => Bun.YAML.parse(rendered.text) as Read

describe('the Compose file of a release', () => {
  const rendered = renderStack(input)
  const { services } = read(rendered)

  test('names each image of ours by its content, and nothing is ever pulled', () => {
    expect(services['gate']).toMatchObject({ image: 'pickme/lucid:gate-0123', pull_policy: 'never' })
    expect(services['db']).toMatchObject({ image: 'db:2', pull_policy: 'never' })
  })

  test('has the environment inside, what the file says over what the env file says, and Compose replaces nothing in it', () => {
    expect(services['gate']?.['environment']).toEqual({
      LOG_LEVEL: 'info',
      PRICE: '$$9',
      LUCID_PLANE: 'ops',
      COST: '$$5',
    })
    expect(services['gate']).not.toHaveProperty('env_file')
    expect(services['db']).not.toHaveProperty('environment')
  })

  test('mounts files from where their content has its place', () => {
    expect(services['db']?.['volumes']).toEqual([
      'db_data:/data',
      { type: 'bind', source: '/lucid/files/aaaa/start.sh', target: '/start.sh', read_only: true },
    ])
    expect(services['gate']?.['volumes']).toEqual([
      { type: 'bind', source: '/lucid/identities.json', target: '/i.json' },
    ])
  })

  test('starts what has a profile, leaves tools out, and waits for health nowhere', () => {
    expect(Object.keys(services)).toEqual(['db', 'db-init', 'gate'])
    expect(services['gate']).not.toHaveProperty('profiles')
    expect(services['gate']).not.toHaveProperty('depends_on')
    expect(services['db-init']?.['depends_on']).toEqual({ db: { condition: 'service_started' } })
  })

  test('tells what each container is, how it shows that it is well, and what it takes of the host', () => {
    expect(rendered.stack.members).toEqual([
      {
        service: 'db',
        container: 'lucid_db',
        image: 'db:2',
        proof: { kind: 'healthy', command: ['/bin/ask'] },
        memory: 768 * 2 ** 20,
        ports: [27017],
        volumes: ['db_data'],
      },
      {
        service: 'db-init',
        container: 'db-init',
        image: 'db:1',
        proof: { kind: 'ends' },
        memory: 0,
        ports: [],
        volumes: [],
      },
      {
        service: 'gate',
        container: 'gate',
        image: 'pickme/lucid:gate-0123',
        proof: { kind: 'healthy', command: ['/bun', '/health.js'] },
        memory: 128 * 2 ** 20,
        ports: [8080, 9050],
        volumes: [],
      },
    ])
    expect(rendered).toMatchObject({ secrets: ['gate/KEY'], volumes: ['db_data'], networks: ['core'] })
  })

  test('shows of values their digest alone', () => {
    expect(rendered.stack.env['gate']).toEqual({ LOG_LEVEL: '#info', PRICE: '#$9', LUCID_PLANE: '#ops', COST: '#$5' })
  })

  test('changes for our services, and for no other, when the identities change', () => {
    const other = read(renderStack({ ...input, identities: 'id-2' })).services
    expect(other['gate']).not.toEqual(services['gate'])
    expect(other['db']).toEqual(services['db'])
  })

  test('is refused when it mounts a file that is not part of the release', () => {
    expect(() => renderStack({ ...input, support: {} })).toThrow(
      'core: ./db/start.sh is mounted and not among the files of the release',
    )
  })
})

test.each([
  ['$$x', '$x'],
  [`\${A}`, '1'],
  [`\${B:-two}`, 'two'],
  [`\${E:-three}`, 'three'],
  [`\${B}`, ''],
  [`a\${A}b\${A}`, 'a1b1'],
])('%p becomes %p', (before, after) => {
  expect(interpolate(before, { A: '1', E: '' })).toBe(after)
})

test('a literal document reads back as it was', () => {
  expect(escapeAll({ a: ['$x', 1, null], b: true })).toEqual({ a: ['$$x', 1, null], b: true })
})
