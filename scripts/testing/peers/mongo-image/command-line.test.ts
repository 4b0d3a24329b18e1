import { expect, test } from 'bun:test'
import { stock } from '#catalog'
import { mongoServices } from '../../../derive/mongo.ts'
import { parseCommandLine } from './command-line.ts'

test('the command line of the Compose file is understood', () => {
  const command = mongoServices(stock.mongo, []).services['mongo']?.command ?? []
  expect(parseCommandLine(command.slice(1))).toEqual({ replSet: 'rs0', keyFile: '/run/mongo/KEYFILE' })
})

test('what mongod would not start with is refused', () => {
  expect(() => parseCommandLine(['--replSet', 'rs0'])).toThrow('--keyFile')
  expect(() => parseCommandLine(['--keyFile', '/k'])).toThrow('--replSet')
  expect(() => parseCommandLine(['--nonsense'])).toThrow('--nonsense')
})
