import { expect, test } from 'bun:test'
import { serverName } from './server-name.ts'

test('a server is called MongoDB only when it has the storage engine and the build of one', () => {
  const git = 'f3f20df5f6b9ce6f0b1c8f1a6e9b9f4d2d7c0a11'
  const table = [
    [{ version: '7.0.14', gitVersion: git, modules: [], storageEngines: ['wiredTiger'] }, 'MongoDB 7.0.14'],
    [{ gitVersion: git, storageEngines: ['devnull', 'wiredTiger'] }, 'MongoDB of unknown version'],
    [
      { version: '7.0.0', gitVersion: 'DocumentDB test peer', storageEngines: ['documentdb'] },
      'MongoDB driver against DocumentDB',
    ],
    [{ version: '7.0.0', modules: ['DocumentDB'] }, 'MongoDB driver against DocumentDB'],
    [{ version: '7.0.77', gitVersion: git, modules: [] }, 'MongoDB driver against a server that is not known'],
    [{}, 'MongoDB driver against a server that is not known'],
  ] as const
  for (const [info, name] of table) expect(serverName(info)).toBe(name)
})
