import { expect, test } from 'bun:test'
import { parsePlatform, targetsOf } from './target.ts'

const listed = {
  ledger: { stack: 'blockchain', hostPort: 8088 },
  chunker: { stack: 'sessions', hostPort: 8090 },
  builder: { stack: 'sessions', hostPort: 8089 },
} as const

test('without a platform everything is asked on its host port, in the order of stacks and ports', () => {
  expect(targetsOf(listed, {})).toEqual([
    { name: 'builder', stack: 'sessions', url: 'http://127.0.0.1:8089' },
    { name: 'chunker', stack: 'sessions', url: 'http://127.0.0.1:8090' },
    { name: 'ledger', stack: 'blockchain', url: 'http://127.0.0.1:8088' },
  ])
})

test('a running platform says where its services are; what it does not run is still asked', () => {
  const platform = { pid: 1, services: { chunker: { url: 'http://127.0.0.1:40001' } }, leftOut: {} }
  expect(targetsOf(listed, { platform, chosen: ['sessions'] }).map(({ url }) => url)).toEqual([
    'http://127.0.0.1:8089',
    'http://127.0.0.1:40001',
  ])
})

test('what the running platform was started without is listed with the reason', () => {
  const platform = { pid: 1, services: {}, leftOut: { ledger: 'needs a press' } }
  expect(targetsOf(listed, { platform, chosen: ['blockchain'] })).toEqual([
    { name: 'ledger', stack: 'blockchain', url: 'http://127.0.0.1:8088', leftOut: 'needs a press' },
  ])
})

test('a platform record is read for what is needed, and only loopback addresses are taken', () => {
  const record = {
    pid: 7,
    started_at: 1,
    services: {
      chunker: { pid: 8, port: 40001, url: 'http://127.0.0.1:40001' },
      builder: { pid: 9, port: 80, url: 'http://example.org' },
      ledger: { pid: 9 },
    },
    left_out: { gateway: 'needs nginx' },
  }
  expect(parsePlatform(JSON.stringify(record))).toEqual({
    pid: 7,
    services: { chunker: { url: 'http://127.0.0.1:40001' } },
    leftOut: { gateway: 'needs nginx' },
  })
  for (const text of ['', '{', 'null', '[]', '{"pid":"7"}', '{"pid":0}'])
    expect(parsePlatform(text)).toBeUndefined()
})
