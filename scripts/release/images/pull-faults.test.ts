import { expect, test } from 'bun:test'
import { pullFault } from './pull-faults.ts'
import { pullMeter } from './pull-progress.ts'

const reference = `registry.test:5000/pickme/lucid@sha256:${'a'.repeat(64)}`

// Words of Docker 20.10 and 28.
test.each([
  ['Error response from daemon: manifest for x not found: manifest unknown: manifest unknown', 'has no'],
  ['Error response from daemon: failed to resolve reference "x": x: not found', 'push it'],
  [
    'Error response from daemon: Head "https://x/v2/y": no basic auth credentials',
    'docker login registry.test:5000 there',
  ],
  [
    'Error response from daemon: pull access denied for x, repository does not exist or may require docker login',
    'may not pull',
  ],
  ['Error response from daemon: unauthorized: authentication required', 'docker login'],
  ['toomanyrequests: You have reached your pull rate limit.', 'rate limit'],
  ['Error response from daemon: Get "https://x/v2/": http: server gave HTTP response to HTTPS client', 'give it TLS'],
  [
    'Error response from daemon: Get "https://x/v2/": x509: certificate signed by unknown authority',
    '/etc/docker/certs.d',
  ],
  ['Error response from daemon: Get "https://x/v2/": dial tcp: lookup x: no such host', 'mend its network'],
  [
    'Error response from daemon: Get "https://x/v2/": dial tcp 10.0.0.1:443: connect: connection refused',
    'cannot reach the registry',
  ],
  [
    'failed to register layer: write /usr/bin/bun: no space left on device',
    'the disk of pi is full: make room (df -h /mnt/ssd',
  ],
  ['Got permission denied while trying to connect to the Docker daemon socket', 'may not use docker'],
  ['something new', `docker pull ${reference} failed: something new`],
])('%p says what to do', (err, said) => {
  expect(pullFault('pi', reference, { code: 1, out: '', err }, { dir: '/mnt/ssd' }).message).toContain(said)
})

test('a pull is as far as the layers that have come, each once, whatever the pieces of the text', () => {
  const layer = (digit: string, size: number) => ({ digest: `sha256:${digit.repeat(64)}`, size })
  const meter = pullMeter([layer('a', 10), layer('b', 5)])
  const text =
    'aaaaaaaaaaaa: Pulling fs layer\naaaaaaaaaaaa: Download complete\naaaaaaaaaaaa: Pull complete\nbbbbbbbbbbbb: Already exists\n'
  const seen = [...text].map((one) => meter(one))
  expect([...new Set(seen)]).toEqual([0, 10, 15])
})
