import { expect, test } from 'bun:test'
import { service } from '#common/http/service'
import { testParts } from '#common/testing/app'
import { renderAccess } from './access-table.ts'
import { readAccess } from './service-routes.ts'

const app = service('test', { ...testParts, publicRoutes: ['GET /open'] })
  .post('/things', () => 'made', { callers: ['operator', 'api-gateway'], people: 'session_create' })
  .get('/things/:id', () => 'a thing', { people: 'signed-in' })
  .get('/open', () => 'open')
  .get('/nobody', () => 'nothing')

test('who may call what is read from the routes and shown a row a route, by path', () => {
  const face = { prefix: '/test', open: ['GET /open'], guarded: ['GET /things/*'], streams: [] }
  const text = renderAccess({ test: { public: face } }, { test: readAccess(app), idle: [] })
  expect(text.split('\n').slice(5)).toEqual([
    '## test',
    '',
    '| route | services | people | through the gateway |',
    '| --- | --- | --- | --- |',
    '| GET /nobody | - | - | - |',
    '| GET /open | anybody | anybody | open |',
    '| POST /things | api-gateway, operator | session_create | - |',
    '| GET /things/:id | - | signed-in | guarded |',
    '',
  ])
})
