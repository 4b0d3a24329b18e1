import { expect, test } from 'bun:test'
import { withStore } from './store-env.ts'

const ambient = { PATH: '/bin', MONGO_URL: 'mongodb://old', MONGO_USER: 'me', MONGO_PASSWORD_FILE: '/key' }

test('a store that is named replaces everything that was said of another', () => {
  expect(withStore(ambient, 'mongodb://new')).toEqual({ PATH: '/bin', MONGO_URL: 'mongodb://new' })
})

test('without one the documents are in files, whatever the environment says', () => {
  expect(withStore(ambient, undefined)).toEqual({ PATH: '/bin' })
})
