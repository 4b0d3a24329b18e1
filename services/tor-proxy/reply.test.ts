import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { parsePairs, replyReader } from './reply.ts'

/** As tor 0.4.9 sent it, with its line ends. */
const recorded = [
  '250-PROTOCOLINFO 1',
  '250-AUTH METHODS=COOKIE,SAFECOOKIE,HASHEDPASSWORD COOKIEFILE="/d/control_auth_cookie"',
  '250-VERSION Tor="0.4.9.11"',
  '250 OK',
  '650 STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=10 TAG=conn_done SUMMARY="Connected to a relay"',
  '250+circuit-status=',
  '1 BUILT $AA~a PURPOSE=GENERAL',
  '..a line that began with a dot',
  '.',
  '250 OK',
  '251 Operation was unnecessary',
  '515 Authentication failed: Wrong length on authentication cookie.',
  '',
].join('\r\n')

const replies = [
  {
    code: 250,
    lines: [
      'PROTOCOLINFO 1',
      'AUTH METHODS=COOKIE,SAFECOOKIE,HASHEDPASSWORD COOKIEFILE="/d/control_auth_cookie"',
      'VERSION Tor="0.4.9.11"',
      'OK',
    ],
    event: false,
  },
  {
    code: 650,
    lines: ['STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=10 TAG=conn_done SUMMARY="Connected to a relay"'],
    event: true,
  },
  {
    code: 250,
    lines: ['circuit-status=\n1 BUILT $AA~a PURPOSE=GENERAL\n.a line that began with a dot', 'OK'],
    event: false,
  },
  { code: 251, lines: ['Operation was unnecessary'], event: false },
  { code: 515, lines: ['Authentication failed: Wrong length on authentication cookie.'], event: false },
]

test('single lines, several lines, data and events are read as they come', () => {
  expect(replyReader()(recorded)).toEqual(replies)
})

test('however the network cuts the text', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(recorded.length), { maxLength: 12 }), (cuts) => {
      const read = replyReader()
      const at = [0, ...cuts.toSorted((a, b) => a - b), recorded.length]
      const pieces = at.slice(1).map((end, i) => recorded.slice(at[i], end))
      expect(pieces.flatMap(read)).toEqual(replies)
    }),
  )
})

test('what is no control port is found out', () => {
  expect(() => replyReader()('HTTP/1.1 400 Bad Request\r\n')).toThrow('something else than tor')
  expect(() => replyReader()('x'.repeat(1_000_001))).toThrow('a line without end')
})

test('pairs lose their quotes and escapes', () => {
  expect(parsePairs('NOTICE BOOTSTRAP PROGRESS=5 SUMMARY="a \\"b\\" = c" WARNING=none')).toEqual({
    PROGRESS: '5',
    SUMMARY: 'a "b" = c',
    WARNING: 'none',
  })
})
