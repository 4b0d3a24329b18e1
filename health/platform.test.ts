import { expect, test } from 'bun:test'
import { parsePlatform } from './platform.ts'

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
    urls: { chunker: 'http://127.0.0.1:40001' },
    leftOut: { gateway: 'needs nginx' },
  })
  for (const text of ['', '{', 'null', '[]', '{"pid":"7"}', '{"pid":0}']) expect(parsePlatform(text)).toBeUndefined()
})
