import type { Order } from './rule.ts'

const afterPrefix = (path: string, prefix: string): string | undefined => {
  if (!path.startsWith(prefix)) return undefined
  const [room = '', ...inner] = path.slice(prefix.length).split('/')
  return inner.length === 0 ? `a file at the top of ${prefix}` : room
}

const topFolder = (path: string): string | undefined => /^(?:services|health)(?=\/)/.exec(path)?.[0]

/** The rooms of the house from low to high. A new room is added here, at the place it is to have. */
export const orders: readonly Order[] = [
  {
    name: 'no arrow goes up between the rooms of scripts',
    roomOf: (path) => afterPrefix(path, 'scripts/') ?? topFolder(path),
    rooms: [
      'services',
      'health',
      'cli',
      'derive',
      'platform',
      'host',
      'session',
      'lucid',
      'store',
      'images',
      'release',
      'backup',
      'audit', // what services did, asked as the operator
      'doctor',
      'acceptance',
      'check',
      'demo',
      'testing',
    ],
    why: 'whoever changes a room then knows who can notice: the rooms above it',
  },
  {
    name: 'no arrow goes up between the rooms of common',
    roomOf: (path) => afterPrefix(path, 'services/common/'),
    rooms: [
      'process', // faults, log, environment, health: what every program has
      'cli', // a command line as data, tables, sizes and times as text
      'stream',
      'engines',
      'ethereum',
      'evidence',
      'people', // roles, access tokens, who is signed in
      'policy', // what people may do in a session
      'store',
      'host',
      'backup',
      'audit', // the stream of what a service did, over its store
      'http', // the root of a service and its start, which opens a store
      'acceptance', // probes of a running system, of server-tools and of the acceptance tests
      'testing',
    ],
    why: 'a service can take the lower half without the upper',
  },
]
