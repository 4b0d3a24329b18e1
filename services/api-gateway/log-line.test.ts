import { expect, test } from 'bun:test'
import { readLogLine } from './log-line.ts'

test('a failure keeps its words and its upstream, and loses the client and what it asked for', () => {
  expect(
    readLogLine(
      '2026/11/25 18:29:06 [error] 21535#21535: *4 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.9, server: localhost, request: "GET /recorder/recordings?token=abc HTTP/1.1", upstream: "http://127.0.0.1:8095/recordings?token=abc", host: "x.example"',
    ),
  ).toEqual({
    level: 'error',
    message: 'connect() failed (111: Connection refused) while connecting to upstream (http://127.0.0.1:8095)',
  })
})

test.each([
  ['2026/11/25 18:29:06 [notice] 1#1: signal 1 (SIGHUP) received', 'info', 'signal 1 (SIGHUP) received'],
  [
    'nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)',
    'error',
    'bind() to 0.0.0.0:80 failed (13: Permission denied)',
  ],
  ['2026/11/25 18:29:06 [warn] 1#1: something', 'warn', 'something'],
  [
    '2026/11/25 18:29:06 [info] 1#1: *9 client 203.0.113.9 closed keepalive connection',
    'info',
    'client [address] closed keepalive connection',
  ],
  ['not as usual', 'info', 'not as usual'],
] as const)('%j', (line, level, message) => {
  expect(readLogLine(line)).toEqual({ level, message })
})
