import { describe, expect, test } from 'bun:test'
import { refusePage } from './page-request.ts'

const statusOf = (headers: Record<string, string>): number | undefined =>
  refusePage(new Request('http://localhost/rpc', { method: 'POST', headers }))?.status
const json = { 'content-type': 'application/json' }

describe('POST /rpc', () => {
  test('takes application/json, with or without a charset', () => {
    for (const type of ['application/json', 'Application/JSON; charset=utf-8', 'application/json ;x=y'])
      expect([type, statusOf({ 'content-type': type })]).toEqual([type, undefined])
  })

  test('takes nothing that a page may send without asking', () => {
    expect(statusOf({})).toBe(415)
    for (const type of [
      'text/plain',
      'text/plain;charset=UTF-8',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=application/json',
      'application/jsonx',
      'application/json-rpc',
    ])
      expect([type, statusOf({ 'content-type': type })]).toEqual([type, 415])
  })

  test('takes nothing of a page of another origin, not even of a name that was rebound to this machine', () => {
    for (const [origin, host] of [
      ['http://evil.example', '127.0.0.1:8084'],
      ['http://127.0.0.1:8195', '127.0.0.1:8084'],
      ['https://127.0.0.1:8084', '127.0.0.1:8084'],
      ['null', '127.0.0.1:8084'],
      ['', '127.0.0.1:8084'],
      ['http://evil.example:8084', 'evil.example:8084'],
      ['http://localhost.evil.example', 'localhost.evil.example'],
      ['http://blockchain-api:8084', 'blockchain-api:8084'],
    ] as const)
      expect([origin, statusOf({ ...json, origin, host })]).toEqual([origin, 403])
  })

  test('takes its own origin', () => {
    for (const host of ['127.0.0.1:8084', 'localhost:8084', '[::1]:8084'])
      expect(statusOf({ ...json, host, origin: `http://${host}` })).toBeUndefined()
  })
})
