import { expect, test } from 'bun:test'
import { stock } from '#catalog'
import { mongoServices } from '../../../derive/mongo.ts'
import { readCommandLine } from './command-line.ts'

test('the command line of the Compose file is understood', () => {
  const command = mongoServices(stock.mongo, []).services['mongo']?.command ?? []
  expect(readCommandLine(command.slice(1))).toEqual({ replSet: 'rs0', keyFile: '/run/mongo/KEYFILE' })
})

test('what mongod would not start with is refused', () => {
  expect(() => readCommandLine(['--replSet', 'rs0'])).toThrow('--keyFile')
  expect(() => readCommandLine(['--keyFile', '/k'])).toThrow('--replSet')
  expect(() => readCommandLine(['--nonsense'])).toThrow('unrecognised option --nonsense')
})
